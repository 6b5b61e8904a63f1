// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/ExitCost.h"

#include <gtest/gtest.h>

using namespace sinter::tools;

namespace {

/// Positions of a model of four layers with exits after one and two of them.
ExitCalibration positions(std::initializer_list<std::pair<float, float>> all) {
  ExitCalibration calibration({1, 2}, 4);
  for (auto [first, second] : all)
    calibration.add({{{first, 0, true}, {second, 0, true}}});
  return calibration;
}

const ExitCosts costs{{1, 1.2, 1.4}, 0.2, {0, 0.01}, {true, false}};

TEST(ExitCost, WhereNothingLeavesNothingIsAsked) {
  const auto text = positions({{1, 1}, {0.5, 0.5}, {0, 0}});
  EXPECT_NEAR(countedCost(text, {1, 1}, 0, 3, costs), 3, 1e-12);
}

TEST(ExitCost, RowsThatLeftGoOnWithTheNextOne) {
  const auto text = positions({{0, 1}, {0, 1}, {0, 1}, {0, 0}});
  // Half of the layers, a probe, the head; there is room for two that wait.
  const double left = 0.4 + 0.01 + 0.2;
  EXPECT_NEAR(countedCost(text, {1, 0.5}, 0, 2, costs), 2 * left, 1e-12);
  const double third = 0.4 + 0.01 + 1.4 * 0.4 + 0.2;
  EXPECT_NEAR(countedCost(text, {1, 0.5}, 0, 3, costs), 2 * left + third,
              1e-12);
  // Nobody waits any more.
  EXPECT_NEAR(countedCost(text, {1, 0.5}, 0, 4, costs),
              2 * left + third + 0.8 + 0.01 + 0.2, 1e-12);
}

TEST(ExitCost, TheWholeHeadServesAProbeAndTheTokenThatLeaves) {
  const auto text = positions({{1, 0}, {0, 0}});
  EXPECT_NEAR(countedCost(text, {0.5, 1}, 0, 1, costs), 0.2 + 0.2, 1e-12);
  // The next one asked in vain, and takes it along from there.
  EXPECT_NEAR(countedCost(text, {0.5, 1}, 1, 2, costs), 1 + 0.2, 1e-12);
  EXPECT_NEAR(countedCost(text, {0.5, 1}, 0, 2, costs),
              0.4 + 0.2 + 0.2 + 1.2 * 0.6 + 0.2, 1e-12);
}

} // namespace
