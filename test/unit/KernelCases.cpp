// KernelCases.cpp - weights, shapes and references of the kernel tests.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/KernelCases.h"
#include "lib/Target/X86/BlockFields.h"
#include "lib/Target/X86/Pack.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::test;
using encoding::Preset;

namespace {

void putHalf(uint8_t *at, float value) {
  uint16_t bits = encoding::floatToHalf(value);
  std::memcpy(at, &bits, 2);
}

/// Of the f16 fields: what it takes to bring scales near 2^-6.
float fieldSize(Preset preset) {
  if (encoding::blockElements(preset) != 256)
    return 0x1p-6f;
  return preset == Preset::Q6_K ? 0x1p-12f : 0x1p-11f; // times a scale code
}

/// Offsets of the f16 fields of a block.
std::vector<int> halfFields(Preset preset) {
  switch (preset) {
  case Preset::Q4_1:
  case Preset::Q5_1:
  case Preset::Q4_K:
  case Preset::Q5_K:
    return {0, 2};
  case Preset::Q6_K:
    return {208};
  default:
    return {0};
  }
}

} // namespace

std::vector<uint8_t> sinter::test::randomWeights(Preset preset, int64_t rows,
                                                 int64_t cols, uint64_t seed) {
  Random random(seed);
  std::vector<uint8_t> bytes(rows * encoding::rowBytes(preset, cols));
  int64_t elements = encoding::blockElements(preset);
  int64_t block = encoding::blockBytes(preset);
  for (size_t at = 0; at < bytes.size(); at += block) {
    if (elements == 1) {
      float value = random.real();
      uint16_t half = preset == Preset::F16 ? encoding::floatToHalf(value)
                                            : encoding::floatToBfloat(value);
      std::memcpy(&bytes[at], preset == Preset::F32 ? (void *)&value : &half,
                  block);
      continue;
    }
    for (int64_t i = 0; i < block; ++i)
      bytes[at + i] = random.bits() >> 16;
    for (int field : halfFields(preset))
      putHalf(&bytes[at + field], random.real() * fieldSize(preset));
  }
  return bytes;
}

tile::PackedAttr sinter::test::packedAttr(Preset preset, int64_t rows,
                                          int64_t cols, tile::Arrange arrange) {
  return tile::PackedAttr::get(
      &context(), encoding::WeightAttr::getPreset(&context(), preset), rows,
      cols, arrange);
}

std::string sinter::test::textOf(mlir::Attribute attribute) {
  std::string text;
  llvm::raw_string_ostream(text) << attribute;
  return text;
}

Matrix::Matrix(Preset preset, int64_t rows, int64_t cols, tile::Arrange arrange,
               uint64_t seed)
    : packed(packedAttr(preset, rows, cols, arrange)),
      layout(tile::StripLayout::getVerified(packed.getEncoding(), rows, cols)),
      bytes(std::make_unique<Memory>(layout.totalBytes)) {
  std::vector<uint8_t> raw = randomWeights(preset, rows, cols, seed);
  std::vector<PackSource> sources = {{"w", raw.data(), rows}};
  if (arrange == tile::Arrange::Interleave16)
    sources = {{"a", raw.data(), rows / 2},
               {"b", raw.data() + raw.size() / 2, rows / 2}};
  auto packer = StripPacker::create(packed, sources);
  EXPECT_TRUE(bool(packer));
  llvm::Error error = packer->pack(0, layout.strips, bytes->as<uint8_t>());
  EXPECT_FALSE(bool(error));
  for (int64_t row = 0; row < layout.strips * 32; ++row) {
    values.emplace_back(cols);
    unpackRow(layout, bytes->as<uint8_t>(), row, values.back().data());
  }
}

Quantized::Quantized(int64_t rows, int64_t cols, int64_t starts)
    : groups((rows + 3) / 4), blocks(padded(cols) / 32), starts(starts),
      codes(groups * blocks * 4 * 32), scale(groups * blocks * 16),
      start(groups * blocks * starts * 16), ssum(groups * blocks * 16) {}

static std::vector<std::string> typesOf(int64_t rows, int64_t cols,
                                        int64_t starts) {
  std::string groups = "memref<" + std::to_string((rows + 3) / 4) + "x";
  int64_t blocks = padded(cols) / 32;
  std::string side = groups + std::to_string(blocks) + "x4x";
  return {side + "32xi8>", side + "f32>",
          groups + std::to_string(starts * blocks) + "x4xi32>", side + "f32>"};
}

std::string sinter::test::quantizedTypes(int64_t rows, int64_t cols,
                                         int64_t starts) {
  return llvm::join(typesOf(rows, cols, starts), ", ");
}

std::string sinter::test::quantizedArguments(int64_t rows, int64_t cols,
                                             int64_t starts) {
  auto types = typesOf(rows, cols, starts);
  return "%c: " + types[0] + ", %s: " + types[1] + ", %t: " + types[2] +
         ", %u: " + types[3];
}

void sinter::test::quantizeRow(const float *x, int64_t blocks,
                               std::vector<int8_t> &codes,
                               std::vector<float> &scale) {
  codes.assign(32 * blocks, 0);
  scale.assign(blocks, 0);
  for (int64_t block = 0; block < blocks; ++block) {
    const float *from = x + 32 * block;
    float largest = 0;
    for (int e = 0; e < 32; ++e)
      largest = std::max(largest, std::fabs(from[e]));
    if (largest < 0x1p-100f)
      continue;
    scale[block] = largest / 127.0f;
    float inverse = 127.0f / largest;
    for (int e = 0; e < 32; ++e)
      codes[32 * block + e] = int8_t(std::nearbyintf(from[e] * inverse));
  }
}

namespace {

/// The fields of one row in a packed strip.
struct PackedRow {
  const tile::StripLayout &layout;
  uint8_t *strip;
  int64_t row;

  uint8_t *half(int64_t plane, int64_t block) {
    bool super = layout.hasSuper();
    int64_t at = super ? layout.headerOffset(block) : layout.blockOffset(block);
    return strip + at + plane + 2 * row;
  }
  uint8_t *code(int64_t plane, int64_t block, int64_t part) {
    return strip + layout.blockOffset(block) + plane + 32 * part + row;
  }
  float value(int64_t plane, int64_t block) {
    uint16_t bits;
    std::memcpy(&bits, half(plane, block), 2);
    return encoding::halfToFloat(bits);
  }
  float scale(int64_t block, int64_t part) {
    if (!layout.hasSuper())
      return value(layout.scaleOffset, block);
    uint8_t raw = *code(layout.scaleOffset, block, part);
    return value(layout.superScaleOffset, block) *
           (layout.groupCols == 16 ? float(int8_t(raw)) : float(raw));
  }
  float min(int64_t block) {
    if (!layout.hasSuper())
      return value(layout.minOffset, block);
    return -(value(layout.superMinOffset, block) *
             float(*code(layout.minOffset, block, 0)));
  }
  /// Makes every element equal its code.
  void clearScales() {
    for (int64_t block = 0; block < layout.blocks; ++block) {
      bool super = layout.hasSuper();
      putHalf(half(super ? layout.superScaleOffset : layout.scaleOffset, block),
              1);
      if (layout.hasMin())
        putHalf(half(super ? layout.superMinOffset : layout.minOffset, block),
                0);
      for (int64_t part = 0; super && part < layout.scalesPerBlock(); ++part)
        *code(layout.scaleOffset, block, part) = 1;
    }
  }
};

} // namespace

float sinter::test::dotReference(const Matrix &matrix, int64_t row,
                                 const std::vector<int8_t> &codes,
                                 const std::vector<float> &scale) {
  const tile::StripLayout &layout = matrix.layout;
  uint8_t *strip = matrix.bytes->as<uint8_t>() + row / 32 * layout.stripBytes;
  std::vector<uint8_t> plain(strip, strip + layout.stripBytes);
  PackedRow fields{layout, strip, row % 32};
  PackedRow{layout, plain.data(), row % 32}.clearScales();
  std::vector<float> unit(layout.cols);
  unpackRow(layout, plain.data(), row % 32, unit.data());
  float sum = 0;
  int64_t parts = layout.scalesPerBlock();
  for (int64_t block = 0; block < layout.blocks; ++block) {
    int codeSum = 0;
    for (int64_t part = 0; part < parts; ++part) {
      int dot = 0;
      for (int64_t e = 32 / parts * part; e < 32 / parts * (part + 1); ++e) {
        dot += int(unit[32 * block + e]) * codes[32 * block + e];
        codeSum += codes[32 * block + e];
      }
      float product = fields.scale(block, part) * scale[block];
      sum = std::fmaf(float(dot), product, sum);
    }
    if (layout.hasMin())
      sum = std::fmaf(fields.min(block), scale[block] * float(codeSum), sum);
  }
  return sum;
}

float sinter::test::fmaReference(const Matrix &matrix, int64_t row,
                                 const float *x) {
  float sum = 0;
  for (size_t block = 0; block < matrix.values[row].size(); block += 32) {
    float part = 0;
    size_t end = std::min(block + 32, matrix.values[row].size());
    for (size_t k = block; k < end; ++k)
      part = std::fmaf(matrix.values[row][k], x[k], part);
    sum += part;
  }
  return sum;
}

float sinter::test::toBf16(float x) {
  if (std::fabs(x) < 0x1p-50f)
    return 0;
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  std::memcpy(&x, &bits, 4);
  return x;
}

float sinter::test::bf16Reference(const Matrix &matrix, int64_t row,
                                  const float *x) {
  const std::vector<float> &w = matrix.values[row];
  float sum = 0;
  for (size_t k = 0; k < w.size(); k += 2) {
    if (k + 1 < w.size())
      sum = std::fmaf(toBf16(w[k + 1]), toBf16(x[k + 1]), sum);
    sum = std::fmaf(toBf16(w[k]), toBf16(x[k]), sum);
  }
  return sum;
}

double sinter::test::exactReference(const Matrix &matrix, int64_t row,
                                    const float *x) {
  double sum = 0;
  for (size_t k = 0; k < matrix.values[row].size(); ++k)
    sum += double(matrix.values[row][k]) * x[k];
  return sum;
}
