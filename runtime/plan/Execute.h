// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_EXECUTE_H
#define SINTER_RUNTIME_PLAN_EXECUTE_H

#include "runtime/base/Status.h"
#include "runtime/plan/Recycled.h"
#include "runtime/plan/RowFigures.h"
#include "runtime/state/DraftTree.h"

#include <atomic>
#include <cstdint>
#include <span>

namespace sinter::runtime {

class Batch;
class LoadedPlan;
class Profiler;
class SessionMemory;

/// What a probe says; see ProbeKind in plan.fbs.
struct ProbeWords {
  float first, second;
};

/// What becomes of a row at an exit: as the service Decide has it.
enum class ExitAction : uint8_t { GoOn = 0, Leave = 1, Stop = 2 };

/// Services that a program asks its caller for.
class Host {
public:
  /// Copies up to `room` waiting ids to `ids`; how many.
  virtual uint32_t takeInput(int32_t *ids, uint32_t room) = 0;
  /// The same from the `from`-th on, which wait as before.
  virtual uint32_t peekInput(uint64_t from, int32_t *ids, uint32_t room) const {
    (void)from, (void)ids, (void)room;
    return 0;
  }
  /// Ids that takeInput() has not taken yet.
  virtual uint64_t waiting() const { return 0; }
  /// A token was chosen; `stop` ends the generation.
  virtual Status emitToken(int32_t id, bool &stop) = 0;
  /// Rows of `vocabulary` floats, `stride` apart; may be changed in place.
  virtual Status emitLogits(float *rows, uint32_t count, uint32_t stride) = 0;
  /// Proposes at most `most` ids that may follow `text`, by a drafter of the
  /// plan; how many.
  virtual uint32_t draft(uint32_t drafter, std::span<const int32_t> text,
                         const Recycled &recycled, int32_t *ids,
                         uint32_t most) {
    (void)drafter, (void)text, (void)recycled, (void)ids, (void)most;
    return 0;
  }
  /// How the rows of the last draft hang together; null: one behind the other.
  virtual const DraftTree *tree() const { return nullptr; }
  /// Id `id` is row `row` of the draft at hand, which the program makes by
  /// itself.
  virtual void propose(uint32_t row, int32_t id) { (void)row, (void)id; }
  /// The same, with the entropy and the two largest probabilities of the row
  /// that the id was drawn from; whether another id is wanted.
  virtual bool proposeWhile(uint32_t row, int32_t id, const RowFigures &given) {
    (void)row, (void)id, (void)given;
    return false;
  }
  /// The draft at hand is a tree that the program grows: writes the ids before
  /// the place that it is asked for next to `path`, which has room for as many
  /// as a draft has, and returns how many. -1: there are enough; tree() has the
  /// rows, whose ids go to `ids`, from row 1 on.
  virtual int64_t expand(int32_t *path, int32_t *ids) {
    (void)path, (void)ids;
    return -1;
  }
  /// Ids for that place, the best one first, -1 for none, and how far each lies
  /// behind the best one.
  virtual void proposeBest(std::span<const int32_t> ids,
                           std::span<const float> behind) {
    (void)ids, (void)behind;
  }
  /// Whether `id` would end the text.
  virtual bool endsText(int32_t id) const {
    (void)id;
    return false;
  }
  /// Id `id` comes after row `row` of the draft; the row that proposed it, or
  /// -1.
  virtual int64_t follow(int64_t row, int32_t id) {
    (void)row, (void)id;
    return -1;
  }
  /// The model says `id` after row `row` of the draft, which was not kept.
  virtual void observe(int64_t row, int32_t id) { (void)row, (void)id; }
  /// The ids that the model ranks best after each row of the draft, Recycled::
  /// each of it, the best first; -1: no more.
  virtual void recycle(std::span<const int32_t> ranked) { (void)ranked; }

  /// The row at hand has this entropy, in nats; the other model of the plan
  /// lacks `behind` positions. Which one writes: 0 the small one, 1 the large.
  virtual int64_t chooseModel(float entropy, int64_t behind) {
    (void)entropy, (void)behind;
    return 0;
  }

  /// The probe of an exit says `said` about the row at `position`; `room` more
  /// may wait for the layers above.
  virtual ExitAction decide(uint32_t exit, ProbeWords said, int64_t room,
                            uint32_t position) {
    (void)exit, (void)said, (void)room, (void)position;
    return ExitAction::GoOn;
  }
  /// A token that was held back was, or was not, what all layers say.
  virtual void agree(bool same) { (void)same; }

protected:
  ~Host() = default;
};

/// Runs function `function` of the plan's program to its end.  Looks at
/// `cancel` at every instruction and clears it when it ends for that reason.
/// What was reserved but not committed is given back, however it ends.
/// `profiler`, if any, sees every dispatch.
Status execute(const LoadedPlan &plan, SessionMemory &session,
               uint32_t function, std::span<const int64_t> arguments,
               Host &host, std::atomic<bool> &cancel,
               Profiler *profiler = nullptr);

/// The same for a function without parameters that computes the rows of
/// `batch`; what it did not commit goes away with the batch.
Status executeBatch(const LoadedPlan &plan, Batch &batch, uint32_t function,
                    Host &host, std::atomic<bool> &cancel,
                    Profiler *profiler = nullptr);

} // namespace sinter::runtime
#endif
