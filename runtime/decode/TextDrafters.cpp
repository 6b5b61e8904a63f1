// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Drafters that count what followed the last ids in the text.

#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

namespace {

/// Ids that followed, each with a weight; the latest ones count.
class Followers {
public:
  /// One more occurrence, older than those before. False: there is no more
  /// room, and no more is wanted.
  void add(int32_t id, float weight) {
    uint32_t i = 0;
    while (i < known && ids[i] != id)
      ++i;
    if (i == kMost)
      return;
    if (i == known) {
      ids[known] = id;
      weights[known++] = 0;
    }
    weights[i] += weight;
  }
  uint32_t count() const { return known; }
  /// The heaviest one but `besides`, of equal ones the latest; -1: none.
  int32_t best(int32_t besides = -1) const {
    int32_t found = -1;
    float most = 0;
    for (uint32_t i = 0; i < known; ++i)
      if (ids[i] != besides && weights[i] > most) {
        found = ids[i];
        most = weights[i];
      }
    return found;
  }

private:
  static constexpr uint32_t kMost = 16;
  int32_t ids[kMost];
  float weights[kMost];
  uint32_t known = 0;
};

Followers followers(const Extended &text, uint32_t length) {
  Followers found;
  for (size_t end = text.previous(text.size() - 1); end >= length;
       end = text.previous(end - 1))
    if (matchBefore(text, end, length) == length)
      found.add(text[end], 1);
  return found;
}

} // namespace

/// The context n-grams of N-Grammys (Stewart et al., 2024), the longest first,
/// and beside each id the second one.
void lookup(Work &work) {
  constexpr float kPriors[] = {0.15f, 0.35f, 0.5f, 0.65f, 0.8f};
  while (true) {
    int32_t next = -1, other = -1;
    uint32_t length = work.drafter.max_match() + 1;
    while (next < 0 && --length >= work.drafter.min_match())
      if (length < work.text.size()) {
        Followers found = followers(work.text, length);
        next = found.best();
        other = found.best(next);
      }
    if (next < 0)
      return;
    uint32_t sureness = length < Guess::kSureness ? length - 1 : 4;
    if (other >= 0)
      work.also(other, sureness, kPriors[sureness]);
    if (!work.push(next, sureness, kPriors[sureness]))
      return;
  }
}

/// What the model says after an id alone. `chance` of 255: always.
struct Mined {
  int32_t id = -1;
  uint32_t chance = 0;
};
static Mined mined(const plan::Plan &plan, int32_t id) {
  const plan::Bigrams *bigrams = plan.bigrams();
  if (!bigrams)
    return {};
  return {bigrams->next()->Get(uint32_t(id)),
          bigrams->chance()->Get(uint32_t(id))};
}

/// Bigrams of the weights (N-Grammys), one behind the other.
void ngram(Work &work) {
  // Chances in fifths; what the text before says is not in them.
  constexpr float kPriors[] = {0.1f, 0.2f, 0.3f, 0.4f, 0.6f};
  while (true) {
    Mined next = mined(work.drafting.plan, work.text.back());
    uint32_t sureness = next.chance * Guess::kSureness / 256;
    if (next.id < 0 || !work.push(next.id, sureness, kPriors[sureness]))
      return;
  }
}

/// Tri-grams of the text (ADED, Liu et al., 2024) with weights that halve from
/// one occurrence to the next older one; where the text has none, the bigram of
/// the weights. The search is a walk along the greatest weights, and beside
/// them the second ones.
void trigram(Work &work) {
  constexpr uint32_t kOccurrences = 8;
  // One occurrence; a few that disagree; two that agree; more; of the weights.
  constexpr float kPriors[] = {0.3f, 0.35f, 0.5f, 0.6f, 0.3f};
  Extended &text = work.text;
  while (true) {
    Followers found;
    float weight = 0.5f;
    uint32_t seen = 0;
    for (size_t end = text.previous(text.size() - 1);
         end >= 2 && seen < kOccurrences; end = text.previous(end - 1))
      if (matchBefore(text, end, 2) == 2) {
        found.add(text[end], weight);
        weight /= 2;
        ++seen;
      }
    int32_t next = found.best(), other = found.best(next);
    int32_t table = mined(work.drafting.plan, text.back()).id;
    uint32_t sureness = 4;
    if (next >= 0)
      sureness = seen == 1 ? 0 : found.count() > 1 ? 1 : seen == 2 ? 2 : 3;
    else
      next = table;
    if (next < 0)
      return;
    if (other >= 0)
      work.also(other, 1, kPriors[1]);
    else if (table >= 0 && table != next)
      work.also(table, 4, kPriors[4]);
    if (!work.push(next, sureness, kPriors[sureness]))
      return;
  }
}

} // namespace sinter::runtime
