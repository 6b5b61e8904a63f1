// BlockFields.cpp - 32 columns of one row, whatever the format.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Target/X86/BlockFields.h"
#include <cstring>

using namespace sinter;
using encoding::Preset;

namespace {

uint16_t get16(const uint8_t *at) {
  uint16_t value;
  std::memcpy(&value, at, 2);
  return value;
}

/// 16 bytes hold 32 nibbles: the low ones first.
void readNibbles(const uint8_t *from, uint8_t *codes) {
  for (int e = 0; e < 16; ++e) {
    codes[e] = from[e] & 15;
    codes[e + 16] = from[e] >> 4;
  }
}

void addFifthBit(const uint8_t *from, uint8_t *codes) {
  uint32_t bits;
  std::memcpy(&bits, from, 4);
  for (int e = 0; e < 32; ++e)
    codes[e] |= ((bits >> e) & 1) << 4;
}

/// Q4_0, Q4_1, Q5_0, Q5_1, Q8_0: one block holds all of it.
BlockFields readPlain(Preset preset, const uint8_t *at) {
  BlockFields fields;
  fields.scale = get16(at);
  at += 2;
  if (preset == Preset::Q8_0) {
    for (int e = 0; e < 32; ++e)
      fields.codes[e] = at[e] ^ 0x80; // + 128
    return fields;
  }
  if (preset == Preset::Q4_1 || preset == Preset::Q5_1) {
    fields.min = get16(at);
    at += 2;
  }
  bool five = preset == Preset::Q5_0 || preset == Preset::Q5_1;
  readNibbles(at + (five ? 4 : 0), fields.codes);
  if (five)
    addFifthBit(at, fields.codes);
  return fields;
}

/// Q4_K, Q5_K: sub-block `sub` of a block of 256.
BlockFields readScaleMin(Preset preset, const uint8_t *at, int sub) {
  BlockFields fields;
  fields.scale = get16(at);
  fields.min = get16(at + 2);
  encoding::unpackScaleMin(at + 4, sub, fields.scaleCode[0], fields.minCode);
  const uint8_t *high = at + 16;
  const uint8_t *low = preset == Preset::Q5_K ? high + 32 : high;
  low += 32 * (sub / 2);
  for (int e = 0; e < 32; ++e) {
    fields.codes[e] = (low[e] >> (4 * (sub % 2))) & 15;
    if (preset == Preset::Q5_K)
      fields.codes[e] |= ((high[e] >> sub) & 1) << 4;
  }
  return fields;
}

/// Q6_K: 128 bytes of low nibbles, 64 of high pairs, 16 scales, one f16.
BlockFields readSixBits(const uint8_t *at, int sub) {
  BlockFields fields;
  int part = sub / 4, quarter = sub % 4;
  const uint8_t *low = at + 64 * part + 32 * (quarter % 2);
  const uint8_t *high = at + 128 + 32 * part;
  for (int e = 0; e < 32; ++e) {
    uint8_t nibble = (low[e] >> (4 * (quarter / 2))) & 15;
    fields.codes[e] = nibble | (((high[e] >> (2 * quarter)) & 3) << 4);
  }
  fields.scaleCode[0] = at[192 + 2 * sub];
  fields.scaleCode[1] = at[192 + 2 * sub + 1];
  fields.scale = get16(at + 208);
  return fields;
}

} // namespace

BlockFields sinter::readBlock(Preset preset, const uint8_t *row,
                              int64_t block) {
  int64_t perBlock = encoding::blockElements(preset) / 32;
  const uint8_t *at = row + block / perBlock * encoding::blockBytes(preset);
  int sub = block % perBlock;
  switch (preset) {
  case Preset::Q4_K:
  case Preset::Q5_K:
    return readScaleMin(preset, at, sub);
  case Preset::Q6_K:
    return readSixBits(at, sub);
  default:
    return readPlain(preset, at);
  }
}
