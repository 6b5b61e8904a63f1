// Unpack.cpp - a row of a packed matrix as f32.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Target/X86/Pack.h"
#include <cstring>

using namespace sinter;
using tile::StripCode;
using tile::StripLayout;

namespace {

float halfAt(const uint8_t *at) {
  uint16_t bits;
  std::memcpy(&bits, at, 2);
  return encoding::halfToFloat(bits);
}

float floatAt(StripCode code, const uint8_t *strip, int64_t index) {
  if (code == StripCode::F32) {
    float value;
    std::memcpy(&value, strip + 4 * index, 4);
    return value;
  }
  if (code == StripCode::F16)
    return halfAt(strip + 2 * index);
  uint16_t bits;
  std::memcpy(&bits, strip + 2 * index, 2);
  return encoding::bfloatToFloat(bits);
}

int codeAt(const StripLayout &layout, const uint8_t *block, int64_t row,
           int64_t k) {
  int64_t half = row / 16, byte = row % 16 * 4 + k % 4, v = k / 4;
  if (layout.code == StripCode::U8)
    return block[half * 512 + v * 64 + byte];
  int code = block[half * 256 + v % 4 * 64 + byte] >> (k < 16 ? 0 : 4) & 15;
  const uint8_t *high = block + layout.highOffset + byte;
  if (layout.code == StripCode::U5)
    code |= (high[half * 64] >> v & 1) << 4;
  if (layout.code == StripCode::U6)
    code |= (high[half * 128 + v / 4 * 64] >> (2 * (v % 4)) & 3) << 4;
  return code;
}

float elementAt(const StripLayout &layout, const uint8_t *strip, int64_t row,
                int64_t column) {
  const uint8_t *block = strip + layout.blockOffset(column / 32);
  const uint8_t *header = strip + layout.headerOffset(column / 32);
  int64_t k = column % 32;
  float code = float(codeAt(layout, block, row, k) - layout.zero);
  if (!layout.hasSuper()) {
    float value = halfAt(block + layout.scaleOffset + 2 * row) * code;
    return layout.hasMin() ? value + halfAt(block + layout.minOffset + 2 * row)
                           : value;
  }
  uint8_t raw = block[layout.scaleOffset + k / layout.groupCols * 32 + row];
  float scaleCode = layout.groupCols == 16 ? float(int8_t(raw)) : float(raw);
  float value =
      (halfAt(header + layout.superScaleOffset + 2 * row) * scaleCode) * code;
  if (!layout.hasMin())
    return value;
  return value - halfAt(header + layout.superMinOffset + 2 * row) *
                     float(block[layout.minOffset + row]);
}

} // namespace

void sinter::unpackRow(const StripLayout &layout, const uint8_t *packed,
                       int64_t row, float *out) {
  const uint8_t *strip = packed + row / 32 * layout.stripBytes;
  for (int64_t k = 0; k < layout.cols; ++k)
    out[k] = layout.isFloat() ? floatAt(layout.code, strip, k * 32 + row % 32)
                              : elementAt(layout, strip, row % 32, k);
}
