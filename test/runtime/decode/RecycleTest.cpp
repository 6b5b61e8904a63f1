// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Drafter.h"
#include "runtime/decode/Speculation.h"
#include "runtime/schema/plan_generated.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace sinter;
using namespace sinter::runtime;

namespace {

using Ids = std::vector<int32_t>;

constexpr uint32_t kVocabulary = 40;

/// A plan whose drafter 0 recycles, and drafter 1 makes trees of that. Both
/// take what they find.
class Recycler {
public:
  explicit Recycler(uint32_t keeps, bool observed = false)
      : entries(kVocabulary * keeps), memory{entries.data(), keeps, observed} {
    auto recycle = std::make_unique<plan::DrafterT>();
    recycle->kind = plan::DrafterKind::Recycle;
    recycle->max_draft = 15;
    recycle->keeps = keeps;
    auto merge = std::make_unique<plan::DrafterT>(*recycle);
    merge->kind = plan::DrafterKind::Merge;
    merge->parts = {0};
    merge->branches = 15;
    tables.drafters.push_back(std::move(recycle));
    tables.drafters.push_back(std::move(merge));
    builder.Finish(plan::Plan::Pack(builder, &tables));
  }
  const plan::Plan &plan() const {
    return *flatbuffers::GetRoot<plan::Plan>(builder.GetBufferPointer());
  }
  void told(int32_t id, const Ids &ranked) { recycle(memory, id, ranked); }
  /// What is proposed after an id, as a chain or as a tree.
  Ids propose(int32_t id, uint32_t most, bool branches = false) {
    Drafting drafting{plan(), acceptance, {&id, 1}, memory, 0, branches};
    made = Proposal();
    Extended text({&id, 1}, {}, made);
    append(drafting, 0, text, most);
    return Ids(made.ids, made.ids + made.count);
  }
  bool isFrom(uint32_t place, uint32_t sureness,
              Guess::Rank rank = Guess::Rank::First) const {
    return made.guesses[place].source == Guess(0, sureness, 0, rank).source;
  }
  Ids known(int32_t id) const {
    Ids ids;
    for (uint32_t i = 0; i < memory.each; ++i)
      if (uint32_t entry = entries[uint32_t(id) * memory.each + i])
        ids.push_back(int32_t(entry & 0xffffff));
    return ids;
  }

  Proposal made;
  Acceptance acceptance;
  std::vector<uint32_t> entries;
  Recycled memory;

private:
  plan::PlanT tables;
  flatbuffers::FlatBufferBuilder builder;
};

TEST(Recycle, AChainTakesTheBestAndCountsHowOftenItWas) {
  Recycler recycler(2);
  EXPECT_EQ(recycler.propose(1, 5), Ids{});
  recycler.told(1, {2, 9});
  recycler.told(1, {3, 2});
  recycler.told(3, {4, 1});
  recycler.told(3, {4, 8});
  EXPECT_EQ(recycler.propose(1, 5), (Ids{3, 4}));
  EXPECT_TRUE(recycler.isFrom(0, 0) && recycler.isFrom(1, 1));
  for (int i = 0; i < 300; ++i)
    recycler.told(4, {0, 1});
  EXPECT_EQ(recycler.propose(4, 1), Ids{0});
  EXPECT_TRUE(recycler.isFrom(0, 4));
}

TEST(Recycle, WhatIsNotRankedIsForgotten) {
  Recycler recycler(3);
  recycler.told(1, {2, 3, 4});
  recycler.told(1, {5, -1, -1});
  EXPECT_EQ(recycler.known(1), Ids{5});
  recycler.told(1, {-1, -1, -1});
  EXPECT_EQ(recycler.propose(1, 3, /*branches=*/true), Ids{});
}

TEST(Recycle, NothingIsFoundWithoutMemory) {
  Recycler recycler(1);
  recycler.told(1, {2});
  recycler.memory = {};
  EXPECT_EQ(recycler.propose(1, 3), Ids{});
}

TEST(Recycle, ATreeHasSiblings) {
  Recycler recycler(3);
  recycler.told(1, {2, 3, 4});
  recycler.told(2, {5, 6, 7});
  EXPECT_EQ(recycler.propose(1, 1, true), (Ids{2, 3, 4}));
  EXPECT_TRUE(recycler.isFrom(1, 0, Guess::Rank::Other) &&
              recycler.isFrom(2, 1, Guess::Rank::Other));
  Ids all = recycler.propose(1, 2, true);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (Ids{2, 3, 4, 5, 6, 7}));
}

/// Every path behind an id, by chance, and its ids.
struct Path {
  float reach;
  Ids ids;
  bool operator<(const Path &other) const { return reach > other.reach; }
};

void follow(const Recycler &recycler, const Path &path, uint32_t most,
            std::vector<Path> &all) {
  constexpr float kFirst[] = {0.15f, 0.3f, 0.4f, 0.45f, 0.5f};
  constexpr float kOther[] = {0.5f, 0.3f, 0.2f, 0.15f, 0.1f};
  size_t depth = path.ids.size() - 1;
  for (uint32_t rank = 0; depth < most && rank < recycler.memory.each; ++rank) {
    uint32_t entry =
        recycler
            .entries[uint32_t(path.ids.back()) * recycler.memory.each + rank];
    if (entry == 0)
      continue;
    uint32_t sureness = std::min(4u, rank == 0 ? (entry >> 24) - 1 : rank - 1);
    Guess guess(0, sureness, rank ? kOther[sureness] : kFirst[sureness],
                rank ? Guess::Rank::Other : Guess::Rank::First);
    guess.role = rank ? Guess::Role::Behind : Guess::Role::Alone;
    Path next = path;
    next.ids.push_back(int32_t(entry & 0xffffff));
    next.reach *= recycler.acceptance.rate(guess, uint32_t(depth));
    all.push_back(next);
    follow(recycler, next, most, all);
  }
}

TEST(Recycle, ATreeHasTheLikeliestPaths) {
  Recycler recycler(4);
  std::mt19937 random(3);
  for (int32_t id = 0; id < 12; ++id)
    for (uint32_t times = random() % 4; times > 0; --times)
      recycler.told(id, {int32_t(random() % 12), int32_t(random() % 12),
                         int32_t(random() % 12), int32_t(random() % 12)});
  for (int32_t id = 0; id < 12; ++id) {
    std::vector<Path> all;
    follow(recycler, {1, {id}}, 4, all);
    std::sort(all.begin(), all.end());
    const Ids ids = recycler.propose(id, 4, true);
    const size_t count = std::min<size_t>(all.size(), Proposal::kMost);
    ASSERT_EQ(ids.size(), count) << id;
    std::vector<float> reach = {1};
    for (uint32_t i = 0; i < count; ++i) {
      reach.push_back(reach[recycler.made.parents[i]] * [&] {
        Guess guess = recycler.made.guesses[i];
        return recycler.acceptance.rate(guess, recycler.made.depth(i));
      }());
      EXPECT_EQ(reach.back(), all[i].reach) << id << " " << i;
    }
  }
}

/// What a model of 40 ids ranks after an id at a place.
Ids ranked(uint32_t id, uint32_t place) {
  std::mt19937 random(id * 7 + place % 3);
  Ids best;
  while (best.size() < 4)
    if (int32_t next = int32_t(random() % kVocabulary);
        std::find(best.begin(), best.end(), next) == best.end())
      best.push_back(next);
  return best;
}

/// A generation with drafts, and beside it the memory as the rule has it: every
/// row is told, of rows with one id the deepest, then the last.
TEST(Recycle, TheMemoryIsThatOfAReplay) {
  for (uint32_t drafter : {0u, 1u}) {
    Recycler recycler(4);
    Speculation speculation;
    speculation.begin(0, nullptr);
    std::map<int32_t, Ids> replay;
    Ids text = {1};
    uint32_t drafted = 0, branched = 0, accepted = 0;
    for (int round = 0; round < 300; ++round) {
      int32_t ids[16] = {text.back()};
      uint32_t count = speculation.draft(recycler.plan(), drafter, text,
                                         recycler.memory, ids + 1, 15);
      const DraftTree tree = speculation.tree();
      ASSERT_EQ(tree.rows, count + 1);
      drafted += count;
      branched += !tree.isChain();
      Ids said;
      std::vector<std::pair<uint32_t, uint32_t>> order; // depth, row
      for (uint32_t row = 0; row < tree.rows; ++row) {
        Ids best = ranked(uint32_t(ids[row]), tree.depths[row]);
        said.insert(said.end(), best.begin(), best.end());
        order.emplace_back(tree.depths[row], row);
      }
      std::sort(order.begin(), order.end());
      for (auto [depth, row] : order)
        replay[ids[row]] =
            Ids(said.begin() + 4 * row, said.begin() + 4 * row + 4);
      speculation.recycle(said);
      for (int64_t row = 0; row >= 0;) {
        int32_t next = said[4 * size_t(row)];
        text.push_back(next);
        row = speculation.follow(row, next);
        accepted += row >= 0;
      }
      for (const auto &[id, best] : replay)
        ASSERT_EQ(recycler.known(id), best) << round << " " << id;
    }
    EXPECT_GT(drafted, 100u);
    EXPECT_GT(accepted, 20u);
    EXPECT_EQ(branched > 0, drafter == 1);
    EXPECT_EQ(speculation.figures().accepted, accepted);
  }
}

/// A plan of before ids were ranked: drawn tokens are what is kept.
TEST(Recycle, AnOldPlanIsToldWhatWasDrawn) {
  Recycler recycler(1, /*observed=*/true);
  Speculation speculation;
  speculation.begin(0, nullptr);
  const Ids text = {3};
  int32_t ids[16];
  speculation.draft(recycler.plan(), 0, text, recycler.memory, ids, 15);
  EXPECT_EQ(speculation.follow(0, 8), -1);
  EXPECT_EQ(recycler.known(3), Ids{8});
  Recycler now(1);
  speculation.draft(now.plan(), 0, text, now.memory, ids, 15);
  EXPECT_EQ(speculation.follow(0, 8), -1);
  EXPECT_EQ(now.known(3), Ids{});
}

} // namespace
