// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/ModelTree.h"

#include <gtest/gtest.h>
#include <random>
#include <set>
#include <vector>

using namespace sinter::runtime;

namespace {

/// Rows that cost `share` of a round of one each, and an answer `answer` of it.
Lookahead withCosts(double share, double answer) {
  Lookahead lookahead;
  for (int i = 0; i < 50; ++i) {
    for (uint32_t rows = 1; rows <= Lookahead::kRows; ++rows)
      lookahead.took(rows, uint64_t(1e6 * (1 + share * (rows - 1))));
    lookahead.made(uint64_t(1e6 * answer));
  }
  return lookahead;
}

ModelTree begun(ModelTree::Limits limits) {
  ModelTree tree;
  tree.begin(0, limits);
  return tree;
}

/// Grows it with answers whose ids are 10 * path + rank, until it has enough;
/// the paths that were asked for.
std::vector<std::vector<int32_t>> grow(ModelTree &tree,
                                       const Lookahead &lookahead,
                                       const std::vector<float> &behind) {
  std::vector<std::vector<int32_t>> asked;
  int32_t path[Proposal::kMost];
  for (int64_t depth; (depth = tree.next(lookahead, path)) >= 0;) {
    asked.emplace_back(path, path + depth);
    std::vector<int32_t> ids;
    for (size_t i = 0; i < behind.size(); ++i)
      ids.push_back(int32_t(100 * asked.size() + i));
    tree.add(ids, behind, lookahead.acceptance());
  }
  return asked;
}

/// Parents come first, siblings differ, no path is longer than allowed.
void check(const Proposal &made, const ModelTree::Limits &limits) {
  EXPECT_LE(made.count, limits.ids);
  std::set<std::pair<uint32_t, int32_t>> places;
  std::set<uint32_t> followed;
  uint32_t leaves = 0;
  for (uint32_t i = 0; i < made.count; ++i) {
    EXPECT_LE(made.parents[i], i);
    EXPECT_LT(made.depth(i), limits.ids);
    EXPECT_TRUE(places.insert({made.parents[i], made.ids[i]}).second);
    leaves += !followed.insert(made.parents[i]).second;
  }
  EXPECT_LE(leaves, limits.branches);
}

TEST(ModelTree, NothingWhereThereIsNoDraft) {
  ModelTree tree;
  int32_t path[Proposal::kMost];
  EXPECT_FALSE(tree.begun());
  EXPECT_EQ(tree.next(Lookahead(), path), -1);
  EXPECT_EQ(tree.likeliest().count, 0u);
  tree.begin(0, {.ids = 4, .branches = 2, .answers = 0});
  EXPECT_EQ(tree.next(Lookahead(), path), -1);
}

TEST(ModelTree, OfAGivenSizeItIsAChainWithoutBranches) {
  const ModelTree::Limits limits{5, 0, 5, false};
  ModelTree tree = begun(limits);
  Lookahead lookahead;
  auto asked = grow(tree, lookahead, {0, 0.1f, 0.2f});
  Proposal made = tree.likeliest();
  check(made, limits);
  ASSERT_EQ(made.count, 5u);
  EXPECT_EQ(asked.size(), 5u);
  for (uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(made.parents[i], i);
    EXPECT_EQ(asked[i].size(), i);
  }
}

TEST(ModelTree, ASecondPathIsAskedForWhereItIsLikelier) {
  const ModelTree::Limits limits{12, 7, 12, false};
  Lookahead lookahead;
  // Of ids that lie close together the second one is nearly as likely.
  ModelTree close = begun(limits), far = begun(limits);
  bool branched = false;
  for (const auto &path : grow(close, lookahead, {0, 0.01f, 9}))
    for (int32_t id : path)
      branched |= id % 100 == 1;
  EXPECT_TRUE(branched);
  for (const auto &path : grow(far, lookahead, {0, 9, 9}))
    for (int32_t id : path)
      EXPECT_EQ(id % 100, 0);
  check(close.likeliest(), limits);
  check(far.likeliest(), limits);
}

TEST(ModelTree, AnswersThatCostMuchAreFew) {
  const ModelTree::Limits limits{15, 7, 15, true};
  size_t asked[2];
  for (int dear : {0, 1}) {
    Lookahead lookahead = withCosts(0.02, dear ? 0.6 : 0.02);
    ModelTree tree = begun(limits);
    asked[dear] = grow(tree, lookahead, {0, 2, 3, 4}).size();
    Proposal made = tree.likeliest();
    uint32_t worth = tree.worth(lookahead, made);
    EXPECT_GE(worth, 1u);
    EXPECT_LE(worth, made.count);
  }
  EXPECT_GT(asked[0], asked[1]);
  EXPECT_GE(asked[1], 1u);
}

TEST(ModelTree, RowsThatCostMuchAreFew) {
  const ModelTree::Limits limits{15, 7, 15, true};
  uint32_t worth[2];
  for (int dear : {0, 1}) {
    Lookahead lookahead = withCosts(dear ? 0.7 : 0.01, 0.1);
    ModelTree tree = begun(limits);
    (void)grow(tree, lookahead, {0, 1, 1, 1});
    worth[dear] = tree.worth(lookahead, tree.likeliest());
  }
  EXPECT_GT(worth[0], worth[1]);
}

TEST(ModelTree, LearnsOfAllThatWasProposed) {
  Lookahead lookahead;
  auto firstReach = [&] {
    ModelTree tree = begun({8, 4, 1, false});
    (void)grow(tree, lookahead, {0, 0.6f, 5});
    Proposal made = tree.likeliest();
    float first = 0, second = 0;
    for (uint32_t i = 0; i < made.count; ++i) {
      float rate = lookahead.acceptance().rate(made.guesses[i], 0);
      (made.ids[i] == 100 ? first : second) =
          made.ids[i] <= 101 ? rate : second;
    }
    // The model says what stood second, again and again.
    const int32_t said[] = {101};
    tree.learn(said, lookahead);
    return std::make_pair(first, second);
  };
  auto before = firstReach();
  for (int i = 0; i < 60; ++i)
    (void)firstReach();
  auto after = firstReach();
  EXPECT_LT(after.first, before.first);
  EXPECT_GT(after.second, before.second);
  EXPECT_GT(after.second, after.first);
}

TEST(ModelTree, MissingIdsAndRandomAnswers) {
  std::mt19937 random(1);
  for (int repeat = 0; repeat < 300; ++repeat) {
    ModelTree::Limits limits{1 + uint32_t(random() % 15),
                             uint32_t(random() % 8),
                             1 + uint32_t(random() % 15), random() % 2 == 0};
    Lookahead lookahead =
        withCosts(0.01 * double(random() % 30), 0.05 * double(random() % 10));
    ModelTree tree = begun(limits);
    int32_t path[Proposal::kMost];
    uint32_t answers = 0;
    for (int64_t depth; (depth = tree.next(lookahead, path)) >= 0; ++answers) {
      ASSERT_LT(uint32_t(depth), limits.ids);
      std::vector<int32_t> ids(random() % 5);
      std::vector<float> behind(ids.size());
      for (size_t i = 0; i < ids.size(); ++i) {
        ids[i] = random() % 6 ? int32_t(10 * i + random() % 10) : -1;
        behind[i] = float(random() % 100) / 10;
      }
      tree.add(ids, behind, lookahead.acceptance());
    }
    EXPECT_LE(answers, limits.answers);
    Proposal made = tree.likeliest();
    check(made, limits);
    EXPECT_LE(tree.worth(lookahead, made), made.count);
  }
}

} // namespace
