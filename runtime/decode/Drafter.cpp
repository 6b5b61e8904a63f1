// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

#include <bit>

namespace sinter::runtime {

size_t Extended::previous(size_t end) const {
  const int32_t last = back();
  for (; end > text.size(); --end)
    if ((*this)[end - 1] == last)
      return end;
  const int32_t *ids = text.data();
  while (end > 0 && ids[end - 1] != last)
    --end;
  return end;
}

uint32_t matchBefore(const Extended &text, size_t end, uint32_t most) {
  uint32_t same = 0;
  while (same < most && same < end &&
         text[end - 1 - same] == text[text.size() - 1 - same])
    ++same;
  return same;
}

bool Work::push(int32_t id, const Guess &guess) {
  if (pushed == limit || text.full())
    return false;
  reached *= drafting.acceptance.rate(guess, text.depth());
  text.push(id, guess);
  return ++pushed < limit && reached >= drafting.least;
}

void Work::also(int32_t id, uint32_t sureness, float prior) {
  if (drafting.branches && !text.full())
    text.also(id, Guess(index, sureness, prior, Guess::Rank::Other));
}

/// Layers of the model itself have a view of its cache.
static bool isOfItself(const plan::Plan &plan) {
  for (uint32_t i = 0; plan.states() && i < plan.states()->size(); ++i)
    if (plan.states()->Get(i)->kind() == plan::StateKind::View)
      return true;
  return false;
}

/// Another model of the plan, layers of this one, or heads, which the program
/// asks. Most models were not trained to be left early: where theirs was not,
/// the first id that is wrong ends it.
static void model(const Work &work) {
  constexpr float kPrior = 0.8f, kPriorOfLayers = 0.65f, kPriorOfHeads = 0.5f;
  Proposal &made = work.text.proposal();
  made.model = true;
  made.reads = work.drafter.kind() == plan::DrafterKind::Model;
  made.ofItself = made.reads && isOfItself(work.drafting.plan);
  float prior = !made.reads     ? kPriorOfHeads
                : made.ofItself ? kPriorOfLayers
                                : kPrior;
  for (uint32_t left = work.most(); left > 0; --left)
    work.text.push(0, Guess(work.index, 0, prior));
}

/// Again and again the ids of the drafter that promises the most tokens, of
/// equal ones the first.
static void surest(const Drafting &drafting, const plan::Drafter &drafter,
                   Extended &text, uint32_t most) {
  Drafting chains = drafting;
  chains.branches = false;
  const Proposal &made = text.proposal();
  for (uint32_t end = made.count + most; made.count < end;) {
    const uint32_t depth = made.count;
    Proposal best;
    float promised = 0;
    for (uint32_t part : *drafter.parts()) {
      Proposal tried;
      Extended extended(drafting.text, {made.ids, depth}, tried);
      append(chains, part, extended, end - depth);
      float tokens =
          drafting.acceptance.tokens(tried.guesses, tried.count, depth);
      if (tokens > promised) {
        promised = tokens;
        best = tried;
      }
    }
    if (best.count == 0)
      return;
    for (uint32_t i = 0; i < best.count; ++i)
      text.push(best.ids[i], best.guesses[i]);
  }
}

/// What one of the parts proposes. One whose ids the program makes proposes
/// nothing: it is asked next.
static void chooseOne(const Drafting &drafting, const plan::Drafter &drafter,
                      Extended &text, uint32_t most) {
  Proposal &made = text.proposal();
  Proposal tried[Bandit::kArms];
  uint32_t arms = 0, ofProgram = 0;
  for (uint32_t i = 0; i < drafter.parts()->size(); ++i) {
    uint32_t part = drafter.parts()->Get(i);
    Extended extended(drafting.text, {}, tried[i]);
    append(drafting, part, extended, most);
    arms |= uint32_t(tried[i].count > 0) << i;
    ofProgram |= uint32_t(tried[i].model) << i;
  }
  if (arms == 0)
    return;
  uint32_t first = uint32_t(std::countr_zero(arms));
  uint32_t arm = drafting.bandit ? drafting.bandit->choose(arms) : first;
  if (!(ofProgram >> arm & 1))
    made = tried[arm];
  made.arm = uint8_t(arm);
}

void append(const Drafting &drafting, uint32_t index, Extended &text,
            uint32_t most) {
  const plan::Drafter &drafter = *drafting.plan.drafters()->Get(index);
  most = most < drafter.max_draft() ? most : drafter.max_draft();
  most = most < Proposal::kMost ? most : Proposal::kMost;
  Work work(drafting, drafter, index, text, most);
  if (most == 0)
    return;
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
    return surest(drafting, drafter, text, most);
  case plan::DrafterKind::Merge:
    return merge(drafting, drafter, text, most);
  case plan::DrafterKind::Bandit:
    return chooseOne(drafting, drafter, text, most);
  case plan::DrafterKind::Model:
  case plan::DrafterKind::Heads:
    return model(work);
  }
}

Proposal propose(const Drafting &drafting, uint32_t index, uint32_t most) {
  Drafting asked = drafting;
  asked.branches =
      drafting.branches && drafting.plan.drafters()->Get(index)->branches() > 0;
  Proposal made;
  Extended text(drafting.text, {}, made);
  append(asked, index, text, most);
  return made;
}

} // namespace sinter::runtime
