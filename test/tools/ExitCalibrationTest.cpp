// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/ExitCalibration.h"

#include <gtest/gtest.h>

using namespace sinter::tools;

namespace {

/// Ten positions of a model of ten layers with exits after 2 and 5 of them. The
/// scores of the second exit say how good it is, those of the first say
/// nothing.
ExitCalibration model() {
  ExitCalibration made({2, 5}, 10);
  for (int i = 0; i < 10; ++i)
    made.add({{{i % 2 ? 0.9f : 0.1f, 5, false},
               {0.1f * static_cast<float>(i), 0.1 * (9 - i), i >= 5}}});
  return made;
}

TEST(ExitCalibration, NothingPassesOne) {
  const ExitQuality quality = model().quality({1, 1}, 0, 10);
  EXPECT_EQ(quality.kl, 0);
  EXPECT_EQ(quality.agreement, 1);
  EXPECT_EQ(quality.saved, 0);
}

TEST(ExitCalibration, ThePositionLeavesAtTheFirstExitThatItPasses) {
  const ExitQuality quality = model().quality({0.5, 0.55}, 0, 10);
  // 1, 3, 5, 7, 9 leave after 2 layers, 6 and 8 after 5.
  EXPECT_NEAR(quality.left[0], 0.5, 1e-9);
  EXPECT_NEAR(quality.left[1], 0.2, 1e-9);
  EXPECT_NEAR(quality.saved, 0.5 * 0.8 + 0.2 * 0.5, 1e-9);
  EXPECT_NEAR(quality.kl, (5 * 5 + 0.3 + 0.1) / 10, 1e-6);
  EXPECT_NEAR(quality.agreement, 0.5, 1e-9);
}

TEST(ExitCalibration, OnlySomePositionsCount) {
  EXPECT_NEAR(model().quality({1, 0.55}, 6, 8).saved, 0.5, 1e-9);
  EXPECT_NEAR(model().quality({1, 0.55}, 0, 2).saved, 0, 1e-9);
}

TEST(ExitCalibration, TheChoiceKeepsItsTargets) {
  const ExitCalibration made = model();
  for (double kl : {0.0, 0.01, 0.1, 0.3, 2.0}) {
    ExitTarget target;
    target.kl = kl;
    const ExitQuality quality = made.quality(made.choose(target, 0, 10), 0, 10);
    EXPECT_LE(quality.kl, kl);
  }
  ExitTarget target;
  target.agreement = 1;
  const std::vector<double> chosen = made.choose(target, 0, 10);
  EXPECT_EQ(chosen[0], 1) << "an exit that is never right stays closed";
  EXPECT_EQ(made.quality(chosen, 0, 10).agreement, 1);
  EXPECT_GT(made.quality(chosen, 0, 10).saved, 0.1);
}

TEST(ExitCalibration, MoreIsSavedWhereMoreMayBeLost) {
  const ExitCalibration made = model();
  double before = -1;
  for (double kl : {0.0, 0.05, 0.2, 0.5, 10.0}) {
    ExitTarget target;
    target.kl = kl;
    const double saved = made.quality(made.choose(target, 0, 10), 0, 10).saved;
    EXPECT_GE(saved, before);
    before = saved;
  }
}

} // namespace
