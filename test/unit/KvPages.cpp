// KvPages.cpp - pages of a KV cache as the tests expect them.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/KvPages.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sinter::test {

KvPages::KvPages(bool keys, std::string type, size_t heads, size_t dim,
                 size_t pages)
    : keys(keys), type(std::move(type)), heads(heads), dim(dim),
      bytes(pages * heads * headBytes(), char(0xff)) {}

size_t KvPages::rows() const {
  size_t scales = type == "i8" ? (64 + columns() - 1) / columns() : 0;
  return (keys ? dim : 16) + scales;
}

size_t KvPages::elementBytes() const {
  return type == "f32" ? 4 : type == "i8" ? 1 : 2;
}

std::string KvPages::pageType() const {
  return std::to_string(heads) + "x" + std::to_string(rows()) + "x" +
         std::to_string(columns()) + "x" + type;
}

void KvPages::element(char *head, size_t slot, size_t d, const void *bits) {
  size_t index = keys ? d * 16 + slot : slot * columns() + d;
  std::memcpy(head + index * elementBytes(), bits, elementBytes());
}

static uint16_t toBf16(float x) {
  constexpr float largest = 0x1.fep127f;
  uint32_t bits =
      __builtin_bit_cast(uint32_t, std::clamp(x, -largest, largest));
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

std::vector<float> KvPages::put(size_t page, size_t slot, size_t head,
                                const float *x) {
  char *at = bytes.data + (page * heads + head) * headBytes();
  float scale = 0;
  for (size_t d = 0; d < dim; ++d)
    scale = std::max(scale, std::fabs(x[d]) / 127);
  std::vector<float> read(keys ? dim : columns());
  for (size_t d = 0; d < read.size(); ++d) {
    float value = d < dim ? x[d] : 0;
    if (type == "f32") {
      element(at, slot, d, &value);
    } else if (type == "f16") {
      auto half = _Float16(std::clamp(value, -65504.f, 65504.f));
      element(at, slot, d, &half);
      value = float(half);
    } else if (type == "bf16") {
      uint16_t upper = toBf16(value);
      element(at, slot, d, &upper);
      value = __builtin_bit_cast(float, uint32_t(upper) << 16);
    } else {
      float code = std::nearbyint(value / (scale > 0 ? scale : 1));
      auto narrow = int8_t(std::clamp(code, -127.f, 127.f));
      element(at, slot, d, &narrow);
      value = float(narrow) * scale;
    }
    read[d] = value;
  }
  if (type == "i8")
    std::memcpy(at + (keys ? dim : 16) * columns() + slot * 4, &scale, 4);
  read.resize(dim);
  return read;
}

} // namespace sinter::test
