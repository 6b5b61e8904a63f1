//===- TokenTree.cpp - the tree of drafted ids that pays most -------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TokenTree.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace sinter::analysis;

namespace {

/// A place in the tree.
struct Candidate {
  double chance;   // that the text goes this way
  unsigned depth;  // below the root
  unsigned rank;   // among its siblings
  unsigned parent; // in the order of the tree; the root is 0
};

} // namespace

/// Ids in the order of their chances: every beginning of the list is a tree,
/// and no other tree of its size is worth more, since an id is never likelier
/// than the one before it or than a sibling of a lower rank.
static SmallVector<Candidate> likeliest(ArrayRef<double> acceptance,
                                        size_t most) {
  SmallVector<Candidate> tree = {{1, 0, 0, 0}}, open;
  auto offer = [&](unsigned parent, unsigned rank) {
    if (rank < acceptance.size() && acceptance[rank] > 0)
      open.push_back({tree[parent].chance * acceptance[rank],
                      tree[parent].depth + 1, rank, parent});
  };
  offer(0, 0);
  while (!open.empty() && tree.size() <= most) {
    // Of equal ones the shallower, then the one offered first.
    auto *next = max_element(open, [](const auto &a, const auto &b) {
      return a.chance != b.chance ? a.chance < b.chance : a.depth > b.depth;
    });
    Candidate taken = *next;
    open.erase(next);
    tree.push_back(taken);
    offer(tree.size() - 1, 0);
    offer(taken.parent, taken.rank + 1);
  }
  return tree;
}

TokenTree sinter::analysis::bestTree(ArrayRef<double> acceptance,
                                     ArrayRef<float> costs, double leaf) {
  TokenTree best;
  if (costs.empty())
    return best;
  SmallVector<Candidate> tree = likeliest(acceptance, costs.size() - 1);
  SmallVector<bool> hasChild(tree.size());
  double tokens = 1;
  unsigned leaves = 1; // the root's own path
  for (unsigned ids = 1; ids < tree.size(); ++ids) {
    tokens += tree[ids].chance;
    leaves += hasChild[tree[ids].parent];
    hasChild[tree[ids].parent] = true;
    double gain = tokens / (costs[ids] + leaf * (leaves - 1));
    if (gain > best.gain)
      best = {ids, leaves, tokens, gain};
  }
  return best;
}
