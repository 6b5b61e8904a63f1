// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Encoding/Presets.h"

#include <bit>
#include <cstring>

using namespace sinter::encoding;

namespace {
struct Shape {
  std::string_view name;
  int elements;
  int bytes;
};
// In the order of Preset.
constexpr Shape kShapes[] = {
    {"F32", 1, 4},      {"F16", 1, 2},      {"BF16", 1, 2},
    {"Q8_0", 32, 34},   {"Q4_0", 32, 18},   {"Q4_1", 32, 20},
    {"Q5_0", 32, 22},   {"Q5_1", 32, 24},   {"Q4_K", 256, 144},
    {"Q5_K", 256, 176}, {"Q6_K", 256, 210},
};
const Shape &shapeOf(Preset preset) {
  return kShapes[static_cast<int>(preset)];
}

uint16_t load16(const uint8_t *p) {
  return static_cast<uint16_t>(p[0] | (p[1] << 8));
}
uint32_t load32(const uint8_t *p) {
  return load16(p) | (static_cast<uint32_t>(load16(p + 2)) << 16);
}
float loadHalf(const uint8_t *p) { return halfToFloat(load16(p)); }
bool finiteHalf(const uint8_t *p) { return (load16(p) & 0x7c00) != 0x7c00; }
} // namespace

std::string_view sinter::encoding::presetName(Preset preset) {
  return shapeOf(preset).name;
}

std::optional<Preset> sinter::encoding::presetByName(std::string_view name) {
  for (Preset preset : kPresets)
    if (presetName(preset) == name)
      return preset;
  return std::nullopt;
}

int64_t sinter::encoding::blockElements(Preset preset) {
  return shapeOf(preset).elements;
}
int64_t sinter::encoding::blockBytes(Preset preset) {
  return shapeOf(preset).bytes;
}
int64_t sinter::encoding::rowBytes(Preset preset, int64_t cols) {
  return cols / blockElements(preset) * blockBytes(preset);
}

float sinter::encoding::halfToFloat(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 0x1f, mantissa = bits & 0x3ff;
  if (exponent == 0x1f)
    return std::bit_cast<float>(sign | 0x7f800000 | (mantissa << 13));
  if (exponent == 0) {
    float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) |
                              (mantissa << 13));
}

uint16_t sinter::encoding::floatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return sign | 0x7e00;
  if (magnitude >= 0x47800000) // 65536 and above; 65520..65536 rounds below
    return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: adding a power of two aligns the last bit; the hardware
    // rounds to nearest even.
    float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) -
                                        std::bit_cast<uint32_t>(0.5f));
  }
  uint32_t rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
  return sign | static_cast<uint16_t>((rounded - 0x38000000) >> 13);
}

float sinter::encoding::bfloatToFloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

uint16_t sinter::encoding::floatToBfloat(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

void sinter::encoding::unpackScaleMin(const uint8_t *packed, int sub,
                                      uint8_t &scale, uint8_t &minimum) {
  if (sub < 4) {
    scale = packed[sub] & 63;
    minimum = packed[sub + 4] & 63;
    return;
  }
  scale = (packed[sub + 4] & 15) | ((packed[sub - 4] >> 6) << 4);
  minimum = (packed[sub + 4] >> 4) | ((packed[sub] >> 6) << 4);
}

namespace {
/// Code \p e of a 32-block whose nibbles are half-split: byte j holds elements
/// j and j + 16.
int halfSplit(const uint8_t *nibbles, int e) {
  return e < 16 ? nibbles[e] & 15 : nibbles[e - 16] >> 4;
}

// Copies of codes are nobody else's: a compiler then takes many at once.

void decodeQ8_0(const uint8_t *block, float *out) {
  float d = loadHalf(block);
  int8_t codes[32];
  std::memcpy(codes, block + 2, sizeof(codes));
  for (int e = 0; e < 32; ++e)
    out[e] = d * static_cast<float>(codes[e]);
}

void decodeQ4_0(const uint8_t *block, float *out) {
  float d = loadHalf(block);
  uint8_t nibbles[16];
  std::memcpy(nibbles, block + 2, sizeof(nibbles));
  for (int e = 0; e < 16; ++e)
    out[e] = d * static_cast<float>((nibbles[e] & 15) - 8);
  for (int e = 0; e < 16; ++e)
    out[16 + e] = d * static_cast<float>((nibbles[e] >> 4) - 8);
}

/// d * q + m with two roundings.  The volatile product keeps a compiler that
/// contracts by default from fusing the two.
float scaleThenAdd(float d, int q, float m) {
  volatile float product = d * static_cast<float>(q);
  return product + m;
}

void decodeQ4_1(const uint8_t *block, float *out) {
  float d = loadHalf(block), m = loadHalf(block + 2);
  for (int e = 0; e < 32; ++e)
    out[e] = scaleThenAdd(d, halfSplit(block + 4, e), m);
}

void decodeQ5_0(const uint8_t *block, float *out) {
  float d = loadHalf(block);
  uint32_t high = load32(block + 2);
  for (int e = 0; e < 32; ++e) {
    int q = halfSplit(block + 6, e) | static_cast<int>((high >> e) & 1) << 4;
    out[e] = d * static_cast<float>(q - 16);
  }
}

void decodeQ5_1(const uint8_t *block, float *out) {
  float d = loadHalf(block), m = loadHalf(block + 2);
  uint32_t high = load32(block + 4);
  for (int e = 0; e < 32; ++e) {
    int q = halfSplit(block + 8, e) | static_cast<int>((high >> e) & 1) << 4;
    out[e] = scaleThenAdd(d, q, m);
  }
}

/// Q4_K, and Q5_K when \p highBits is not null.
void decodeK45(const uint8_t *block, const uint8_t *highBits,
               const uint8_t *nibbles, float *out) {
  float d = loadHalf(block), dmin = loadHalf(block + 2);
  for (int sub = 0; sub < 8; ++sub) {
    uint8_t scale, minimum;
    unpackScaleMin(block + 4, sub, scale, minimum);
    float a = d * scale, c = dmin * minimum;
    for (int l = 0; l < 32; ++l) {
      uint8_t byte = nibbles[32 * (sub / 2) + l];
      int q = sub % 2 ? byte >> 4 : byte & 15;
      if (highBits)
        q |= ((highBits[l] >> sub) & 1) << 4;
      out[32 * sub + l] = scaleThenAdd(a, q, -c);
    }
  }
}

void decodeQ6_K(const uint8_t *block, float *out) {
  const uint8_t *low = block, *high = block + 128, *scales = block + 192;
  float d = loadHalf(block + 208);
  for (int e = 0; e < 256; ++e) {
    int half = e / 128, r = (e / 32) % 4, l = e % 32;
    uint8_t byte = low[64 * half + 32 * (r % 2) + l];
    int q = r / 2 ? byte >> 4 : byte & 15;
    q |= ((high[32 * half + l] >> (2 * r)) & 3) << 4;
    float a = d * static_cast<float>(static_cast<int8_t>(scales[e / 16]));
    out[e] = a * static_cast<float>(q - 32);
  }
}

void decodeBlock(Preset preset, const uint8_t *block, float *out) {
  switch (preset) {
  case Preset::F32:
    *out = std::bit_cast<float>(load32(block));
    return;
  case Preset::F16:
    *out = loadHalf(block);
    return;
  case Preset::BF16:
    *out = bfloatToFloat(load16(block));
    return;
  case Preset::Q8_0:
    return decodeQ8_0(block, out);
  case Preset::Q4_0:
    return decodeQ4_0(block, out);
  case Preset::Q4_1:
    return decodeQ4_1(block, out);
  case Preset::Q5_0:
    return decodeQ5_0(block, out);
  case Preset::Q5_1:
    return decodeQ5_1(block, out);
  case Preset::Q4_K:
    return decodeK45(block, nullptr, block + 16, out);
  case Preset::Q5_K:
    return decodeK45(block, block + 16, block + 48, out);
  case Preset::Q6_K:
    return decodeQ6_K(block, out);
  }
}

bool finiteBlock(Preset preset, const uint8_t *block) {
  switch (preset) {
  case Preset::F32:
    return (load32(block) & 0x7f800000) != 0x7f800000;
  case Preset::F16:
  case Preset::Q8_0:
  case Preset::Q4_0:
  case Preset::Q5_0:
    return finiteHalf(block);
  case Preset::BF16:
    return (load16(block) & 0x7f80) != 0x7f80;
  case Preset::Q4_1:
  case Preset::Q5_1:
  case Preset::Q4_K:
  case Preset::Q5_K:
    return finiteHalf(block) && finiteHalf(block + 2);
  case Preset::Q6_K:
    return finiteHalf(block + 208);
  }
  return false;
}
} // namespace

void sinter::encoding::decodeRow(Preset preset, const uint8_t *bytes,
                                 int64_t cols, float *out) {
  const int64_t elements = blockElements(preset), size = blockBytes(preset);
  for (int64_t k = 0; k < cols; k += elements, bytes += size)
    decodeBlock(preset, bytes, out + k);
}

std::optional<int64_t> sinter::encoding::findNonFinite(Preset preset,
                                                       const uint8_t *bytes,
                                                       int64_t cols) {
  const int64_t blocks = cols / blockElements(preset);
  for (int64_t b = 0; b < blocks; ++b)
    if (!finiteBlock(preset, bytes + b * blockBytes(preset)))
      return b;
  return std::nullopt;
}
