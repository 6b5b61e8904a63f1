//===- LinearProbes.cpp - trained probes of exits
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Exit/LinearProbes.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"

#include <cmath>

using namespace sinter;
using llvm::Twine;

static llvm::Error wrong(const safetensors::File &file, const Twine &what) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 file.path() + ": " + what);
}

/// Where the file has probes, for who asks for one elsewhere.
static std::string places(const safetensors::File &file) {
  std::string text;
  for (const safetensors::Tensor &tensor : file.tensors()) {
    llvm::StringRef name = tensor.name;
    if (name.consume_front("exits.") && name.consume_back(".weight"))
      text += (text.empty() ? "" : ", ") + name.str();
  }
  return text.empty() ? "nowhere" : text;
}

static llvm::Expected<std::vector<float>>
readNumbers(const safetensors::File &file, llvm::StringRef name,
            int64_t count) {
  const safetensors::Tensor *tensor = file.tensor(name);
  if (!tensor)
    return wrong(file, "tensor '" + name +
                           "' is missing; there are probes "
                           "after these layers: " +
                           places(file));
  if (tensor->type != "F32" || tensor->shape.size() != 1 ||
      tensor->shape[0] != count)
    return wrong(file, "tensor '" + name + "' at offset " +
                           Twine(tensor->offset) + " is not a vector of " +
                           Twine(count) + " F32, as this model needs it");
  std::vector<float> numbers(count);
  const uint8_t *bytes = file.bytes(*tensor).data();
  for (int64_t i = 0; i < count; ++i) {
    numbers[i] =
        llvm::bit_cast<float>(llvm::support::endian::read32le(bytes + 4 * i));
    if (!std::isfinite(numbers[i]))
      return wrong(file, "tensor '" + name + "' at offset " +
                             Twine(tensor->offset + 4 * i) +
                             " has no finite number");
  }
  return numbers;
}

llvm::Expected<LinearProbe>
sinter::readLinearProbe(const safetensors::File &file, int64_t layers,
                        int64_t width) {
  auto kind = file.find("probes");
  if (!kind || *kind != "linear")
    return wrong(file, "__metadata__ 'probes' is " +
                           (kind ? "'" + *kind + "'" : Twine("missing")) +
                           ", expected linear");
  std::string name = "exits." + llvm::utostr(layers);
  auto weights = readNumbers(file, name + ".weight", width);
  if (!weights)
    return weights.takeError();
  auto bias = readNumbers(file, name + ".bias", 1);
  if (!bias)
    return bias.takeError();
  return LinearProbe{std::move(*weights), bias->front()};
}
