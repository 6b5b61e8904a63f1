// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Lookahead.h"
#include "runtime/schema/plan_generated.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <utility>
#include <vector>

using namespace sinter::runtime;
namespace plan = sinter::plan;

namespace {

Proposal proposal(uint32_t count, uint32_t sureness, float prior) {
  Proposal made;
  for (uint32_t i = 0; i < count; ++i)
    made.add(i, 0, Guess(0, sureness, prior));
  return made;
}
const Proposal kSure = proposal(15, 4, 0.9f), kUnsure = proposal(15, 0, 0.3f);

/// Rows that cost `share` of a round of one each.
Lookahead withCosts(double share) {
  Lookahead lookahead;
  for (int i = 0; i < 50; ++i)
    for (uint32_t rows = 1; rows <= Lookahead::kRows; ++rows)
      lookahead.took(rows, uint64_t(1e6 * (1 + share * (rows - 1))));
  return lookahead;
}

/// A cost table of a plan.
class Prior {
public:
  Prior(float each, float id) {
    plan::CostsT table;
    for (uint32_t i = 0; i < Lookahead::kRows; ++i)
      table.rows.push_back(1 + each * float(i));
    table.id = id;
    builder.Finish(plan::Costs::Pack(builder, &table));
  }
  const plan::Costs *get() const {
    return flatbuffers::GetRoot<plan::Costs>(builder.GetBufferPointer());
  }

private:
  flatbuffers::FlatBufferBuilder builder;
};

TEST(Lookahead, BeginsWithWhatThePlanSays) {
  Prior cheap(0.01f, 0.1f), dear(0.8f, 3);
  Lookahead lookahead;
  lookahead.assume(cheap.get());
  EXPECT_FLOAT_EQ(float(lookahead.cost(11)), 1.1f);
  EXPECT_GT(lookahead.choose(kSure), 8u);
  lookahead.assume(dear.get());
  EXPECT_LT(lookahead.choose(kSure), 3u);
  Proposal model = kSure;
  model.model = true;
  EXPECT_FLOAT_EQ(float(lookahead.idCost(model)), 3);
  EXPECT_EQ(lookahead.choose(model), 0u);
}

TEST(Lookahead, CorrectsThePlanByTheTimesOfTheSession) {
  Prior dear(0.8f, 3);
  Lookahead lookahead;
  lookahead.assume(dear.get());
  lookahead.took(1, 1000);
  // Scaled from the nearest number of rows that was measured.
  EXPECT_NEAR(lookahead.cost(2), 1800, 1);
  for (uint32_t rows = 2; rows <= Lookahead::kRows; ++rows)
    lookahead.took(rows, 1000 + rows);
  EXPECT_NEAR(lookahead.cost(2), 1002, 1);
  EXPECT_GT(lookahead.choose(kSure), 8u);
}

TEST(Lookahead, DraftsAllThatIsAlwaysRight) {
  Lookahead lookahead = withCosts(0.1);
  for (int i = 0; i < 100; ++i)
    lookahead.learn(kSure, 15, 15);
  EXPECT_EQ(lookahead.choose(kSure), 15u);
}

TEST(Lookahead, DraftsNothingThatIsNeverRightButTriesAgain) {
  Lookahead lookahead = withCosts(0.1);
  for (int i = 0; i < 100; ++i)
    lookahead.learn(kUnsure, 2, 0);
  uint32_t tried = 0;
  for (int i = 0; i < 320; ++i)
    tried += lookahead.choose(kUnsure) > 0;
  EXPECT_EQ(tried, 10u);
}

TEST(Lookahead, KeepsApartHowSureTheyAre) {
  Lookahead lookahead = withCosts(0.1);
  for (int i = 0; i < 100; ++i) {
    lookahead.learn(kUnsure, 2, 0);
    lookahead.learn(kSure, 8, 8);
  }
  EXPECT_EQ(lookahead.choose(kUnsure), 0u);
  EXPECT_GE(lookahead.choose(kSure), 8u);
}

TEST(Lookahead, DraftsLessWhereRowsCostMore) {
  uint32_t before = Lookahead::kRows;
  for (double share : {0.0, 0.1, 0.3, 1.0}) {
    Lookahead lookahead = withCosts(share);
    for (int i = 0; i < 100; ++i)
      lookahead.learn(kSure, 15, i % 2 ? 4 : 2);
    uint32_t chosen = lookahead.choose(kSure);
    EXPECT_LT(chosen, before) << share;
    before = chosen;
  }
  EXPECT_EQ(before, 0u) << "a row that costs a whole round never pays";
}

TEST(Lookahead, WhatWasNotMeasuredFollowsFromWhatWas) {
  Lookahead lookahead;
  const double twoOverOne = lookahead.cost(2) / lookahead.cost(1);
  EXPECT_LT(twoOverOne, 1.2);
  lookahead.took(1, 3'000'000);
  EXPECT_EQ(lookahead.cost(1), 3e6);
  EXPECT_DOUBLE_EQ(lookahead.cost(2) / lookahead.cost(1), twoOverOne);
  lookahead.took(8, 9'000'000);
  EXPECT_GT(lookahead.cost(9), 9e6);
  EXPECT_LT(lookahead.cost(9), 12e6);
}

TEST(Lookahead, FollowsTheProposalsLength) {
  Lookahead lookahead;
  EXPECT_EQ(lookahead.choose({}), 0u);
  EXPECT_LE(lookahead.choose(proposal(3, 4, 0.9f)), 3u);
}

Proposal ofModel() {
  Proposal made = proposal(15, 0, 0.8f);
  made.model = made.reads = true;
  for (Guess &guess : made.guesses)
    guess = Guess(1, 0, 0.8f);
  return made;
}
const Proposal kModel = ofModel();

TEST(Lookahead, IdsOfAModelMustBeWorthTheirTime) {
  for (auto [share, fewest, most] :
       {std::tuple(0.05, 5u, 15u), std::tuple(0.4, 2u, 4u),
        std::tuple(2.0, 0u, 0u)}) {
    Lookahead lookahead = withCosts(0.03);
    for (int i = 0; i < 100; ++i) {
      lookahead.made(uint64_t(1e6 * share));
      lookahead.learn(kModel, 8, i % 2 ? 8 : 2);
    }
    EXPECT_GE(lookahead.choose(kModel), fewest) << share;
    EXPECT_LE(lookahead.choose(kModel), most) << share;
  }
}

/// Heads have nothing to read first: they are tried again as soon as matches of
/// the text are, and a row of theirs is not dear until it was measured.
TEST(Lookahead, HeadsAreTriedAgainSooner) {
  Proposal heads = ofModel();
  heads.reads = false;
  for (uint32_t i = 0; i < heads.count; ++i)
    heads.guesses[i] = Guess(0, 0, 0.5f);
  Lookahead lookahead;
  EXPECT_GT(lookahead.choose(heads), 0u);
  EXPECT_LT(lookahead.idCost(heads), lookahead.idCost(kModel));
  lookahead.took(1, 1000);
  lookahead.took(2, 1100);
  lookahead.made(500);
  for (int i = 0; i < 100; ++i)
    lookahead.learn(heads, 2, 0);
  uint32_t rounds = 1;
  while (lookahead.choose(heads) == 0)
    ++rounds;
  // Where two ids take as long as a round, a try may take a hundredth of the
  // time.
  EXPECT_GT(rounds, 100u);
  EXPECT_LT(rounds, 256u);
}

/// Layers of the model read nothing for a try.
TEST(Lookahead, LayersOfTheModelAreTriedOnceWhateverTheyCost) {
  Prior dear(0.05f, 0.9f);
  Proposal layers = proposal(15, 0, 0.65f);
  layers.model = layers.reads = true;
  Lookahead other;
  other.assume(dear.get());
  EXPECT_EQ(other.choose(layers), 0u);
  layers.ofItself = true;
  Lookahead lookahead;
  lookahead.assume(dear.get());
  EXPECT_EQ(lookahead.choose(layers), 1u);
  lookahead.learn(layers, 1, 0);
  for (int round = 0; round < 200; ++round)
    EXPECT_EQ(lookahead.choose(layers), 0u);
}

TEST(Lookahead, DraftsOfAModelGrowWhileTheyAreRight) {
  Lookahead lookahead;
  EXPECT_EQ(lookahead.choose(kModel), 2u);
  lookahead.learn(kModel, 2, 2);
  EXPECT_GT(lookahead.choose(kModel), 2u);
  lookahead.learn(kModel, 5, 0);
  EXPECT_LE(lookahead.choose(kModel), 2u);
}

/// One round that was interrupted does not rule out its number of rows.
TEST(Lookahead, OneSlowRoundIsForgotten) {
  Lookahead lookahead;
  bool slow = true;
  std::vector<uint32_t> chosen;
  for (int i = 0; i < 60; ++i) {
    uint32_t ids = lookahead.choose(kModel), rows = ids + 1;
    chosen.push_back(ids);
    // Up to eight rows take as long as one, but for the first five or more.
    bool late = rows >= 5 && std::exchange(slow, rows < 5);
    lookahead.took(rows, (rows <= 8 ? 6'000'000 : 12'000'000) * (late ? 3 : 1));
    lookahead.made(2'000'000);
    lookahead.learn(kModel, ids, ids);
  }
  EXPECT_FALSE(slow);
  EXPECT_GE(std::count(chosen.begin() + 20, chosen.end(), 7u), 25);
}

/// A session that begins with a draft has not measured one row.
TEST(Lookahead, FewerRowsThanWereMeasuredTakeNoLess) {
  Lookahead lookahead;
  lookahead.took(3, 6'000'000);
  lookahead.made(2'000'000);
  lookahead.learn(kModel, 2, 2);
  EXPECT_GT(lookahead.choose(kModel), 2u);
}

/// Sixteen rows that took three times as long thrice are left alone.
TEST(Lookahead, SlowRowsAreNotTriedAgainAndAgain) {
  Lookahead lookahead;
  int many = 0;
  for (int i = 0; i < 400; ++i) {
    uint32_t ids = lookahead.choose(kModel), rows = ids + 1;
    many += rows > 8;
    lookahead.took(rows, rows <= 8 ? 6'000'000 : 18'000'000);
    lookahead.made(500'000);
    lookahead.learn(kModel, ids, ids);
  }
  EXPECT_LE(many, 30);
}

TEST(Lookahead, ADraftThatFailsIsFollowedByAShorterOne) {
  Lookahead lookahead;
  lookahead.learn(kModel, 2, 2);
  lookahead.learn(kModel, 6, 6);
  EXPECT_EQ(lookahead.most(), 14u);
  lookahead.learn(kModel, 12, 0);
  EXPECT_EQ(lookahead.most(), 6u);
  lookahead.learn(kModel, 6, 0);
  EXPECT_EQ(lookahead.most(), 3u);
  lookahead.learn(kModel, 3, 0);
  EXPECT_EQ(lookahead.most(), 2u);
}

/// What took long once says nothing of more rows than it had.
TEST(Lookahead, OneSlowRoundDoesNotRuleOutMoreRows) {
  Lookahead lookahead;
  uint32_t many = 0;
  bool slow = true;
  for (int i = 0; i < 40; ++i) {
    uint32_t ids = lookahead.choose(kModel), rows = ids + 1;
    // Up to eight rows take as long as one; the first five were interrupted.
    bool late = rows == 5 && std::exchange(slow, false);
    lookahead.took(rows, (rows <= 8 ? 9'000'000 : 27'000'000) * (late ? 3 : 1));
    lookahead.made(3'000'000);
    lookahead.learn(kModel, ids, ids);
    many += rows > 5 && rows <= 8;
  }
  EXPECT_GE(many, 20u);
}

/// One wrong id at a depth that was tried once does not rule the depth out.
TEST(Lookahead, ADepthThatFailedOnceIsTriedAgain) {
  Prior flat(0.02f, 0.3f);
  Lookahead lookahead;
  lookahead.assume(flat.get());
  uint32_t deep = 0;
  for (int i = 0; i < 40; ++i) {
    uint32_t ids = lookahead.choose(kModel);
    lookahead.took(ids + 1, ids < 8 ? 9'000'000 : 18'000'000);
    lookahead.made(3'000'000);
    bool fails = ids > 4 && deep++ == 0;
    lookahead.learn(kModel, ids, fails ? 4 : ids);
  }
  EXPECT_GE(deep, 25u);
}

/// One that always fails is not tried again and again.
TEST(Lookahead, ADepthThatNeverServesIsLeft) {
  Lookahead lookahead = withCosts(0.03);
  int deep = 0;
  for (int i = 0; i < 1000; ++i) {
    uint32_t ids = lookahead.choose(kModel);
    lookahead.made(350'000);
    lookahead.learn(kModel, ids, std::min(ids, 1u));
    deep += ids > 1;
  }
  EXPECT_LE(deep, 20);
}

TEST(Lookahead, RowsThatCostNothingMoreAreFound) {
  Prior flat(0.02f, 0.3f);
  Lookahead lookahead;
  lookahead.assume(flat.get());
  uint32_t rows = 1;
  for (int i = 0; i < 40; ++i) {
    // Eight rows take as long as one, nine twice as long.
    lookahead.took(rows, rows <= 8 ? 6'000'000 : 12'000'000);
    lookahead.made(2'000'000);
    uint32_t ids = lookahead.choose(kModel);
    lookahead.learn(kModel, ids, i % 5 ? ids : ids / 2);
    rows = ids + 1;
  }
  EXPECT_EQ(lookahead.choose(kModel), 7u);
}

TEST(Lookahead, AModelIsNoMatchOfTheText) {
  Lookahead lookahead = withCosts(0.1);
  for (int i = 0; i < 100; ++i)
    lookahead.learn(kModel, 4, 0);
  EXPECT_EQ(lookahead.choose(kModel), 0u);
  EXPECT_GT(lookahead.choose(kSure), 0u);
}

/// A drafter whose ids are right with chance `right` each, and rounds of n rows
/// that cost 1 + share * (n - 1), as the plan says.
class World {
public:
  World(double right, double share)
      : right(right), share(share), prior(float(share), 0) {}

  double cost(uint32_t rows) const { return 1 + share * (rows - 1); }
  uint32_t accepted(uint32_t drafted) {
    uint32_t count = 0;
    while (count < drafted && chance(random) < right)
      ++count;
    return count;
  }
  /// Tokens a unit of time of the best constant number of ids, or of none.
  double best() const {
    double most = 0, tokens = 1, reached = 1;
    for (uint32_t drafted = 0; drafted <= Proposal::kMost; ++drafted) {
      most = std::max(most, tokens / cost(drafted + 1));
      tokens += reached *= right;
    }
    return most;
  }
  /// Tokens a unit of time of the policy, over so many rounds.
  double run(uint32_t rounds) {
    const Proposal made = proposal(15, 2, 0.5f);
    Lookahead lookahead;
    lookahead.assume(prior.get());
    double tokens = 0, time = 0;
    for (uint32_t i = 0; i < rounds; ++i) {
      uint32_t drafted = lookahead.choose(made), count = accepted(drafted);
      lookahead.took(drafted + 1, uint64_t(1e6 * cost(drafted + 1)));
      lookahead.learn(made, drafted, count);
      tokens += 1 + count;
      time += cost(drafted + 1);
    }
    return tokens / time;
  }

private:
  double right, share;
  Prior prior;
  std::mt19937 random{7};
  std::uniform_real_distribution<double> chance{0, 1};
};

TEST(Lookahead, IsAboutAsGoodAsTheBestConstant) {
  for (double right : {0.05, 0.3, 0.5, 0.7, 0.85, 0.97})
    for (double share : {0.02, 0.1, 0.25, 0.6}) {
      World world(right, share);
      EXPECT_GT(world.run(8000), 0.95 * world.best())
          << right << " right, a row costs " << share;
    }
}

/// What drafting may cost where it never pays, first rounds included.
TEST(Lookahead, TurnsItselfOffWhereItDoesNotPay) {
  for (double share : {0.1, 0.3, 1.0})
    EXPECT_GT(World(0, share).run(128), 0.98) << "a row costs " << share;
}

/// Two ids for the next place, one behind the first of them.
Proposal branching() {
  Proposal made;
  made.add(0, 5, Guess(0, 4, 0.8f));
  made.add(1, 6, Guess(0, 4, 0.8f));
  made.add(0, 7, Guess(1, 4, 0.6f));
  made.guesses[2].role = Guess::Role::Behind;
  return made;
}

TEST(Lookahead, ATreeIsWorthWhatItsPathsPromise) {
  Lookahead lookahead = withCosts(0.05);
  EXPECT_EQ(lookahead.choose(branching()), 3u);
  // The branch is never right.
  for (int i = 0; i < 100; ++i)
    lookahead.learn(branching(), 3, 2, std::vector<int32_t>{5, 6, 1});
  EXPECT_EQ(lookahead.choose(branching()), 2u);
}

TEST(Lookahead, LearnsFromWhatWasNotDrafted) {
  Lookahead lookahead = withCosts(0.3);
  const Proposal made = branching();
  float before = lookahead.acceptance().rate(made.guesses[2], 0);
  lookahead.learn(made, 0, 0, std::vector<int32_t>{7});
  EXPECT_GT(lookahead.acceptance().rate(made.guesses[2], 0), before);
  EXPECT_LT(lookahead.acceptance().rate(made.guesses[0], 0), 0.8f);
  EXPECT_FLOAT_EQ(lookahead.acceptance().rate(made.guesses[1], 1), 0.85f)
      << "what comes behind a wrong id is unknown; the prior of its depth";
}

TEST(Acceptance, ThePriorHoldsUntilSomethingIsSeen) {
  Acceptance acceptance;
  const Guess guess(1, 2, 0.5f);
  EXPECT_FLOAT_EQ(acceptance.rate(guess, 0), 0.5f);
  acceptance.learn(&guess, 1, 1);
  EXPECT_GT(acceptance.rate(guess, 0), 0.5f);
  EXPECT_FLOAT_EQ(acceptance.rate(Guess(1, 3, 0.5f), 0), 0.5f);
  for (int i = 0; i < 200; ++i)
    acceptance.learn(&guess, 1, i % 4 == 0);
  EXPECT_NEAR(acceptance.rate(guess, 0), 0.25f, 0.1f);
}

TEST(Acceptance, TokensOfAChain) {
  Acceptance acceptance;
  const Guess guesses[] = {Guess(0, 0, 0.5f), Guess(0, 1, 0.4f)};
  // The second one is 0.45: it stands behind a right one.
  EXPECT_FLOAT_EQ(acceptance.tokens(guesses, 2, 0), 0.5f + 0.5f * 0.45f);
  EXPECT_FLOAT_EQ(acceptance.tokens(guesses, 0, 0), 0.0f);
}

} // namespace
