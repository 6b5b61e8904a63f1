// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_SPECULATION_H
#define SINTER_RUNTIME_DECODE_SPECULATION_H

#include "runtime/decode/Bandit.h"
#include "runtime/decode/ModelTree.h"
#include "runtime/decode/Policy.h"
#include "runtime/plan/Recycled.h"
#include "runtime/state/DraftTree.h"
#include "sinter-c/speculation.h"

namespace sinter::plan {
struct Plan;
}

namespace sinter::runtime {

/// Drafts of one session: the one at hand, what became of earlier ones, and the
/// figures of the last call.
class Speculation {
public:
  /// As Host::draft.
  uint32_t draft(const plan::Plan &plan, uint32_t drafter,
                 std::span<const int32_t> text, const Recycled &recycled,
                 int32_t *ids, uint32_t most);
  /// As Host::tree.
  const DraftTree &tree() const { return rowsTree; }
  /// As Host::propose.
  void propose(uint32_t row, int32_t id);
  /// As Host::expand.
  int64_t expand(int32_t *path, int32_t *ids);
  /// As Host::proposeBest.
  void proposeBest(std::span<const int32_t> ids, std::span<const float> behind);
  /// As Host::proposeWhile.
  bool proposeWhile(uint32_t row, int32_t id, const RowFigures &given);
  /// As Host::follow.
  int64_t follow(int64_t row, int32_t id);
  /// As Host::observe.
  void observe(int64_t row, int32_t id);
  /// As Host::recycle.
  void recycle(std::span<const int32_t> ranked);
  /// The figures of a new call begin. `length`: of every draft that finds so
  /// many ids; 0: as its policy says. `costs`, `clock`: as Lookahead::assume.
  void begin(uint32_t length, const plan::Costs *costs, bool clock = true);
  /// What a draft store has of it, the last round included.
  void keep(StoreFields &fields) {
    settle();
    lookahead.keep(fields);
    policy.keep(fields);
    bandit.keep(fields);
  }
  /// Figures until now.
  const sinter_speculation &figures();

private:
  void arrange(uint32_t count);
  void beginTree(uint32_t index, uint32_t count);
  /// Since the last one: drafting.
  uint64_t lap();
  uint8_t armOf(uint32_t index) const;
  void countByDrafter(uint32_t count);
  void settle();

  Lookahead lookahead;
  Policy policy;
  Bandit bandit;
  const plan::Drafter *choosing = nullptr; // the one of kind Bandit
  const plan::Drafter *drafter = nullptr;  // of the proposal at hand
  uint32_t length = 0;
  Proposal proposal;
  ModelTree grown; // begun: the proposal, which the program makes
  DraftTree rowsTree;
  int32_t ids[Lookahead::kRows] = {};  // of the rows
  int32_t said[Lookahead::kRows] = {}; // behind row 0 and each one accepted
  uint32_t saidCount = 0;
  Recycled recycled;
  uint32_t rows = 0; // of the round at hand; 0: none
  uint32_t accepted = 0;
  bool timed = false;
  uint64_t started = 0;
  sinter_speculation counts = {};
};

} // namespace sinter::runtime
#endif
