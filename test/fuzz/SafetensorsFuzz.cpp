// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a safetensors file: either an error with a message, or a file
// whose every tensor can be read.
#include "lib/Import/Safetensors/SafetensorsFile.h"

#include <cstdlib>

using namespace sinter::safetensors;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  // The bytes end where the input ends: AddressSanitizer sees a read behind it.
  auto file = File::parse(llvm::MemoryBuffer::getMemBuffer(
      text, "fuzz.safetensors", /*RequiresNullTerminator=*/false));
  if (!file) {
    if (llvm::toString(file.takeError()).empty())
      std::abort();
    return 0;
  }
  uint64_t sum = (*file)->find("heads").has_value();
  for (const Tensor &tensor : (*file)->tensors()) {
    uint64_t elements = 1;
    for (int64_t size : tensor.shape)
      elements *= uint64_t(size);
    if (tensor.bytes != elements * typeBits(tensor.type) / 8 ||
        (*file)->tensor(tensor.name) != &tensor)
      std::abort();
    for (uint8_t byte : (*file)->bytes(tensor))
      sum += byte;
  }
  volatile uint64_t keep = sum;
  (void)keep;
  return 0;
}
