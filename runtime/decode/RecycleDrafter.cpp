// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Token Recycling (Luo et al., 2024): what the model ranked best after an id,
// in rows of rejected ids, too.

#include "runtime/decode/Drafter.h"

namespace sinter::runtime {

namespace {

static_assert(Recycled::kMostTimes == Guess::kSureness);

/// An id and how sure it is; -1: none.
struct Candidate {
  int32_t id = -1;
  Guess guess;
};

/// By how often in a row the model has ranked the id best; of those behind it,
/// by their rank.
Candidate candidate(const Work &work, int32_t after, uint32_t rank) {
  constexpr float kPriors[] = {0.15f, 0.3f, 0.4f, 0.45f, 0.5f};
  constexpr float kOthers[] = {0.5f, 0.3f, 0.2f, 0.15f, 0.1f};
  const Recycled &memory = work.drafting.recycled;
  if (rank >= memory.each)
    return {};
  uint32_t entry = memory.entries[size_t(after) * memory.each + rank];
  uint32_t times = Recycled::timesOf(entry);
  if (times == 0)
    return {};
  const bool best = rank == 0;
  uint32_t sureness = (best ? times : rank) - 1;
  sureness = sureness < Guess::kSureness ? sureness : Guess::kSureness - 1;
  return {int32_t(Recycled::idOf(entry)),
          Guess(work.index, sureness, (best ? kPriors : kOthers)[sureness],
                best ? Guess::Rank::First : Guess::Rank::Other)};
}

/// Ids behind the text, the likeliest first, each the next one of its parent.
class Unrolled {
public:
  explicit Unrolled(Work &work) : work(work), made(work.text.proposal()) {
    places[0] = {work.text.back(), work.text.last(), 0, 1};
  }
  void grow() {
    while (!work.text.full() && add())
      ;
  }

private:
  struct Place {
    int32_t id;
    uint32_t at;       // in the proposal
    uint32_t depth;    // behind what was asked for
    float reach;       // how likely the text comes here
    uint32_t next = 0; // rank of the next child
  };

  bool add() {
    uint32_t parent = 0;
    Candidate best;
    float reach = work.drafting.least;
    for (uint32_t i = 0; i < count; ++i) {
      if (places[i].depth == work.most())
        continue;
      Candidate next = candidate(work, places[i].id, places[i].next);
      if (next.id < 0)
        continue;
      if (places[i].next > 0)
        next.guess.role = Guess::Role::Behind;
      float likely = places[i].reach *
                     work.drafting.acceptance.rate(
                         next.guess, work.text.depth() + places[i].depth);
      if (likely < reach || (likely == reach && best.id >= 0))
        continue;
      parent = i;
      best = next;
      reach = likely;
    }
    if (best.id < 0)
      return false;
    made.add(places[parent].at, best.id, best.guess);
    ++places[parent].next;
    places[count++] = {best.id, made.count, places[parent].depth + 1, reach};
    return true;
  }

  Work &work;
  Proposal &made;
  Place places[Proposal::kMost + 1];
  uint32_t count = 1;
};

void remember(uint32_t &entry, int32_t id) {
  uint32_t times = Recycled::timesOf(entry);
  bool same = times && Recycled::idOf(entry) == uint32_t(id);
  times = same ? (times < Recycled::kMostTimes ? times + 1 : times) : 1;
  entry = uint32_t(id) | times << Recycled::kIdBits;
}

} // namespace

/// A chain of the best ids or, where drafts may branch, a tree of all.
void recycled(Work &work) {
  if (!work.drafting.recycled.entries)
    return;
  if (work.drafting.branches)
    return Unrolled(work).grow();
  Candidate next;
  do
    next = candidate(work, work.text.back(), 0);
  while (next.id >= 0 && work.push(next.id, next.guess));
}

void recycle(const Recycled &memory, int32_t id,
             std::span<const int32_t> ranked) {
  uint32_t *entries = memory.entries + size_t(id) * memory.each;
  for (uint32_t rank = 0; rank < memory.each; ++rank)
    if (rank < ranked.size() && ranked[rank] >= 0)
      remember(entries[rank], ranked[rank]);
    else
      entries[rank] = 0;
}

} // namespace sinter::runtime
