// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a GGUF file: either an error with a message, or a file whose
// every value and tensor can be read.
#include "lib/Import/GGUF/GgufFile.h"

#include <cstdlib>

using namespace sinter::gguf;

/// Reads a value in every way that there is.
static uint64_t touch(const Value &value) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i <= value.size(); ++i) {
    sum += value.asUnsigned(i).value_or(1);
    sum += static_cast<uint64_t>(value.asSigned(i).value_or(1));
    sum += value.asDouble(i).has_value() + value.asBool(i).has_value();
    if (auto text = value.asString(i); text && !text->empty())
      sum += static_cast<unsigned char>(text->front()) +
             static_cast<unsigned char>(text->back());
  }
  return sum;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  // The bytes end where the input ends: AddressSanitizer sees a read behind it.
  auto file = File::parse(llvm::MemoryBuffer::getMemBuffer(
      text, "fuzz.gguf", /*RequiresNullTerminator=*/false));
  if (!file) {
    if (llvm::toString(file.takeError()).empty())
      std::abort();
    return 0;
  }
  uint64_t sum = (*file)->version() + (*file)->alignment();
  for (const KeyValue &pair : (*file)->metadata()) {
    sum += touch(pair.value);
    if ((*file)->find(pair.key) != &pair.value)
      std::abort();
  }
  for (const Tensor &tensor : (*file)->tensors()) {
    for (uint8_t byte : (*file)->bytes(tensor))
      sum += byte;
    if ((*file)->tensor(tensor.name) != &tensor)
      std::abort();
  }
  volatile uint64_t keep = sum;
  (void)keep;
  return 0;
}
