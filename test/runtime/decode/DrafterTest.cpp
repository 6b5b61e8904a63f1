// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace sinter;
using namespace sinter::runtime;

namespace {

using Ids = std::vector<int32_t>;

/// A plan of drafters alone.
class Drafters {
public:
  uint32_t add(plan::DrafterKind kind, uint32_t least = 0, uint32_t most = 0,
               uint32_t draft = 15, std::vector<uint32_t> parts = {},
               uint32_t branches = 0) {
    auto drafter = std::make_unique<plan::DrafterT>();
    drafter->kind = kind;
    drafter->min_match = least;
    drafter->max_match = most;
    drafter->max_draft = draft;
    drafter->parts = std::move(parts);
    drafter->branches = branches;
    tables.drafters.push_back(std::move(drafter));
    return uint32_t(tables.drafters.size() - 1);
  }
  void bigrams(Ids next, std::vector<uint8_t> chance) {
    tables.bigrams = std::make_unique<plan::BigramsT>();
    tables.bigrams->next = std::move(next);
    tables.bigrams->chance = std::move(chance);
  }
  Ids propose(uint32_t index, const Ids &text, uint32_t most) {
    builder.Clear();
    builder.Finish(plan::Plan::Pack(builder, &tables));
    made = runtime::propose(
        {*flatbuffers::GetRoot<plan::Plan>(builder.GetBufferPointer()),
         acceptance, text, /*recycled=*/{}, /*least=*/0, /*branches=*/true,
         &bandit},
        index, most);
    return Ids(made.ids, made.ids + made.count);
  }
  bool from(uint32_t index, uint32_t sureness, uint32_t place = 0) const {
    return made.guesses[place].source == Guess(index, sureness, 0).source;
  }

  Proposal made;
  Acceptance acceptance;
  Bandit bandit;

private:
  plan::PlanT tables;
  flatbuffers::FlatBufferBuilder builder;
};

TEST(Drafter, TheBanditTakesTheDraftOfOne) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 2, 4);
  uint32_t lookup = drafters.add(plan::DrafterKind::Lookup, 1, 1);
  uint32_t model = drafters.add(plan::DrafterKind::Model);
  uint32_t both =
      drafters.add(plan::DrafterKind::Bandit, 0, 0, 15, {copy, lookup, model});
  const Ids text = {1, 2, 3, 7, 2, 4, 2, 4, 9, 1, 2};
  EXPECT_EQ(drafters.propose(both, text, 1), Ids{3});
  EXPECT_EQ(drafters.made.arm, 0);
  drafters.bandit.learn(0, 1, 4);
  EXPECT_EQ(drafters.propose(both, text, 1), Ids{4}) << "the next one's turn";
  EXPECT_EQ(drafters.made.arm, 1);
  drafters.bandit.learn(1, 1, 4);
  EXPECT_EQ(drafters.propose(both, text, 1), Ids{})
      << "the model is asked next";
  EXPECT_EQ(drafters.made.arm, 2);
  drafters.bandit.learn(2, 1, 4);
  for (int i = 0; i < 20; ++i)
    drafters.bandit.learn(1, 4, 1);
  EXPECT_EQ(drafters.propose(both, text, 1), Ids{4});
  EXPECT_EQ(drafters.propose(both, {5, 6}, 1), Ids{}) << "the model's";
  EXPECT_EQ(drafters.made.arm, 2);
}

TEST(Drafter, CopyTakesTheLongestMatchAndOfThoseTheLatest) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 2, 4);
  // 1 2 3 follows twice; before the first one stands 9, as at the end.
  EXPECT_EQ(
      drafters.propose(copy, {9, 1, 2, 3, 40, 41, 1, 2, 3, 50, 9, 1, 2, 3}, 2),
      (Ids{40, 41}));
  EXPECT_TRUE(drafters.from(copy, 2)) << "four ids";
  EXPECT_EQ(drafters.propose(copy, {1, 2, 3, 40, 1, 2, 3, 50, 1, 2, 3}, 1),
            Ids{50});
  EXPECT_EQ(drafters.propose(copy, {1, 2, 7, 3, 2}, 4), Ids{})
      << "one id is too short a match";
  EXPECT_EQ(drafters.propose(copy, {5}, 4), Ids{});
}

TEST(Drafter, CopyGoesOnWithWhatItWrote) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 2, 4);
  EXPECT_EQ(drafters.propose(copy, {1, 2, 3, 1, 2, 3}, 7),
            (Ids{1, 2, 3, 1, 2, 3, 1}));
  EXPECT_EQ(drafters.propose(copy, {8, 8, 8}, 3), (Ids{8, 8, 8}));
}

TEST(Drafter, LookupTakesTheMostFrequentAndOfThoseTheLatest) {
  Drafters drafters;
  uint32_t lookup = drafters.add(plan::DrafterKind::Lookup, 1, 2);
  // After 1: 2, 3, 2; then after "1 2": 5 and 6, the latest is 6.
  EXPECT_EQ(drafters.propose(lookup, {1, 2, 5, 1, 3, 1, 2, 6, 9, 1}, 2),
            (Ids{2, 6}));
  EXPECT_TRUE(drafters.from(lookup, 0, 0) && drafters.from(lookup, 1, 1));
  EXPECT_EQ(drafters.propose(lookup, {1, 2, 3}, 5), Ids{});
}

TEST(Drafter, NgramFollowsTheTable) {
  Drafters drafters;
  drafters.bigrams({1, 2, 3, -1}, {255, 128, 0, 0});
  uint32_t ngram = drafters.add(plan::DrafterKind::Ngram);
  EXPECT_EQ(drafters.propose(ngram, {7, 0}, 8), (Ids{1, 2, 3}));
  EXPECT_TRUE(drafters.from(ngram, 4, 0) && drafters.from(ngram, 2, 1) &&
              drafters.from(ngram, 0, 2));
  EXPECT_EQ(drafters.propose(ngram, {0}, 2), (Ids{1, 2}));
  EXPECT_EQ(drafters.propose(ngram, {3}, 2), Ids{});
}

TEST(Drafter, TrigramPrefersNewOccurrences) {
  Drafters drafters;
  drafters.bigrams(Ids(10, -1), std::vector<uint8_t>(10));
  uint32_t trigram = drafters.add(plan::DrafterKind::Trigram);
  // After "1 2": 3 twice, then 4: 1/2 against 1/4 + 1/8.
  EXPECT_EQ(drafters.propose(trigram, {1, 2, 3, 1, 2, 3, 1, 2, 4, 1, 2}, 1),
            Ids{4});
  EXPECT_TRUE(drafters.from(trigram, 1));
  EXPECT_EQ(drafters.propose(trigram, {1, 2, 4, 1, 2, 4, 1, 2}, 2),
            (Ids{4, 1}));
  EXPECT_TRUE(drafters.from(trigram, 2, 0));
  EXPECT_EQ(drafters.propose(trigram, {2}, 2), Ids{});
  EXPECT_EQ(drafters.propose(trigram, {5, 2, 7, 2}, 2), Ids{})
      << "one id is no match";
}

TEST(Drafter, TrigramFallsBackToTheTable) {
  Drafters drafters;
  drafters.bigrams({1, 2, -1}, {9, 9, 9});
  uint32_t trigram = drafters.add(plan::DrafterKind::Trigram);
  EXPECT_EQ(drafters.propose(trigram, {0}, 5), (Ids{1, 2}));
  EXPECT_TRUE(drafters.from(trigram, 4));
}

TEST(Drafter, OfSeveralTheSurestDrafts) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 3, 4);
  uint32_t lookup = drafters.add(plan::DrafterKind::Lookup, 1, 1);
  uint32_t both =
      drafters.add(plan::DrafterKind::Priority, 0, 0, 15, {copy, lookup});
  EXPECT_EQ(drafters.propose(both, {7, 1, 9, 7}, 1), Ids{1});
  EXPECT_TRUE(drafters.from(lookup, 0)) << "the other finds nothing";
  const Ids text = {1, 2, 3, 4, 3, 5, 1, 2, 3};
  EXPECT_EQ(drafters.propose(both, text, 1), Ids{4});
  EXPECT_TRUE(drafters.from(copy, 2));
  // Until such copies are wrong again and again.
  for (int i = 0; i < 100; ++i)
    drafters.acceptance.learn(drafters.made.guesses, 1, 0);
  EXPECT_EQ(drafters.propose(both, text, 1), Ids{5});
  EXPECT_TRUE(drafters.from(lookup, 0));
}

TEST(Drafter, OneGoesOnWhereAnotherEnds) {
  Drafters drafters;
  drafters.bigrams({1, -1, 0}, {255, 0, 255});
  uint32_t ngram = drafters.add(plan::DrafterKind::Ngram);
  uint32_t lookup = drafters.add(plan::DrafterKind::Lookup, 1, 1);
  uint32_t both =
      drafters.add(plan::DrafterKind::Priority, 0, 0, 4, {ngram, lookup});
  EXPECT_EQ(drafters.propose(both, {1, 5, 2}, 9), (Ids{0, 1, 5, 2}));
  EXPECT_TRUE(drafters.from(ngram, 4, 1) && drafters.from(lookup, 0, 2));
}

/// Each id of a proposal as the path to it.
std::vector<Ids> pathsOf(const Proposal &made) {
  std::vector<Ids> paths;
  for (uint32_t i = 0; i < made.count; ++i) {
    EXPECT_LE(made.parents[i], i);
    Ids path = made.parents[i] ? paths[made.parents[i] - 1u] : Ids();
    path.push_back(made.ids[i]);
    EXPECT_EQ(made.depth(i) + 1, path.size());
    paths.push_back(path);
  }
  return paths;
}

TEST(Drafter, SeveralMakeOneTree) {
  Drafters drafters;
  drafters.bigrams({1, 2, 0, 4, 3, 6, 0}, std::vector<uint8_t>(7, 255));
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 1, 4);
  uint32_t ngram = drafters.add(plan::DrafterKind::Ngram);
  uint32_t tree =
      drafters.add(plan::DrafterKind::Merge, 0, 0, 15, {copy, ngram}, 7);
  const Ids text = {3, 5, 0, 1, 3};
  drafters.propose(tree, text, 3);
  std::vector<Ids> paths = pathsOf(drafters.made);
  // The copy goes on with 5 0 1, the table with 4 3 4.
  for (const Ids &path : {Ids{5, 0, 1}, Ids{4, 3, 4}})
    EXPECT_NE(std::find(paths.begin(), paths.end(), path), paths.end());
  for (size_t i = 0; i < paths.size(); ++i)
    EXPECT_EQ(std::find(paths.begin() + long(i) + 1, paths.end(), paths[i]),
              paths.end())
        << "an id stands once at its place";
}

TEST(Drafter, WhatAllProposeIsSurer) {
  Drafters drafters;
  drafters.bigrams({1, 2, 0}, {130, 130, 130});
  uint32_t lookup = drafters.add(plan::DrafterKind::Lookup, 1, 1);
  uint32_t ngram = drafters.add(plan::DrafterKind::Ngram);
  uint32_t tree =
      drafters.add(plan::DrafterKind::Merge, 0, 0, 15, {lookup, ngram}, 7);
  EXPECT_EQ(drafters.propose(tree, {0, 1, 2, 0}, 1), Ids{1});
  EXPECT_EQ(drafters.made.guesses[0].role, Guess::Role::Agreed);
}

TEST(Drafter, NoMoreLeavesThanBranches) {
  Drafters drafters;
  uint32_t lookup = drafters.add(plan::DrafterKind::Lookup, 1, 2);
  uint32_t trigram = drafters.add(plan::DrafterKind::Trigram);
  drafters.bigrams(Ids(40, -1), std::vector<uint8_t>(40));
  for (uint32_t branches : {0u, 1u, 3u}) {
    uint32_t tree = drafters.add(plan::DrafterKind::Merge, 0, 0, 15,
                                 {lookup, trigram}, branches);
    Ids text;
    for (int32_t i = 0; i < 200; ++i)
      text.push_back(i * i % 7);
    drafters.propose(tree, text, 9);
    uint32_t leaves = 0;
    for (uint32_t i = 0; i < drafters.made.count; ++i)
      leaves += std::find(drafters.made.parents,
                          drafters.made.parents + drafters.made.count,
                          i + 1) == drafters.made.parents + drafters.made.count;
    EXPECT_GE(drafters.made.count, branches + 1);
    EXPECT_LE(leaves, branches + 1);
  }
}

TEST(Drafter, NeverMoreThanItsOwnLimit) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 1, 4, 3);
  EXPECT_EQ(drafters.propose(copy, Ids(20, 6), 15), (Ids{6, 6, 6}));
}

} // namespace
