// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables of drafters, what forwards cost, depths, exits and blocks that go.

#include "runtime/decode/Bandit.h"
#include "runtime/decode/ModelSwitch.h"
#include "runtime/plan/TableVerifier.h"
#include "runtime/state/Depth.h"
#include "runtime/state/ModelState.h"
#include "sinter-c/exits.h"
#include "sinter-c/speculation.h"

namespace sinter::runtime {

static constexpr uint32_t kMaxDrafters = 64, kMaxMatch = 64;
static constexpr uint32_t kMaxExits = SINTER_EXITS;

Status TableVerifier::drafters() {
  uint32_t count = plan.drafters() ? plan.drafters()->size() : 0;
  if (count > kMaxDrafters)
    return bad("%u drafters, expected at most %u", count, kMaxDrafters);
  for (uint32_t i = 0; i < count; ++i) {
    const plan::Drafter &drafter = *plan.drafters()->Get(i);
    if (drafter.kind() > plan::DrafterKind::MAX ||
        drafter.policy() > plan::PolicyKind::MAX)
      return bad("drafter %u is of unknown kind %u or policy %u", i,
                 unsigned(drafter.kind()), unsigned(drafter.policy()));
    if (!drafter.name())
      return bad("drafter %u has no name", i);
    bool merges = drafter.kind() == plan::DrafterKind::Merge;
    bool chooses = drafter.kind() == plan::DrafterKind::Bandit;
    bool combines =
        merges || chooses || drafter.kind() == plan::DrafterKind::Priority;
    bool matches = drafter.kind() == plan::DrafterKind::Copy ||
                   drafter.kind() == plan::DrafterKind::Lookup;
    if (matches && (drafter.min_match() == 0 ||
                    drafter.max_match() < drafter.min_match() ||
                    drafter.max_match() > kMaxMatch))
      return bad("drafter %u matches %u to %u ids, expected 1 to %u", i,
                 drafter.min_match(), drafter.max_match(), kMaxMatch);
    if (drafter.max_draft() == 0 || drafter.max_draft() >= plan.max_rows())
      return bad("drafter %u drafts %u ids, expected 1 to %u", i,
                 drafter.max_draft(), plan.max_rows() - 1);
    // A place for each row of each path.
    uint64_t places =
        (drafter.branches() + uint64_t(1)) * (drafter.max_draft() + 1);
    bool branches = merges || drafter.kind() == plan::DrafterKind::Model;
    if (drafter.branches() && (!branches || places > plan.max_rows()))
      return bad("drafter %u of kind %s has %u branches of %u rows, expected "
                 "none, or places for all of them",
                 i, EnumNameDrafterKind(drafter.kind()), drafter.branches(),
                 drafter.max_draft() + 1);
    uint32_t parts = drafter.parts() ? drafter.parts()->size() : 0;
    if (combines != (parts > 0) || (chooses && parts > Bandit::kArms))
      return bad("drafter %u of kind %s has %u parts", i,
                 EnumNameDrafterKind(drafter.kind()), parts);
    for (uint32_t j = 0; j < parts; ++j) {
      uint32_t part = drafter.parts()->Get(j);
      if (part >= i)
        return bad("drafter %u has the part %u, expected an earlier one", i,
                   part);
      plan::DrafterKind kind = plan.drafters()->Get(part)->kind();
      if (!chooses && (kind == plan::DrafterKind::Model ||
                       kind == plan::DrafterKind::Heads))
        return bad("drafter %u has the part %u of kind %s, which the program "
                   "asks itself",
                   i, part, EnumNameDrafterKind(kind));
    }
    SINTER_TRY(policy(i, drafter));
    if (drafter.kind() == plan::DrafterKind::Recycle)
      SINTER_TRY(recycleBuffer(i, drafter));
    if (drafter.kind() == plan::DrafterKind::Ngram ||
        drafter.kind() == plan::DrafterKind::Trigram)
      SINTER_TRY(bigrams());
  }
  return Status();
}

Status TableVerifier::depths() {
  uint32_t count = plan.depths() ? plan.depths()->size() : 0;
  uint32_t layers = plan.states() && plan.states()->size()
                        ? plan.states()->Get(0)->layers()
                        : 0;
  if (count && layers > Depth::kMostLayers)
    return bad("depths of %u layers, expected at most %u", layers,
               Depth::kMostLayers);
  for (uint32_t i = 0; i < count; ++i) {
    const plan::Depth &depth = *plan.depths()->Get(i);
    uint32_t skips = depth.skips() ? depth.skips()->size() : 0;
    if (i == 0 ? depth.percent() != 100 || skips != 0
               : depth.percent() == 0 ||
                     depth.percent() >= plan.depths()->Get(i - 1)->percent())
      return bad("depth %u is of %u %% without %u layers; the first is whole,"
                 " and they fall",
                 i, depth.percent(), skips);
    for (uint32_t j = 0; j < skips; ++j)
      if (depth.skips()->Get(j) >= layers)
        return bad("depth %u leaves out layer %u of %u", i,
                   depth.skips()->Get(j), layers);
  }
  return Status();
}

/// A store that fits the model and its depths.
Status TableVerifier::retrieval() {
  const plan::Retrieval *store = plan.retrieval();
  if (!store)
    return Status();
  uint32_t depths = plan.depths() ? plan.depths()->size() : 0;
  if (depths == 0)
    return bad("depths are looked up, but the plan has none");
  auto holds = [&](uint32_t index, uint64_t bytes) {
    return index < plan.buffers()->size() &&
           plan.buffers()->Get(index)->bytes() >= bytes;
  };
  if (store->width() == 0 || !holds(store->key(), 4 * store->width()) ||
      !holds(store->choice(), kChoiceOffset + sizeof(int32_t)))
    return bad("the store of texts has keys of %u numbers, for which buffers "
               "%u and %u have no room",
               store->width(), store->key(), store->choice());
  uint32_t entries = store->entries();
  if (entries == 0)
    return Status();
  if (store->nearest() == 0 || store->nearest() > entries)
    return bad("the nearest %u of %u texts choose the depth", store->nearest(),
               entries);
  SINTER_TRY(rowsOf("keys", store->keys(), entries, store->width()));
  return rowsOf("laws", store->laws(), entries, depths);
}

/// A weight of the store: rows of f32, padded to 32 numbers at the end.
Status TableVerifier::rowsOf(const char *what, uint32_t index, uint32_t rows,
                             uint64_t cols) {
  uint32_t count = plan.weights() ? plan.weights()->size() : 0;
  const plan::Weight *weight =
      index < count ? plan.weights()->Get(index) : nullptr;
  uint64_t wanted = rows * cols;
  uint64_t numbers = weight ? weight->rows() * weight->cols() : 0;
  if (numbers == wanted &&
      weight->bytes() >= (wanted + 31) / 32 * 32 * sizeof(float))
    return Status();
  return bad("%s of the store of texts are %llu numbers, expected %llu: %u "
             "rows of %llu; it was made for another model, or other depths",
             what, ull(numbers), ull(wanted), rows, ull(cols));
}

Status TableVerifier::exits() {
  uint32_t count = plan.exits() ? plan.exits()->size() : 0;
  if (count > kMaxExits)
    return bad("%u exits, expected at most %u", count, kMaxExits);
  uint32_t above = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const plan::Exit &exit = *plan.exits()->Get(i);
    if (exit.probe() > plan::ProbeKind::MAX)
      return bad("exit %u has a probe of unknown kind %u", i,
                 unsigned(exit.probe()));
    if (exit.tokens() == 1 || exit.tokens() > plan.vocabulary())
      return bad("exit %u has a head of %u tokens, expected 2 to %u", i,
                 exit.tokens(), plan.vocabulary());
    if (exit.after() <= above ||
        exit.after() >= plan.states()->Get(0)->layers())
      return bad("exit %u is after %u layers, expected %u to %u", i,
                 exit.after(), above + 1, plan.states()->Get(0)->layers() - 1);
    above = exit.after();
    if (!(exit.threshold() >= 0 && exit.threshold() <= 1) ||
        !(exit.decay() >= 0) || !(exit.stop() <= exit.threshold()))
      return bad("exit %u has the threshold %g and the decay %g", i,
                 double(exit.threshold()), double(exit.decay()));
  }
  return Status();
}

Status TableVerifier::ffns() {
  const plan::Ffns *ffns = plan.ffns();
  if (!ffns)
    return Status();
  uint32_t count = plan.buffers()->size(), buffer = ffns->buffer();
  if (buffer >= count ||
      plan.buffers()->Get(buffer)->bytes() < kFfnWords * sizeof(int32_t))
    return bad("blocks that are left out are counted in buffer %u of %u, "
               "which needs %zu bytes",
               buffer, count, kFfnWords * sizeof(int32_t));
  if (!(ffns->threshold() >= 0 && ffns->threshold() <= 1))
    return bad("blocks are left out over %g, expected 0 to 1",
               double(ffns->threshold()));
  uint32_t all = plan.states()->Get(0)->layers();
  uint32_t layers = ffns->layers() ? ffns->layers()->size() : 0;
  for (uint32_t i = 0; i < layers; ++i) {
    uint32_t layer = ffns->layers()->Get(i);
    if (layer >= all || (i && layer <= ffns->layers()->Get(i - 1)))
      return bad("the block of layer %u of %u is left out, expected rising "
                 "layers",
                 layer, all);
  }
  return Status();
}

Status TableVerifier::modelSwitch() {
  const plan::ModelSwitch *models = plan.model_switch();
  auto some = [](const auto *list) { return list && list->size() > 0; };
  if (followsText(plan) &&
      (some(plan.drafters()) || some(plan.depths()) || some(plan.exits()) ||
       plan.ffns() || plan.retrieval()))
    return bad("a text leads, and drafts, depths, exits or blocks are of a "
               "model that does");
  if (!models)
    return Status();
  // Written so that no number is refused, too.
  if (!(models->threshold() >= 0) || models->window() == 0 ||
      models->window() > ModelSwitch::kMostTokens || models->least() == 0)
    return bad("models switch at %g bits of the last %u rows, for %u tokens; "
               "expected 0 or more, 1 to %u and 1 or more",
               double(models->threshold()), models->window(), models->least(),
               ModelSwitch::kMostTokens);
  if (!followsText(plan))
    return bad("models switch, but %s leads, expected a text",
               plan.states()->Get(0)->name()
                   ? plan.states()->Get(0)->name()->c_str()
                   : "a state");
  return Status();
}

Status TableVerifier::policy(uint32_t index, const plan::Drafter &drafter) {
  uint32_t wanted = drafter.policy() == plan::PolicyKind::Entropy ? 3
                    : drafter.policy() == plan::PolicyKind::Disco ? 5
                                                                  : 0;
  uint32_t given = drafter.settings() ? drafter.settings()->size() : 0;
  if (given < wanted)
    return bad("drafter %u has %u settings, policy %s takes %u", index, given,
               EnumNamePolicyKind(drafter.policy()), wanted);
  return Status();
}

/// Entries of each id, whose counts of repetitions need their highest bytes.
Status TableVerifier::recycleBuffer(uint32_t index,
                                    const plan::Drafter &drafter) {
  uint32_t count = plan.buffers() ? plan.buffers()->size() : 0;
  if (drafter.buffer() >= count || drafter.buffer() == plan.history_buffer())
    return bad("drafter %u keeps what it learns in buffer %u of %u, of which "
               "%u is the history",
               index, drafter.buffer(), count, plan.history_buffer());
  uint64_t bytes = plan.buffers()->Get(drafter.buffer())->bytes();
  uint64_t each = drafter.keeps() ? drafter.keeps() : 1;
  uint64_t wanted = each * plan.vocabulary() * sizeof(int32_t);
  if (bytes < wanted)
    return bad("drafter %u needs %llu bytes in buffer %u, which has %llu",
               index, ull(wanted), drafter.buffer(), ull(bytes));
  return Status();
}

Status TableVerifier::bigrams() {
  const plan::Bigrams *bigrams = plan.bigrams();
  uint32_t next = bigrams && bigrams->next() ? bigrams->next()->size() : 0;
  uint32_t chance =
      bigrams && bigrams->chance() ? bigrams->chance()->size() : 0;
  if (next != plan.vocabulary() || chance != plan.vocabulary())
    return bad("bigrams of %u and %u ids, expected %u", next, chance,
               plan.vocabulary());
  for (uint32_t id = 0; id < next; ++id)
    if (int32_t to = bigrams->next()->Get(id);
        to < -1 || to >= int64_t(plan.vocabulary()))
      return bad("the bigram of id %u goes to %d, which is no id", id, to);
  return Status();
}

Status TableVerifier::costs() {
  constexpr uint32_t kRows = SINTER_SPECULATION_ROWS;
  const plan::Costs *costs = plan.costs();
  if (!costs)
    return Status();
  uint32_t count = costs->rows() ? costs->rows()->size() : 0;
  if (count != kRows)
    return bad("costs of %u numbers of rows, expected %u", count, kRows);
  if (costs->rows()->Get(0) != 1)
    return bad("a row costs %g, which is the unit",
               double(costs->rows()->Get(0)));
  // Written so that NaN is refused, too.
  auto sensible = [](float cost) { return cost >= 0 && cost <= 1000; };
  for (uint32_t i = 1; i < kRows; ++i)
    if (float now = costs->rows()->Get(i), before = costs->rows()->Get(i - 1);
        !sensible(now) || now < before)
      return bad("%u rows cost %g and %u rows %g; expected rising costs up "
                 "to 1000",
                 i + 1, double(now), i, double(before));
  if (!sensible(costs->id()))
    return bad("an id of a draft costs %g, expected 0 to 1000",
               double(costs->id()));
  return Status();
}

} // namespace sinter::runtime
