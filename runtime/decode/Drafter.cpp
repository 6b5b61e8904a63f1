// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

namespace {

/// Text and the ids proposed so far.
class Extended {
public:
  Extended(std::span<const int32_t> text, Proposal &made)
      : text(text), made(made) {}
  size_t size() const { return text.size() + made.count; }
  int32_t operator[](size_t i) const {
    return i < text.size() ? text[i] : made.ids[i - text.size()];
  }
  int32_t back() const { return (*this)[size() - 1]; }
  Proposal &proposal() { return made; }
  void push(int32_t id, const Guess &guess) {
    made.ids[made.count] = id;
    made.guesses[made.count++] = guess;
  }

private:
  std::span<const int32_t> text;
  Proposal &made;
};

/// One drafter at work: it pushes up to `most` ids.
struct Work {
  const Drafting &drafting;
  const plan::Drafter &drafter;
  uint32_t index;
  Extended &text;
  uint32_t most;

  Guess guess(uint32_t sureness, float prior) const {
    return Guess(index, sureness, prior);
  }
};

/// Ids before `end` that equal the last ids of `text`, at most `most`.
uint32_t matchBefore(const Extended &text, size_t end, uint32_t most) {
  uint32_t same = 0;
  while (same < most && same < end &&
         text[end - 1 - same] == text[text.size() - 1 - same])
    ++same;
  return same;
}

/// CopySpec (Dumitru et al., 2025), with the longest match first: the ids
/// behind the latest of the occurrences that match best.
void copy(const Work &work) {
  const plan::Drafter &drafter = work.drafter;
  Extended &text = work.text;
  const int32_t last = text.back();
  uint32_t best = 0;
  size_t from = 0;
  for (size_t end = text.size() - 1; end >= drafter.min_match(); --end) {
    if (text[end - 1] != last)
      continue;
    uint32_t match = matchBefore(text, end, drafter.max_match());
    if (match < drafter.min_match() || match <= best)
      continue;
    best = match;
    from = end;
    if (match == drafter.max_match())
      break;
  }
  if (best == 0)
    return;
  // 1, 2, 3-4, 5-8, more.
  constexpr float kPriors[] = {0.3f, 0.4f, 0.6f, 0.75f, 0.9f};
  uint32_t sureness = best <= 2 ? best - 1 : best <= 4 ? 2 : best <= 8 ? 3 : 4;
  // A copy that reaches its own end goes on with what it has written.
  for (uint32_t i = 0; i < work.most; ++i)
    text.push(text[from + i], work.guess(sureness, kPriors[sureness]));
}

/// The id that comes most often after the last `length` ids; the latest of
/// those that come equally often. -1: they come once.
int32_t mostFrequent(const Extended &text, uint32_t length) {
  constexpr uint32_t kCandidates = 16; // the latest ones count
  int32_t candidates[kCandidates];
  uint32_t counts[kCandidates], known = 0;
  for (size_t end = text.size() - 1; end >= length; --end) {
    if (matchBefore(text, end, length) < length)
      continue;
    uint32_t i = 0;
    while (i < known && candidates[i] != text[end])
      ++i;
    if (i < known) {
      ++counts[i];
    } else if (known < kCandidates) {
      candidates[known] = text[end];
      counts[known++] = 1;
    }
  }
  uint32_t best = 0;
  for (uint32_t i = 1; i < known; ++i)
    best = counts[i] > counts[best] ? i : best;
  return known ? candidates[best] : -1;
}

/// The context n-grams of N-Grammys (Stewart et al., 2024), as a chain.
void lookup(const Work &work) {
  constexpr float kPriors[] = {0.15f, 0.35f, 0.5f, 0.65f, 0.8f};
  for (uint32_t made = 0; made < work.most; ++made) {
    int32_t next = -1;
    uint32_t length = work.drafter.max_match() + 1;
    while (next < 0 && --length >= work.drafter.min_match())
      if (length < work.text.size())
        next = mostFrequent(work.text, length);
    if (next < 0)
      return;
    uint32_t sureness = length < Guess::kSureness ? length - 1 : 4;
    work.text.push(next, work.guess(sureness, kPriors[sureness]));
  }
}

/// What the model says after an id alone. `chance` of 255: always.
struct Mined {
  int32_t id = -1;
  uint32_t chance = 0;
};
Mined mined(const plan::Plan &plan, int32_t id) {
  const plan::Bigrams *bigrams = plan.bigrams();
  if (!bigrams)
    return {};
  return {bigrams->next()->Get(uint32_t(id)),
          bigrams->chance()->Get(uint32_t(id))};
}

/// Bigrams of the weights (N-Grammys), one behind the other.
void ngram(const Work &work) {
  // Chances in fifths; what the text before says is not in them.
  constexpr float kPriors[] = {0.1f, 0.2f, 0.3f, 0.4f, 0.6f};
  for (uint32_t made = 0; made < work.most; ++made) {
    Mined next = mined(work.drafting.plan, work.text.back());
    if (next.id < 0)
      return;
    uint32_t sureness = next.chance * Guess::kSureness / 256;
    work.text.push(next.id, work.guess(sureness, kPriors[sureness]));
  }
}

/// Tri-grams of the text (ADED, Liu et al., 2024) with weights that halve from
/// one occurrence to the next older one; where the text has none, the bigram of
/// the weights. As a chain, the search is a walk along the greatest weights.
void trigram(const Work &work) {
  constexpr uint32_t kOccurrences = 8;
  // One occurrence; a few that disagree; two that agree; more; of the weights.
  constexpr float kPriors[] = {0.3f, 0.35f, 0.5f, 0.6f, 0.3f};
  Extended &text = work.text;
  for (uint32_t made = 0; made < work.most; ++made) {
    int32_t ids[kOccurrences];
    float weights[kOccurrences], weight = 0.5f;
    uint32_t known = 0, seen = 0;
    for (size_t end = text.size() - 1; end >= 2 && seen < kOccurrences; --end) {
      if (matchBefore(text, end, 2) < 2)
        continue;
      uint32_t i = 0;
      while (i < known && ids[i] != text[end])
        ++i;
      if (i == known) {
        ids[known] = text[end];
        weights[known++] = 0;
      }
      weights[i] += weight;
      weight /= 2;
      ++seen;
    }
    uint32_t best = 0;
    for (uint32_t i = 1; i < known; ++i)
      best = weights[i] > weights[best] ? i : best;
    uint32_t sureness = 4;
    Mined next = mined(work.drafting.plan, text.back());
    if (known) {
      next.id = ids[best];
      sureness = seen == 1 ? 0 : known > 1 ? 1 : seen == 2 ? 2 : 3;
    }
    if (next.id < 0)
      return;
    text.push(next.id, work.guess(sureness, kPriors[sureness]));
  }
}

/// Token Recycling (Luo et al., 2024) as a chain: what the model said last
/// after each id, in rows of rejected ids, too.
void recycled(const Work &work) {
  constexpr float kPriors[] = {0.15f, 0.3f, 0.4f, 0.45f, 0.5f};
  if (!work.drafting.recycled)
    return;
  for (uint32_t made = 0; made < work.most; ++made) {
    auto entry = uint32_t(work.drafting.recycled[work.text.back()]);
    uint32_t times = entry >> kRecycledBits;
    if (times == 0)
      return;
    uint32_t sureness = times < Guess::kSureness ? times - 1 : 4;
    work.text.push(int32_t(entry & ((1u << kRecycledBits) - 1)),
                   work.guess(sureness, kPriors[sureness]));
  }
}

/// Another model of the plan, or heads, which the program asks.
void model(const Work &work, Proposal &made) {
  constexpr float kPrior = 0.8f, kPriorOfHeads = 0.5f;
  made.model = true;
  made.reads = work.drafter.kind() == plan::DrafterKind::Model;
  while (made.count < work.most)
    made.guesses[made.count++] =
        work.guess(0, made.reads ? kPrior : kPriorOfHeads);
}

void append(const Drafting &drafting, uint32_t index, Extended &text,
            uint32_t most);

/// Again and again the ids of the drafter that promises the most tokens, of
/// equal ones the first.
void surest(const Work &work, Proposal &made) {
  const uint32_t end = made.count + work.most;
  while (made.count < end) {
    const uint32_t depth = made.count;
    Proposal best = made;
    float most = 0;
    for (uint32_t part : *work.drafter.parts()) {
      Proposal tried = made;
      Extended extended(work.drafting.text, tried);
      append(work.drafting, part, extended, end - depth);
      float tokens = work.drafting.acceptance.tokens(
          tried.guesses + depth, tried.count - depth, depth);
      if (tokens > most) {
        most = tokens;
        best = tried;
      }
    }
    if (best.count == depth)
      return;
    made = best;
  }
}

void append(const Drafting &drafting, uint32_t index, Extended &text,
            uint32_t most) {
  const plan::Drafter &drafter = *drafting.plan.drafters()->Get(index);
  most = most < drafter.max_draft() ? most : drafter.max_draft();
  const Work work{drafting, drafter, index, text, most};
  switch (drafter.kind()) {
  case plan::DrafterKind::Copy:
    return copy(work);
  case plan::DrafterKind::Lookup:
    return lookup(work);
  case plan::DrafterKind::Ngram:
    return ngram(work);
  case plan::DrafterKind::Trigram:
    return trigram(work);
  case plan::DrafterKind::Recycle:
    return recycled(work);
  case plan::DrafterKind::Priority:
    return surest(work, text.proposal());
  case plan::DrafterKind::Model:
  case plan::DrafterKind::Heads:
    return model(work, text.proposal());
  }
}

} // namespace

Proposal propose(const Drafting &drafting, uint32_t index, uint32_t most) {
  Proposal made;
  Extended text(drafting.text, made);
  append(drafting, index, text,
         most < Proposal::kMost ? most : Proposal::kMost);
  return made;
}

void recycle(int32_t *recycled, int32_t id, int32_t token) {
  auto &entry = reinterpret_cast<uint32_t &>(recycled[id]);
  uint32_t times = entry >> kRecycledBits;
  bool same = times && (entry & ((1u << kRecycledBits) - 1)) == uint32_t(token);
  times = same ? (times < Guess::kSureness ? times + 1 : times) : 1;
  entry = uint32_t(token) | times << kRecycledBits;
}

} // namespace sinter::runtime
