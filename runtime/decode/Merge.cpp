// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The proposals of several drafters as one tree.

#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

namespace {

/// Every id that some drafter proposes, each once a place.
class Trie {
public:
  Trie(const Drafting &drafting, const plan::Drafter &drafter, uint32_t most)
      : drafting(drafting), drafter(drafter), most(most) {}

  void grow();
  /// The likeliest ids.
  void take(Extended &text);

private:
  static constexpr uint32_t kNodes = 96;
  /// So often the tree grows behind its likeliest leaf.
  static constexpr uint32_t kGrowths = 4;

  /// Node 0 is the end of the text.
  struct Node {
    int32_t id = 0;
    uint8_t parent = 0, depth = 0;
    bool grown = false;    // drafters were asked what comes after it
    bool followed = false; // something does
    bool agreed = false;   // two drafters propose it
    float reach = 1;       // how likely the text comes here
    Guess guess;
  };

  void ask(uint32_t node);
  uint32_t add(uint32_t parent, int32_t id, const Guess &guess);
  void weigh();
  float alone(const Node &node) const;

  const Drafting &drafting;
  const plan::Drafter &drafter;
  uint32_t most;
  Node nodes[kNodes];
  uint32_t count = 1;
};

/// The rate by which guesses of one place are compared.
float Trie::alone(const Node &node) const {
  Guess guess = node.guess;
  guess.role = Guess::Role::Alone;
  return drafting.acceptance.rate(guess, node.depth - 1u);
}

uint32_t Trie::add(uint32_t parent, int32_t id, const Guess &guess) {
  for (uint32_t i = 1; i < count; ++i) {
    if (nodes[i].parent != parent || nodes[i].id != id)
      continue;
    // One that several propose, or one drafter at several places.
    Node other = nodes[i];
    other.guess = guess;
    nodes[i].agreed |= nodes[i].guess.source != guess.source;
    if (alone(other) > alone(nodes[i]))
      nodes[i].guess = guess;
    return i;
  }
  if (count == kNodes)
    return 0;
  Node &node = nodes[count];
  node.id = id;
  node.parent = uint8_t(parent);
  node.depth = uint8_t(nodes[parent].depth + 1);
  node.guess = guess;
  nodes[parent].followed = true;
  return count++;
}

/// What all parts propose behind a node.
void Trie::ask(uint32_t node) {
  nodes[node].grown = true;
  int32_t path[Proposal::kMost];
  uint32_t depth = nodes[node].depth;
  for (uint32_t at = node; at > 0; at = nodes[at].parent)
    path[nodes[at].depth - 1] = nodes[at].id;
  for (uint32_t part : *drafter.parts()) {
    Proposal made;
    Extended text(drafting.text, {path, depth}, made);
    append(drafting, part, text, most - depth);
    uint32_t at[Proposal::kMost + 1] = {node};
    for (uint32_t i = 0; i < made.count; ++i) {
      uint32_t parent = at[made.parents[i]];
      bool lost = parent == 0 && made.parents[i] > 0;
      at[i + 1] = lost ? 0 : add(parent, made.ids[i], made.guesses[i]);
    }
  }
}

/// Of ids at one place the likeliest is the first, the others stand behind it.
void Trie::weigh() {
  uint8_t first[kNodes] = {}; // of what comes after a node
  float rates[kNodes];
  for (uint32_t i = 1; i < count; ++i) {
    rates[i] = alone(nodes[i]);
    uint8_t &best = first[nodes[i].parent];
    if (best == 0 || rates[i] > rates[best])
      best = uint8_t(i);
  }
  for (uint32_t i = 1; i < count; ++i) {
    Node &node = nodes[i];
    node.guess.role = first[node.parent] != i ? Guess::Role::Behind
                      : node.agreed           ? Guess::Role::Agreed
                                              : Guess::Role::Alone;
    node.reach = nodes[node.parent].reach *
                 drafting.acceptance.rate(node.guess, node.depth - 1u);
  }
}

void Trie::grow() {
  ask(0);
  weigh();
  for (uint32_t growth = 0; growth < kGrowths; ++growth) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; ++i)
      if (!nodes[i].grown && !nodes[i].followed && nodes[i].depth < most &&
          nodes[i].reach >= drafting.least &&
          (best == 0 || nodes[i].reach > nodes[best].reach))
        best = i;
    if (best == 0)
      return;
    ask(best);
    weigh();
  }
}

/// One after the other, so that each stands behind what it comes after. A child
/// is never likelier than its parent, and stands behind it in the list.
void Trie::take(Extended &text) {
  Proposal &made = text.proposal();
  uint32_t branches = drafting.branches ? drafter.branches() : 0;
  uint32_t placeOf[kNodes] = {}; // 0: not taken
  bool followed[kNodes] = {};    // has a child that was taken
  while (made.count < drafter.max_draft() && !text.full()) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; ++i) {
      const Node &node = nodes[i];
      bool open = node.reach > 0 && placeOf[i] == 0 &&
                  (node.parent == 0 || placeOf[node.parent] > 0);
      bool allowed = !followed[node.parent] || branches > 0;
      if (open && allowed && (best == 0 || node.reach > nodes[best].reach))
        best = i;
    }
    if (best == 0)
      return;
    const Node &node = nodes[best];
    branches -= followed[node.parent];
    followed[node.parent] = true;
    made.add(placeOf[node.parent], node.id, node.guess);
    placeOf[best] = made.count;
  }
}

} // namespace

/// SpecInfer's merge of drafters (Miao et al., 2024) with a prefix tree as in
/// N-Grammys. Where a chain of one drafter ends, all are asked again.
void merge(const Drafting &drafting, const plan::Drafter &drafter,
           Extended &text, uint32_t most) {
  Trie trie(drafting, drafter, most);
  trie.grow();
  trie.take(text);
}

} // namespace sinter::runtime
