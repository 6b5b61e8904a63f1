// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Speculation.h"
#include "runtime/base/Clock.h"
#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

#include <cstring>

namespace sinter::runtime {

uint32_t Speculation::draft(const plan::Plan &plan, uint32_t index,
                            std::span<const int32_t> text,
                            const Recycled &memory, int32_t *out,
                            uint32_t most) {
  settle();
  uint64_t before = nanoseconds();
  recycled = memory;
  drafter = plan.drafters()->Get(index);
  bool all = drafter->policy() == plan::PolicyKind::Static;
  // Drafts of a given length are chains.
  const Drafting drafting{plan,
                          lookahead.acceptance(),
                          text,
                          recycled,
                          all || length ? 0 : Lookahead::kLeast,
                          length == 0,
                          &bandit};
  proposal = {};
  if (most > 0)
    proposal = runtime::propose(drafting, index, most);
  if (drafter->kind() == plan::DrafterKind::Bandit)
    choosing = drafter;
  else
    proposal.arm = armOf(index);
  uint32_t count = length ? (length < proposal.count ? length : proposal.count)
                          : policy.choose(*drafter, proposal, lookahead);
  // A draft that does not pay is a round of its drafter's, too: the program may
  // ask another one after it.
  if (proposal.count && count == 0 && drafter == choosing) {
    bandit.learn(proposal.arm, 1, 1);
    proposal.arm = Proposal::kNoArm;
  }
  beginTree(index, count);
  ids[0] = text.back();
  arrange(count);
  if (!proposal.model)
    memcpy(out, ids + 1, count * sizeof(int32_t));
  accepted = saidCount = 0;
  timed = false;
  started = nanoseconds();
  counts.draft_ns += started - before;
  return count;
}

/// Where a model drafts a tree of so many ids, or as many as pay.
void Speculation::beginTree(uint32_t index, uint32_t count) {
  grown.end();
  if (drafter->kind() != plan::DrafterKind::Model || drafter->branches() == 0)
    return;
  ModelTree::Limits limits;
  limits.weighsTime = !length && drafter->policy() == plan::PolicyKind::Goodput;
  limits.ids = limits.weighsTime && count ? proposal.count : count;
  limits.answers = limits.weighsTime ? lookahead.most() : count;
  limits.branches = length ? 0 : drafter->branches();
  grown.begin(index, limits);
}

/// Of a drafter that the program asks itself, among those chosen from.
uint8_t Speculation::armOf(uint32_t index) const {
  const auto *parts = choosing ? choosing->parts() : nullptr;
  for (uint32_t i = 0; parts && i < parts->size(); ++i)
    if (parts->Get(i) == index)
      return uint8_t(i);
  return Proposal::kNoArm;
}

/// The first `count` ids of the proposal as rows: each path goes on with its
/// likeliest id.
void Speculation::arrange(uint32_t count) {
  rowsTree = DraftTree();
  uint8_t rowOf[Proposal::kMost + 1] = {};   // by id, from 1 on
  uint8_t waiting[Proposal::kMost + 1] = {}; // a stack
  uint32_t left = 1;
  while (left > 0) {
    uint32_t at = waiting[--left];
    if (at > 0) {
      rowOf[at] = uint8_t(rowsTree.rows);
      ids[rowsTree.rows] = proposal.ids[at - 1];
      rowsTree.add(rowOf[proposal.parents[at - 1]]);
    }
    for (uint32_t i = count; i > 0; --i)
      if (proposal.parents[i - 1] == at)
        waiting[left++] = uint8_t(i);
  }
  rows = rowsTree.rows;
}

uint64_t Speculation::lap() {
  uint64_t now = nanoseconds(), elapsed = now - started;
  counts.draft_ns += elapsed;
  started = now;
  return elapsed;
}

void Speculation::propose(uint32_t row, int32_t id) {
  if (row == 0 || row >= rows)
    return;
  ids[row] = proposal.ids[row - 1] = id;
  uint64_t elapsed = lap();
  if (row > 1 || !proposal.reads)
    lookahead.made(elapsed);
}

int64_t Speculation::expand(int32_t *path, int32_t *out) {
  int64_t depth = grown.next(lookahead, path);
  if (depth >= 0 || !grown.begun())
    return depth;
  proposal = grown.likeliest();
  uint32_t count = grown.worth(lookahead, proposal);
  arrange(count);
  memcpy(out, ids + 1, count * sizeof(int32_t));
  return depth;
}

/// The first answer of a draft may have had much to read.
void Speculation::proposeBest(std::span<const int32_t> best,
                              std::span<const float> behind) {
  grown.add(best, behind, lookahead.acceptance());
  uint64_t elapsed = lap();
  if (grown.answers() > 1)
    lookahead.made(elapsed);
}

bool Speculation::proposeWhile(uint32_t row, int32_t id,
                               const RowFigures &given) {
  propose(row, id);
  if (row + 1 < rows && (length || policy.goOn(*drafter, row, given)))
    return true;
  rows = row + 1;
  rowsTree = DraftTree::chain(rows);
  return false;
}

int64_t Speculation::follow(int64_t row, int32_t id) {
  if (!timed) {
    uint64_t elapsed = nanoseconds() - started;
    lookahead.took(rows, elapsed);
    counts.verify_ns += elapsed;
    timed = true;
  }
  observe(row, id);
  if (row < 0 || row >= int64_t(rows) || saidCount == Lookahead::kRows)
    return -1;
  said[saidCount++] = id;
  for (auto child = uint32_t(row) + 1; child < rows; ++child)
    if (rowsTree.parents[child] == uint32_t(row) && ids[child] == id) {
      ++accepted;
      return child;
    }
  return -1;
}

void Speculation::observe(int64_t row, int32_t id) {
  if (recycled.observed && row >= 0 && row < int64_t(rows))
    runtime::recycle(recycled, ids[row], {&id, 1});
}

/// Of rows with the same id the deepest one counts, of those the last.
void Speculation::recycle(std::span<const int32_t> ranked) {
  const uint32_t each = recycled.each;
  for (uint32_t depth = 0; depth <= rowsTree.depth(); ++depth)
    for (uint32_t row = 0; row < rows && (row + 1) * each <= ranked.size();
         ++row)
      if (rowsTree.depths[row] == depth)
        runtime::recycle(recycled, ids[row], ranked.subspan(row * each, each));
}

/// What became of the last draft. One that no forward has computed is none:
/// another drafter is asked after it.
void Speculation::settle() {
  if (rows == 0 || !timed) {
    rows = 0;
    return;
  }
  uint32_t count = rows - 1;
  ++counts.rounds;
  ++counts.rounds_of[count];
  counts.drafted += count;
  counts.accepted += accepted;
  for (uint32_t i = 0; i < rowsTree.depth(); ++i)
    ++counts.drafted_at[i];
  for (uint32_t i = 0; i < accepted; ++i)
    ++counts.accepted_at[i];
  countByDrafter(count);
  if (proposal.arm != Proposal::kNoArm)
    bandit.learn(proposal.arm, 1 + accepted,
                 lookahead.planned(proposal, count));
  uint32_t path = grown.begun() ? rowsTree.depth() : count;
  if (grown.begun()) {
    grown.learn({said, saidCount}, lookahead);
    lookahead.learnLength(path, accepted);
  } else {
    lookahead.learn(proposal, count, accepted, {said, saidCount});
  }
  policy.learn(*drafter, path, accepted);
  rows = 0;
}

/// Whose the ids were that a forward verified, and that became tokens.
void Speculation::countByDrafter(uint32_t count) {
  bool kept[Proposal::kMost + 1] = {true};
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t depth = proposal.depth(i), who = proposal.guesses[i].drafter();
    kept[i + 1] = kept[proposal.parents[i]] && depth < accepted &&
                  proposal.ids[i] == said[depth];
    ++counts.drafted_by[who];
    counts.accepted_by[who] += kept[i + 1];
  }
}

void Speculation::begin(uint32_t draftLength, const plan::Costs *costs,
                        bool clock) {
  lookahead.assume(costs, clock);
  length = draftLength;
  rows = 0;
  counts = {};
  counts.size = sizeof(counts);
}

const sinter_speculation &Speculation::figures() {
  settle();
  return counts;
}

} // namespace sinter::runtime
