// SampleBestTest.cpp - several ids of a row: draws without replacement.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/Jit.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace sinter::test;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr size_t kVocabulary = 77, kPadded = 96, kBest = 4;

struct Settings {
  float temperature = 1;
  int64_t topK = 0;
  float topP = 1, minP = 0;
};

std::string textOf(const std::string &op, size_t ids) {
  return llvm::formatv(R"mlir(
    func.func @k(%l: memref<1x96xf32>, %w: memref<192xf32>, %t: memref<{1}xi32>,
        %seed: i64, %pos: index, %tb: i32, %k: index, %pb: i32, %mb: i32) {{
      %temp = arith.bitcast %tb : i32 to f32
      %p = arith.bitcast %pb : i32 to f32
      %m = arith.bitcast %mb : i32 to f32
      %row = arith.constant 0 : index
      {0} %l, %w -> %t row(%row) seed(%seed) position(%pos) temperature(%temp)
        top_k(%k) top_p(%p) min_p(%m) {{vocabulary = 77}
        : memref<1x96xf32>, memref<192xf32> -> memref<{1}xi32>
      return
    })mlir",
                       op, ids);
}

/// What one op draws from a row.
class Drawer {
public:
  Drawer(const std::string &op, size_t ids)
      : kernel(textOf(op, ids), levels().back()), logits(kPadded, 1e30f),
        work(2 * kPadded), token(ids) {}

  const int32_t *draw(const std::vector<float> &values, const Settings &s,
                      int64_t seed) {
    std::copy(values.begin(), values.end(), logits.data);
    std::fill(token.data, token.data + token.size, -7);
    kernel.run({logits.arg(), work.arg(), token.arg(), uint64_t(seed),
                uint64_t(seed % 13), bits(s.temperature), uint64_t(s.topK),
                bits(s.topP), bits(s.minP)},
               2);
    return token.data;
  }

private:
  Kernel kernel;
  Buffer<float> logits, work;
  Buffer<int32_t> token;
};

std::vector<float> randomRow(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> row(kVocabulary);
  for (float &x : row)
    x = normal(random);
  return row;
}

float behind(const int32_t *best, size_t i) {
  float value;
  std::memcpy(&value, best + kBest + i, sizeof(value));
  return value;
}

TEST(SampleBest, EachIsWhatIsDrawnWithoutThoseBefore) {
  Drawer several("tile.sample_best", 2 * kBest), one("tile.sample", 1);
  for (float temperature : {0.0f, 0.7f, 1.5f})
    for (int seed = 0; seed < 40; ++seed) {
      std::vector<float> row = randomRow(unsigned(seed));
      const Settings settings{temperature};
      const int32_t *best = several.draw(row, settings, seed);
      EXPECT_EQ(behind(best, 0), 0);
      for (size_t i = 0; i < kBest; ++i) {
        EXPECT_EQ(best[i], one.draw(row, settings, seed)[0]) << i;
        if (i > 0)
          EXPECT_GE(behind(best, i), behind(best, i - 1));
        row[size_t(best[i])] = -kInf;
      }
    }
}

TEST(SampleBest, SaysHowFarTheLogitsLieApart) {
  Drawer several("tile.sample_best", 2 * kBest);
  const std::vector<float> row = randomRow(3);
  const int32_t *best = several.draw(row, {0}, 1);
  for (size_t i = 0; i < kBest; ++i)
    EXPECT_EQ(behind(best, i), row[size_t(best[0])] - row[size_t(best[i])]);
}

TEST(SampleBest, NothingBeyondWhatMayBeDrawn) {
  Drawer several("tile.sample_best", 2 * kBest), one("tile.sample", 1);
  for (int seed = 0; seed < 40; ++seed) {
    const std::vector<float> row = randomRow(unsigned(seed));
    const Settings two{1, 2};
    const int32_t *best = several.draw(row, two, seed);
    EXPECT_EQ(best[0], one.draw(row, two, seed)[0]);
    EXPECT_GE(best[1], 0);
    EXPECT_NE(best[0], best[1]);
    EXPECT_EQ(best[2], -1);
    EXPECT_EQ(best[3], -1);
  }
}

TEST(SampleBest, MissingNumbersAreNoIds) {
  Drawer several("tile.sample_best", 2 * kBest);
  std::vector<float> row(kVocabulary, -kInf);
  row[5] = 1;
  row[70] = 2;
  for (float temperature : {0.0f, 1.0f}) {
    const int32_t *best = several.draw(row, {temperature}, 1);
    std::vector<int32_t> two = {best[0], best[1]};
    std::sort(two.begin(), two.end());
    EXPECT_EQ(two, (std::vector<int32_t>{5, 70}));
    EXPECT_EQ(best[2], -1);
    EXPECT_EQ(best[3], -1);
  }
  std::fill(row.begin(), row.end(), std::nanf(""));
  EXPECT_EQ(several.draw(row, {0}, 1)[1], -1);
}

} // namespace
