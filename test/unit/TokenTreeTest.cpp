// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Analysis/TokenTree.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>
#include <vector>

using namespace sinter::analysis;

namespace {

/// The worth of the best tree of `ids` ids, by trying every way to share them
/// among a node's children: no greedy choice in it.
class Exhaustive {
public:
  explicit Exhaustive(std::vector<double> acceptance)
      : acceptance(std::move(acceptance)) {}

  double worth(unsigned ids, unsigned rank = 0) {
    if (ids == 0 || rank == acceptance.size())
      return 0;
    auto [found, added] = known.try_emplace({ids, rank}, 0);
    if (!added)
      return found->second;
    double best = worth(ids, rank + 1);
    for (unsigned own = 1; own <= ids; ++own)
      best = std::max(best, acceptance[rank] * (1 + worth(own - 1)) +
                                worth(ids - own, rank + 1));
    return known[{ids, rank}] = best;
  }

private:
  std::vector<double> acceptance;
  std::map<std::tuple<unsigned, unsigned>, double> known;
};

std::vector<float> costs(float row) {
  std::vector<float> result;
  for (int rows = 0; rows < 16; ++rows)
    result.push_back(1 + row * float(rows));
  return result;
}

TEST(TokenTree, IsTheBestOfAllTrees) {
  for (const std::vector<double> &acceptance : {std::vector<double>{0.9},
                                                {0.5, 0.5},
                                                {0.6, 0.1},
                                                {0.4, 0.3, 0.2},
                                                {0.25, 0.2, 0.15, 0.1},
                                                {0.05, 0.05, 0.05}})
    for (float row : {0.01f, 0.05f, 0.2f, 0.6f}) {
      std::vector<float> table = costs(row);
      TokenTree tree = bestTree(acceptance, table, 0);
      double gain = 1;
      Exhaustive other(acceptance);
      for (unsigned ids = 1; ids < table.size(); ++ids)
        gain = std::max(gain, (1 + other.worth(ids)) / table[ids]);
      EXPECT_NEAR(tree.gain, gain, 1e-9) << acceptance[0] << " " << row;
      EXPECT_NEAR(tree.tokens, 1 + other.worth(tree.ids), 1e-9);
    }
}

TEST(TokenTree, CountsLeaves) {
  EXPECT_EQ(bestTree({0.9}, costs(0.1f), 0).leaves, 1u);
  // Three children are likelier than any grandchild.
  std::vector<float> four = {1, 1.01f, 1.02f, 1.03f};
  EXPECT_EQ(bestTree({0.3, 0.3, 0.3}, four, 0).leaves, 3u);
  EXPECT_EQ(bestTree({0.3, 0.3, 0.3}, four, 0).ids, 3u);
}

TEST(TokenTree, LeavesThatCostMakeChains) {
  std::vector<float> table = costs(0.05f);
  EXPECT_GT(bestTree({0.5, 0.3}, table, 0).leaves, 1u);
  EXPECT_EQ(bestTree({0.5, 0.3}, table, 1).leaves, 1u);
}

TEST(TokenTree, NothingWhereNothingPays) {
  TokenTree tree = bestTree({0.1}, costs(0.5f), 0);
  EXPECT_EQ(tree.ids, 0u);
  EXPECT_EQ(tree.gain, 1);
  EXPECT_EQ(bestTree({0.5}, {}, 0).ids, 0u);
}

} // namespace
