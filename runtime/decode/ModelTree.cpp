// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/ModelTree.h"

namespace sinter::runtime {

namespace {

/// A model is sure of its best id where the second one lies far behind, and of
/// another one where that lies close. 0: nothing is known yet.
uint32_t surenessOf(float behind) {
  constexpr float kBounds[Guess::kMostSureness - 2] = {0.25f, 0.5f, 1, 2, 4, 8};
  uint32_t sureness = 1;
  for (float bound : kBounds)
    sureness += behind >= bound;
  return sureness;
}

/// How often the first id of an answer is right, where nothing is known, and of
/// each sureness it is wrong, or another one right (less than half of what is
/// said here: see Acceptance), in a model that is right so often.
constexpr float kUsual = 0.8f;
constexpr float kWrong[Guess::kMostSureness] = {
    1 - kUsual, 0.55f, 0.5f, 0.4f, 0.25f, 0.1f, 0.05f, 0.02f};
constexpr float kOther[Guess::kMostSureness] = {0,     0.9f, 0.75f, 0.5f,
                                                0.25f, 0.1f, 0.03f, 0.01f};
/// Depth says little where the model says how sure it is: what is learned holds
/// for all.
constexpr uint32_t kAnyDepth = 0;

/// What a draft costs that has the likeliest ids of a tree. Trees have many
/// numbers of rows: hoping the best of each would take too many of them.
class Speed {
public:
  Speed(const Lookahead &lookahead, uint32_t answers)
      : lookahead(lookahead), answers(answers) {
    Proposal ofModel;
    ofModel.model = ofModel.reads = true;
    answer = lookahead.idCost(ofModel);
  }
  /// Tokens a unit of time.
  double of(double tokens, uint32_t ids) const {
    return tokens / (lookahead.cost(ids + 1) + answers * answer);
  }

private:
  const Lookahead &lookahead;
  uint32_t answers;
  double answer;
};

/// Numbers that fall.
struct Falling {
  float values[Proposal::kMost] = {};
  uint32_t count = 0;

  void insert(float value) {
    uint32_t at = count;
    while (at > 0 && values[at - 1] < value)
      --at;
    if (at == Proposal::kMost)
      return;
    count += count < Proposal::kMost;
    for (uint32_t i = count - 1; i > at; --i)
      values[i] = values[i - 1];
    values[at] = value;
  }
  double best(const Speed &speed, uint32_t most) const {
    double tokens = 1, best = speed.of(tokens, 0);
    for (uint32_t i = 0; i < count && i < most; ++i) {
      tokens += values[i];
      double now = speed.of(tokens, i + 1);
      best = now > best ? now : best;
    }
    return best;
  }
};

} // namespace

void ModelTree::begin(uint32_t index, const Limits &wanted) {
  drafter = index;
  limits = wanted;
  if (limits.ids > Proposal::kMost)
    limits.ids = Proposal::kMost;
  nodes[0] = Node();
  count = 1;
  answered = at = 0;
}

Guess ModelTree::unasked() const { return Guess(drafter, 0, kUsual); }

/// Sureness of which nothing was seen yet is worth more in a better model.
Guess ModelTree::guessOf(bool first, float behind,
                         const Acceptance &rates) const {
  const uint32_t sureness = surenessOf(behind);
  float wrong = (1 - rates.rate(unasked(), kAnyDepth)) / (1 - kUsual);
  auto chance = [&](float usual) {
    return wrong * usual < 0.95f ? wrong * usual : 0.95f;
  };
  return first ? Guess(drafter, sureness, 1 - chance(kWrong[sureness]))
               : Guess(drafter, sureness, chance(kOther[sureness]),
                       Guess::Rank::Other);
}

float ModelTree::promised(const Node &node, const Acceptance &rates) const {
  return node.reach * rates.rate(unasked(), kAnyDepth);
}

/// A child is never likelier than its parent.
uint32_t ModelTree::order(uint32_t *taken) const {
  uint32_t branches = limits.branches, length = 0;
  bool isTaken[kNodes] = {true}, followed[kNodes] = {};
  while (length < limits.ids) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; ++i) {
      const Node &node = nodes[i];
      bool open = !isTaken[i] && isTaken[node.parent] && node.reach > 0;
      bool allowed = !followed[node.parent] || branches > 0;
      if (open && allowed && (best == 0 || node.reach > nodes[best].reach))
        best = i;
    }
    if (best == 0)
      break;
    branches -= followed[nodes[best].parent];
    followed[nodes[best].parent] = isTaken[best] = true;
    taken[length++] = best;
  }
  return length;
}

/// Whether another answer makes rounds faster, or the one after it does.
bool ModelTree::pays(const Lookahead &lookahead, const Node &node) const {
  constexpr uint32_t kAhead = 3;
  uint32_t taken[Proposal::kMost], length = order(taken);
  float gain = promised(node, lookahead.acceptance());
  if (!limits.weighsTime)
    return length < limits.ids || gain > nodes[taken[length - 1]].reach;
  Falling reached;
  for (uint32_t i = 0; i < length; ++i)
    reached.insert(nodes[taken[i]].reach);
  double now = reached.best({lookahead, answered}, limits.ids);
  for (uint32_t more = 1; more <= kAhead; ++more) {
    reached.insert(gain);
    if (reached.best({lookahead, answered + more}, limits.ids) > now)
      return true;
    gain *= lookahead.acceptance().rate(unasked(), kAnyDepth);
  }
  return false;
}

int64_t ModelTree::next(const Lookahead &lookahead, int32_t *path) {
  const Acceptance &rates = lookahead.acceptance();
  if (!begun() || answered >= limits.answers)
    return -1;
  uint32_t best = kNodes;
  for (uint32_t i = 0; i < count; ++i) {
    const Node &node = nodes[i];
    if (!node.asked && node.depth < limits.ids && node.reach > 0 &&
        (best == kNodes ||
         promised(node, rates) > promised(nodes[best], rates)))
      best = i;
  }
  if (best == kNodes || (answered > 0 && !pays(lookahead, nodes[best])))
    return -1;
  at = best;
  for (uint32_t i = at; i > 0; i = nodes[i].parent)
    path[nodes[i].depth - 1] = nodes[i].id;
  return nodes[at].depth;
}

void ModelTree::add(std::span<const int32_t> ids, std::span<const float> behind,
                    const Acceptance &rates) {
  if (!begun() || nodes[at].asked)
    return;
  nodes[at].asked = true;
  ++answered;
  const Node parent = nodes[at];
  for (uint32_t i = 0; i < ids.size() && count < kNodes; ++i) {
    bool first = i == 0;
    if (ids[i] < 0 || (!first && limits.branches == 0))
      return;
    // Where there is no second id the first one is sure.
    constexpr float kFar = 1e9f;
    const bool alone = ids.size() < 2 || ids[1] < 0;
    Node node;
    node.id = ids[i];
    node.parent = uint8_t(at);
    node.depth = uint8_t(parent.depth + 1);
    node.first = first;
    node.guess = guessOf(first,
                         !first  ? behind[i]
                         : alone ? kFar
                                 : behind[1],
                         rates);
    node.reach = parent.reach * rates.rate(node.guess, kAnyDepth);
    nodes[count++] = node;
  }
}

Proposal ModelTree::likeliest() const {
  Proposal made;
  made.model = made.reads = true;
  uint32_t taken[Proposal::kMost], length = order(taken);
  uint8_t placeOf[kNodes] = {};
  for (uint32_t i = 0; i < length; ++i) {
    const Node &node = nodes[taken[i]];
    made.add(placeOf[node.parent], node.id, node.guess);
    placeOf[taken[i]] = uint8_t(made.count);
  }
  return made;
}

uint32_t ModelTree::worth(const Lookahead &lookahead,
                          const Proposal &proposal) const {
  if (!limits.weighsTime || proposal.count == 0)
    return proposal.count;
  const Speed speed(lookahead, answered);
  uint32_t taken[Proposal::kMost], best = 1;
  (void)order(taken);
  double tokens = 1, fastest = 0;
  for (uint32_t ids = 1; ids <= proposal.count; ++ids) {
    tokens += nodes[taken[ids - 1]].reach;
    if (double now = speed.of(tokens, ids); now > fastest) {
      fastest = now;
      best = ids;
    }
  }
  return best;
}

void ModelTree::learn(std::span<const int32_t> said,
                      Lookahead &lookahead) const {
  bool right[kNodes] = {true};
  for (uint32_t i = 1; i < count; ++i) {
    const Node &node = nodes[i];
    uint32_t depth = node.depth - 1u;
    if (!right[node.parent] || depth >= said.size())
      continue;
    right[i] = node.id == said[depth];
    lookahead.learn(node.guess, kAnyDepth, right[i]);
    if (node.first)
      lookahead.learn(unasked(), kAnyDepth, right[i]);
  }
}

} // namespace sinter::runtime
