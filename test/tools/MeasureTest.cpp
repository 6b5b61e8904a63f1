// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Measure.h"
#include "tools/common/Failure.h"
#include "tools/common/Spread.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace sinter::tools;

TEST(Measure, LogSumExpDoesNotOverflow) {
  EXPECT_DOUBLE_EQ(logSumExp(std::vector<float>{1000, 1000}),
                   1000 + std::log(2.0));
  EXPECT_DOUBLE_EQ(logSumExp(std::vector<float>{-1000}), -1000);
}

TEST(Measure, TiesGoToTheLowestIndex) {
  EXPECT_EQ(argmax(std::vector<float>{1, 3, 3, 2}), 1u);
}

TEST(Measure, PerplexityOfAUniformModelIsItsVocabulary) {
  PerplexitySum sum;
  for (int32_t id = 0; id < 8; ++id)
    sum.add(std::vector<float>(8, 2.5f), id);
  EXPECT_EQ(sum.count(), 8u);
  EXPECT_NEAR(sum.perplexity(), 8, 1e-12);
  EXPECT_NEAR(sum.error(), 0, 1e-6);
}

TEST(Measure, ErrorOfThePerplexity) {
  // Negative log likelihoods a and b: mean m, variance of the mean d^2 / (n-1).
  const std::vector<float> row{0, 1};
  const double lse = std::log(1 + std::exp(1.0));
  PerplexitySum sum;
  sum.add(row, 0);
  sum.add(row, 1);
  const double mean = lse - 0.5;
  EXPECT_NEAR(sum.perplexity(), std::exp(mean), 1e-12);
  EXPECT_NEAR(sum.error(), 0.5 * std::exp(mean), 1e-12);
}

TEST(Measure, NoNumberIsAnError) {
  PerplexitySum sum;
  EXPECT_THROW(sum.add(std::vector<float>{0, NAN}, 0), Failure);
  Distance distance;
  EXPECT_THROW(
      distance.add(std::vector<float>{0, 1}, std::vector<float>{0, NAN}),
      Failure);
}

TEST(Measure, DistanceOfEqualRowsIsZero) {
  Distance distance;
  const std::vector<float> row{0.5f, -3, 7};
  distance.add(row, row);
  EXPECT_EQ(distance.maxAbs(), 0);
  EXPECT_EQ(distance.meanKl(), 0);
  EXPECT_EQ(distance.top1(), 1);
}

TEST(Measure, DistanceOfTwoCoins) {
  // p = (1/2, 1/2), q = (1/4, 3/4): KL = log(2 / sqrt(3)).
  const std::vector<float> p{0, 0}, q{0, std::log(3.0f)};
  Distance distance;
  distance.add(p, q);
  EXPECT_NEAR(distance.meanKl(), std::log(2 / std::sqrt(3.0)), 1e-7);
  EXPECT_NEAR(distance.maxAbs(), std::log(3.0), 1e-6);
  EXPECT_EQ(distance.top1(), 0);
  distance.add(p, p);
  EXPECT_EQ(distance.rows(), 2u);
  EXPECT_EQ(distance.top1(), 0.5);
}

TEST(Measure, RoundingMakesNoDistanceNegative) {
  for (float shift = 1; shift < 100; ++shift) {
    const std::vector<float> p{0.5, 0.25, 1.75},
        q{p[0] + shift, p[1] + shift, p[2] + shift};
    Distance distance;
    distance.add(p, q);
    EXPECT_GE(distance.meanKl(), 0) << shift;
  }
}

TEST(Measure, CommonPrefix) {
  const std::vector<int32_t> a{1, 2, 3}, b{1, 2, 4, 5}, none;
  EXPECT_EQ(commonPrefix(a, b), 2u);
  EXPECT_EQ(commonPrefix(b, a), 2u);
  EXPECT_EQ(commonPrefix(a, a), 3u);
  EXPECT_EQ(commonPrefix(a, none), 0u);
}

TEST(Spread, OfAFewValues) {
  Spread spread = spreadOf({4, 1, 3, 2});
  EXPECT_EQ(spread.mean, 2.5);
  EXPECT_EQ(spread.median, 2.5);
  EXPECT_EQ(spread.min, 1);
  EXPECT_EQ(spread.max, 4);
  EXPECT_NEAR(spread.deviation, std::sqrt(5.0 / 3), 1e-12);
  EXPECT_EQ(spreadOf({5, 1, 9}).median, 5);
  EXPECT_EQ(spreadOf({7}).deviation, 0);
  EXPECT_EQ(spreadOf({}).mean, 0);
}
