// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Policy.h"
#include "runtime/schema/plan_generated.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace sinter::runtime;
namespace plan = sinter::plan;

namespace {

/// A drafter of a plan with that policy.
class Table {
public:
  explicit Table(plan::PolicyKind policy, std::vector<float> settings = {}) {
    plan::DrafterT table;
    table.policy = policy;
    table.settings = std::move(settings);
    table.max_draft = Proposal::kMost;
    builder.Finish(plan::Drafter::Pack(builder, &table));
  }
  const plan::Drafter &get() const {
    return *flatbuffers::GetRoot<plan::Drafter>(builder.GetBufferPointer());
  }

private:
  flatbuffers::FlatBufferBuilder builder;
};

/// A drafter whose ids are right with chance `right` each, and rounds of n rows
/// that cost 1 + share * (n - 1).
class World {
public:
  World(double right, double share) : right(right), share(share) {
    proposal.count = Proposal::kMost;
    for (Guess &guess : proposal.guesses)
      guess = Guess(0, 2, 0.5f);
    plan::CostsT table;
    for (uint32_t rows = 1; rows <= Lookahead::kRows; ++rows)
      table.rows.push_back(float(cost(rows)));
    builder.Finish(plan::Costs::Pack(builder, &table));
  }

  double cost(uint32_t rows) const { return 1 + share * (rows - 1); }
  uint32_t accepted(uint32_t drafted) {
    uint32_t count = 0;
    while (count < drafted && chance(random) < right)
      ++count;
    return count;
  }
  /// Tokens a unit of time of a constant number of ids.
  double constant(uint32_t drafted) const {
    double tokens = 1, reached = 1;
    for (uint32_t i = 0; i < drafted; ++i)
      tokens += reached *= right;
    return tokens / cost(drafted + 1);
  }
  double best() const {
    double most = 0;
    for (uint32_t drafted = 0; drafted <= Proposal::kMost; ++drafted)
      most = std::max(most, constant(drafted));
    return most;
  }
  /// Tokens a unit of time of a policy, over so many rounds.
  double run(plan::PolicyKind kind, uint32_t rounds) {
    Table table(kind);
    Policy policy;
    Lookahead lookahead;
    // Plans say what rows cost.
    lookahead.assume(
        flatbuffers::GetRoot<plan::Costs>(builder.GetBufferPointer()));
    double tokens = 0, time = 0;
    for (uint32_t i = 0; i < rounds; ++i) {
      uint32_t drafted = policy.choose(table.get(), proposal, lookahead);
      uint32_t count = accepted(drafted);
      lookahead.took(drafted + 1, uint64_t(1e6 * cost(drafted + 1)));
      lookahead.learn(proposal, drafted, count);
      policy.learn(table.get(), drafted, count);
      tokens += 1 + count;
      time += cost(drafted + 1);
    }
    return tokens / time;
  }

private:
  double right, share;
  flatbuffers::FlatBufferBuilder builder;
  Proposal proposal;
  std::mt19937 random{7};
  std::uniform_real_distribution<double> chance{0, 1};
};

TEST(Policy, StaticTakesAllThatIsFound) {
  Table table(plan::PolicyKind::Static);
  Policy policy;
  Lookahead lookahead;
  Proposal proposal;
  proposal.count = 9;
  EXPECT_EQ(policy.choose(table.get(), proposal, lookahead), 9u);
}

/// Never much worse than the better of nothing and the best constant.
TEST(Policy, TheAverageIsAboutAsGood) {
  for (double right : {0.05, 0.3, 0.5, 0.7, 0.85, 0.97})
    for (double share : {0.02, 0.1, 0.25, 0.6}) {
      World world(right, share);
      EXPECT_GT(world.run(plan::PolicyKind::Ema, 8000), 0.94 * world.best())
          << right << " right, a row costs " << share;
    }
}

/// What drafting may cost where it never pays, first rounds included.
TEST(Policy, TurnsItselfOffWhereItDoesNotPay) {
  for (double share : {0.1, 0.3, 1.0})
    EXPECT_GT(World(0, share).run(plan::PolicyKind::Ema, 128), 0.98)
        << "a row costs " << share;
}

TEST(Policy, TheAverageRestsLongerEachTime) {
  Table table(plan::PolicyKind::Ema);
  Policy policy;
  Lookahead lookahead;
  for (int round = 0; round < 3; ++round)
    for (uint32_t rows = 1; rows <= Lookahead::kRows; ++rows)
      lookahead.took(rows, 1'000'000 * rows);
  Proposal proposal;
  proposal.count = 4;
  std::vector<uint32_t> rounds;
  for (uint32_t i = 0; i < 1000; ++i)
    if (uint32_t drafted = policy.choose(table.get(), proposal, lookahead)) {
      policy.learn(table.get(), drafted, 0);
      rounds.push_back(i);
    }
  ASSERT_GE(rounds.size(), 4u);
  for (size_t i = 2; i < rounds.size(); ++i)
    EXPECT_GT(rounds[i] - rounds[i - 1], rounds[i - 1] - rounds[i - 2]);
}

TEST(Policy, EntropyEndsADraft) {
  Table table(plan::PolicyKind::Entropy, {0.2f, 0.6f, 0.9f});
  Policy policy;
  bool before = true;
  for (float entropy = 0; entropy < 5; entropy += 0.05f) {
    bool more = policy.goOn(table.get(), 1, {entropy, 0.5f, 0.2f});
    EXPECT_TRUE(before || !more) << "monotone in the entropy";
    EXPECT_EQ(more, 1 - std::sqrt(0.2f * entropy) >= 0.6f);
    before = more;
  }
  EXPECT_FALSE(before);
}

TEST(Policy, TheBoundOfEntropyFollowsAcceptance) {
  Table table(plan::PolicyKind::Entropy, {0.2f, 0.6f, 0.9f});
  // About where the first bound is.
  RowFigures edge{0.79f, 0.5f, 0.2f};
  Policy strict, lax;
  EXPECT_TRUE(strict.goOn(table.get(), 1, edge));
  for (int i = 0; i < 200; ++i) {
    strict.learn(table.get(), 4, 1);
    lax.learn(table.get(), 4, 4);
  }
  EXPECT_FALSE(strict.goOn(table.get(), 1, edge));
  EXPECT_TRUE(lax.goOn(table.get(), 1, {1.2f, 0.5f, 0.2f}));
}

TEST(Policy, TheClassifierIsLinear) {
  Table table(plan::PolicyKind::Disco, {1, -1, 2, -3, -0.5f});
  Policy policy;
  EXPECT_TRUE(policy.goOn(table.get(), 1, {1, 0.5f, 0.1f}));
  EXPECT_FALSE(policy.goOn(table.get(), 3, {1, 0.5f, 0.1f}));
  EXPECT_FALSE(policy.goOn(table.get(), 1, {2.5f, 0.5f, 0.1f}));
  EXPECT_FALSE(policy.goOn(table.get(), 1, {1, 0.5f, 0.6f}));
}

} // namespace
