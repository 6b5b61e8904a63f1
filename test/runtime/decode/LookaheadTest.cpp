// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Lookahead.h"

#include <gtest/gtest.h>

using namespace sinter::runtime;

namespace {

const Proposal kLong{.count = 15, .match = 16, .drafter = 0};
const Proposal kShort{.count = 15, .match = 1, .drafter = 0};

/// Rows that cost `share` of a round of one each.
Lookahead withCosts(double share) {
  Lookahead lookahead;
  for (int i = 0; i < 50; ++i)
    for (uint32_t rows = 1; rows <= Lookahead::kRows; ++rows)
      lookahead.took(rows, uint64_t(1e6 * (1 + share * (rows - 1))));
  return lookahead;
}

TEST(Lookahead, DraftsAllThatIsAlwaysRight) {
  Lookahead lookahead = withCosts(0.1);
  for (int i = 0; i < 100; ++i)
    lookahead.learn(kLong, 15, 15);
  EXPECT_EQ(lookahead.choose(kLong), 15u);
}

TEST(Lookahead, DraftsNothingThatIsNeverRightButTriesAgain) {
  Lookahead lookahead = withCosts(0.1);
  for (int i = 0; i < 100; ++i)
    lookahead.learn(kShort, 2, 0);
  uint32_t tried = 0;
  for (int i = 0; i < 320; ++i)
    tried += lookahead.choose(kShort) > 0;
  EXPECT_EQ(tried, 10u);
}

TEST(Lookahead, KeepsApartHowMuchWasFoundAgain) {
  Lookahead lookahead = withCosts(0.1);
  for (int i = 0; i < 100; ++i) {
    lookahead.learn(kShort, 2, 0);
    lookahead.learn(kLong, 8, 8);
  }
  EXPECT_EQ(lookahead.choose(kShort), 0u);
  EXPECT_GE(lookahead.choose(kLong), 8u);
}

TEST(Lookahead, DraftsLessWhereRowsCostMore) {
  uint32_t before = Lookahead::kRows;
  for (double share : {0.0, 0.1, 0.3, 1.0}) {
    Lookahead lookahead = withCosts(share);
    for (int i = 0; i < 100; ++i)
      lookahead.learn(kLong, 15, i % 2 ? 4 : 2);
    uint32_t chosen = lookahead.choose(kLong);
    EXPECT_LT(chosen, before) << share;
    before = chosen;
  }
  EXPECT_EQ(before, 0u) << "a row that costs a whole round never pays";
}

TEST(Lookahead, FollowsTheProposalsLength) {
  Lookahead lookahead;
  EXPECT_EQ(lookahead.choose({}), 0u);
  EXPECT_LE(lookahead.choose({.count = 3, .match = 16, .drafter = 0}), 3u);
}

const Proposal kModel{.count = 15, .match = 0, .drafter = 0, .model = true};

TEST(Lookahead, IdsOfAModelMustBeWorthTheirTime) {
  for (auto [share, fewest, most] :
       {std::tuple(0.05, 5u, 15u), std::tuple(0.4, 1u, 4u),
        std::tuple(2.0, 0u, 0u)}) {
    Lookahead lookahead = withCosts(0.03);
    for (int i = 0; i < 100; ++i) {
      lookahead.made(uint64_t(1e6 * share));
      lookahead.learn(kModel, 1, i % 10 > 0); // nine of ten
    }
    EXPECT_GE(lookahead.choose(kModel), fewest) << share;
    EXPECT_LE(lookahead.choose(kModel), most) << share;
  }
}

TEST(Lookahead, AModelIsNoMatchOfTheText) {
  Lookahead lookahead = withCosts(0.1);
  for (int i = 0; i < 100; ++i)
    lookahead.learn(kModel, 4, 0);
  EXPECT_EQ(lookahead.choose(kModel), 0u);
  EXPECT_GT(lookahead.choose(kLong), 0u);
}

} // namespace
