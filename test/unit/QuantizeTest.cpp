// QuantizeTest.cpp - int8 activations and embeddings, bit for bit.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/KernelCases.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::test;
using encoding::Preset;
using llvm::formatv;

namespace {

constexpr int64_t kRows = 7, kCols = 96, kZero = 8;

std::string quantizeText() {
  return formatv(
      "func.func @quantize(%x: memref<{0}x{1}xf32>, "
      "%c: memref<2x3x4x32xi8>, %s: memref<2x3x4xf32>, "
      "%t: memref<2x3x4xi32>, %u: memref<2x3x4xf32>, %n: index) "
      "attributes {{tile.region} {{\n"
      "  tile.quantize %x -> %c, %s, %t, %u rows(%n) {{zero = {2} : i64} : "
      "memref<{0}x{1}xf32> -> {3}\n  return\n}\n",
      kRows, kCols, kZero, quantizedTypes(kRows, kCols));
}

struct Input {
  Input() : memory(kRows * kCols * 4) {
    Random random(3);
    for (int64_t i = 0; i < kRows * kCols; ++i)
      memory.as<float>()[i] = random.real() * std::ldexp(1.0f, i / 32 % 9 - 4);
  }
  float *row(int64_t i) { return memory.as<float>() + i * kCols; }
  Memory memory;
};

void run(const Image &image, Input &input, Quantized &result, int64_t rows,
         unsigned workers) {
  std::vector<void *> buffers = {input.memory.as<void>()};
  for (void *buffer : result.buffers())
    buffers.push_back(buffer);
  image.run("quantize", buffers, {rows}, workers);
}

void checkRow(Quantized &result, const float *x, int64_t row) {
  std::vector<int8_t> codes;
  std::vector<float> scale;
  quantizeRow(x, kCols / 32, codes, scale);
  for (int64_t block = 0; block < kCols / 32; ++block) {
    int64_t at = (row / 4 * (kCols / 32) + block) * 4 + row % 4;
    int sum = 0;
    for (int e = 0; e < 32; ++e) {
      ASSERT_EQ(result.codes.as<int8_t>()[at * 32 + e], codes[32 * block + e])
          << "row " << row << " column " << 32 * block + e;
      sum += codes[32 * block + e];
    }
    ASSERT_EQ(result.scale.as<float>()[at], scale[block]);
    ASSERT_EQ(result.start.as<int32_t>()[at], -int(kZero) * sum);
    ASSERT_EQ(result.ssum.as<float>()[at], scale[block] * float(sum));
  }
}

TEST(Quantize, EqualsPlainLoop) {
  for (const CpuLevel *level : runnableLevels()) {
    SCOPED_TRACE(level->name.str());
    Image image(quantizeText(), *level);
    Input input;
    std::memset(input.row(2), 0, kCols * 4); // zeros
    for (int e = 0; e < 32; ++e)
      input.row(3)[e] *= 0x1p-120f; // below 2^-100
    for (int64_t rows : {1, 4, 7})
      for (unsigned workers : {1u, 2u, 3u}) {
        Quantized result(kRows, kCols);
        run(image, input, result, rows, workers);
        for (int64_t row = 0; row < rows; ++row)
          checkRow(result, input.row(row), row);
      }
  }
}

TEST(Quantize, NumbersThatAreNotFiniteReachTheScale) {
  for (const CpuLevel *level : runnableLevels()) {
    Image image(quantizeText(), *level);
    Input input;
    input.row(0)[5] = std::nanf("");
    input.row(1)[40] = -INFINITY;
    Quantized result(kRows, kCols);
    run(image, input, result, 2, 1);
    EXPECT_TRUE(std::isnan(result.scale.as<float>()[0]));
    EXPECT_TRUE(std::isinf(result.scale.as<float>()[4 + 1]));
    EXPECT_TRUE(std::isfinite(result.scale.as<float>()[4]));
    EXPECT_EQ(result.codes.as<int8_t>()[5], 0);
  }
}

class Embed : public testing::TestWithParam<Preset> {};

TEST_P(Embed, GivesTheExactRow) {
  int64_t cols = encoding::blockElements(GetParam()) == 256 ? 256 : 96;
  if (GetParam() == Preset::F32)
    cols = 50;
  Matrix table(GetParam(), 70, cols);
  std::string text = formatv(
      "func.func @embed(%i: memref<8xi32>, %t: memref<{0}xi8>, "
      "%x: memref<8x{1}xf32>, %n: index) attributes {{tile.region} {{\n"
      "  tile.embed %i, %t -> %x rows(%n) {{weight = {2}} : memref<8xi32>, "
      "memref<{0}xi8> -> memref<8x{1}xf32>\n  return\n}\n",
      table.layout.totalBytes, padded(cols), textOf(table.packed));
  Memory ids(32), x(8 * padded(cols) * 4);
  // The last two are no rows of the table.
  const int32_t chosen[8] = {0, 15, 16, 31, 32, 69, 70, -1};
  std::memcpy(ids.as<void>(), chosen, sizeof(chosen));
  for (const CpuLevel *level : runnableLevels()) {
    Image image(text, *level);
    for (unsigned workers : {1u, 2u}) {
      x.fill();
      image.run("embed",
                {ids.as<void>(), table.bytes->as<void>(), x.as<void>()}, {8},
                workers);
      for (int64_t row = 0; row < 8; ++row)
        for (int64_t k = 0; k < padded(cols); ++k) {
          float expected =
              row < 6 && k < cols ? table.values[chosen[row]][k] : 0;
          ASSERT_EQ(x.as<float>()[row * padded(cols) + k], expected)
              << "row " << row << " column " << k;
        }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Presets, Embed, testing::ValuesIn(encoding::kPresets),
                         [](const auto &info) {
                           return std::string(encoding::presetName(info.param));
                         });

} // namespace
