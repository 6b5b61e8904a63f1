// RankTest.cpp - the best ids of rows of logits.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/Jit.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace sinter::test;

namespace {

constexpr int kRows = 3, kUntouched = 77;

/// The ids by logit, of equal ones the lowest first.
std::vector<int32_t> rankedOf(const float *logits, int vocabulary, int count) {
  std::vector<int32_t> ids(vocabulary);
  std::iota(ids.begin(), ids.end(), 0);
  std::erase_if(ids, [&](int32_t id) {
    return !(logits[id] > -std::numeric_limits<float>::infinity());
  });
  std::sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  ids.resize(count, -1);
  return ids;
}

/// Ranks all rows but the last one.
void expectRanked(const std::vector<float> &values, int vocabulary, int count,
                  const std::string &what,
                  const std::vector<std::string> &someLevels = {
                      levels().back()}) {
  const int columns = (vocabulary + 31) / 32 * 32;
  for (const auto &level : someLevels) {
    Kernel kernel(llvm::formatv(R"mlir(
      func.func @k(%l: memref<{3}x{0}xf32>, %ids: memref<{4}xi32>, %n: index) {{
        tile.rank %l -> %ids rows(%n) {{vocabulary = {1}, count = {2}}
          : memref<{3}x{0}xf32> -> memref<{4}xi32>
        return
      })mlir",
                                columns, vocabulary, count, kRows,
                                kRows * count),
                  level);
    // What stands behind the vocabulary would win.
    Buffer<float> logits(kRows * columns, 1e30f);
    Buffer<int32_t> ids(kRows * count, kUntouched);
    for (int row = 0; row < kRows; ++row)
      std::copy_n(values.begin() + row * vocabulary, vocabulary,
                  logits.data + row * columns);
    for (int workers : {1, 2}) {
      std::fill_n(ids.data, kRows * count, kUntouched);
      kernel.run({logits.arg(), ids.arg(), kRows - 1}, workers);
      for (int row = 0; row < kRows; ++row) {
        std::vector<int32_t> want(count, kUntouched);
        if (row < kRows - 1)
          want = rankedOf(logits.data + row * columns, vocabulary, count);
        EXPECT_EQ(
            std::vector(ids.data + row * count, ids.data + (row + 1) * count),
            want)
            << what << ", " << vocabulary << " ids, " << count << " ranked";
      }
    }
  }
}

TEST(Rank, TheLargestLogitsOfEachRow) {
  for (int vocabulary : {5, 50, 300})
    for (int count : {1, 16})
      expectRanked(randomFloats(kRows * vocabulary, 4), vocabulary, count,
                   "random");
  expectRanked(randomFloats(kRows * 64, 4), 64, 8, "random", levels());
}

TEST(Rank, RisingAndFallingLogits) {
  std::vector<float> rising(kRows * 100);
  std::iota(rising.begin(), rising.end(), -50.f);
  expectRanked(rising, 100, 8, "rising");
  std::reverse(rising.begin(), rising.end());
  expectRanked(rising, 100, 8, "falling");
}

TEST(Rank, OfEqualLogitsTheLowestIds) {
  std::vector<float> equal(kRows * 40, 2.f);
  expectRanked(equal, 40, 8, "equal");
  auto few = randomFloats(kRows * 200, 9);
  for (float &x : few)
    x = std::round(x * 2);
  expectRanked(few, 200, 16, "few values");
}

TEST(Rank, WhatIsNoNumberHasNoRank) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  auto values = randomFloats(kRows * 60, 2);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i % 3 == 0   ? std::numeric_limits<float>::quiet_NaN()
                : i % 7 != 0 ? -inf
                             : values[i];
  values[4] = inf;
  expectRanked(values, 60, 16, "NaN and -inf");
}

} // namespace
