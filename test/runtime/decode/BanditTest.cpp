// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Bandit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

using namespace sinter::runtime;

namespace {

/// Arms that give tokens with a chance each, at a cost of 1 a round.
class Arms {
public:
  explicit Arms(std::vector<double> means) : means(std::move(means)) {}

  /// Plays `rounds`; the tokens that they lack of the best arm's, on average.
  double regretOf(uint32_t rounds) {
    double best = *std::max_element(means.begin(), means.end()), regret = 0;
    for (uint32_t arm = 0; arm < means.size(); ++arm)
      before[arm] = had[arm];
    shareOf(0, rounds);
    for (uint32_t arm = 0; arm < means.size(); ++arm)
      regret += 3 * (best - means[arm]) * (had[arm] - before[arm]);
    return regret;
  }

  /// Plays `rounds`; the share of them that `arm` had.
  double shareOf(uint32_t arm, uint32_t rounds) {
    uint32_t first = had[arm];
    for (uint32_t i = 0; i < rounds; ++i) {
      uint32_t chosen = bandit.choose((1u << means.size()) - 1);
      ++had[chosen];
      bandit.learn(chosen, 1 + (chance(random) < means[chosen] ? 3 : 0), 1);
    }
    return double(had[arm] - first) / rounds;
  }

  std::vector<double> means;
  Bandit bandit;

private:
  uint32_t had[Bandit::kArms] = {}, before[Bandit::kArms] = {};
  std::mt19937 random{5};
  std::uniform_real_distribution<double> chance{0, 1};
};

TEST(Bandit, TriesEachOfThoseThereAre) {
  Bandit bandit;
  EXPECT_EQ(bandit.choose(0b110), 1u);
  bandit.learn(1, 4, 1);
  EXPECT_EQ(bandit.choose(0b110), 2u);
  bandit.learn(2, 1, 1);
  EXPECT_EQ(bandit.choose(0b110), 1u);
  EXPECT_EQ(bandit.choose(0b100), 2u) << "the better one has no draft";
  EXPECT_EQ(bandit.choose(0b111), 0u) << "was never chosen";
}

TEST(Bandit, FindsTheBestArm) {
  for (uint32_t best : {0u, 1u, 2u}) {
    Arms arms({0.2, 0.2, 0.2});
    arms.means[best] = 0.7;
    arms.shareOf(best, 50);
    EXPECT_GT(arms.shareOf(best, 400), 0.75) << best;
  }
}

TEST(Bandit, ComesBackWhenAnotherOneIsBetter) {
  Arms arms({0.8, 0.2});
  EXPECT_GT(arms.shareOf(0, 600), 0.85);
  std::swap(arms.means[0], arms.means[1]);
  arms.shareOf(1, 150);
  EXPECT_GT(arms.shareOf(1, 400), 0.8);
}

/// The worse arm lacks 1.8 tokens a round. It is tried often at first, then as
/// seldom as it takes to see that it became better.
TEST(Bandit, RegretsLittleAndLessAndLess) {
  constexpr uint32_t kRounds = 200;
  Arms arms({0.8, 0.2});
  double first = arms.regretOf(kRounds), second = arms.regretOf(kRounds);
  double later = arms.regretOf(10 * kRounds) / 10;
  EXPECT_LT(first, 0.25 * 1.8 * kRounds);
  EXPECT_LT(second, first);
  EXPECT_LT(later, 0.12 * 1.8 * kRounds);
}

/// Either arm alone would lack half of 3 (0.8 - 0.2) tokens a round.
TEST(Bandit, RegretsLessThanOneArmWhereTheBestChanges) {
  constexpr uint32_t kRounds = 500;
  Arms arms({0.8, 0.2});
  double regret = 0;
  for (int change = 0; change < 4; ++change) {
    regret += arms.regretOf(kRounds);
    std::swap(arms.means[0], arms.means[1]);
  }
  EXPECT_LT(regret, 0.5 * 0.5 * 1.8 * 4 * kRounds);
}

/// Twice the tokens at four times the cost.
TEST(Bandit, CountsWhatARoundCosts) {
  Bandit bandit;
  for (int i = 0; i < 20; ++i) {
    bandit.learn(0, 4, 4);
    bandit.learn(1, 2, 1);
  }
  EXPECT_EQ(bandit.choose(0b11), 1u);
}

TEST(Bandit, MakesTheSameChoicesAgain) {
  Arms one({0.4, 0.5}), other({0.4, 0.5});
  EXPECT_EQ(one.shareOf(0, 300), other.shareOf(0, 300));
}

} // namespace
