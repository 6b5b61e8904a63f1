// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_INTERPRETER_H
#define SINTER_RUNTIME_PLAN_INTERPRETER_H

#include "runtime/plan/Execute.h"
#include "runtime/plan/LoadedPlan.h"
#include "runtime/plan/Profiler.h"
#include "runtime/schema/plan_generated.h"
#include "runtime/state/Batch.h"

namespace sinter::runtime {

/// Runs one function of a plan's program: instructions and frames, states,
/// drafts, and what else the program asks for.
class Interpreter {
public:
  Interpreter(const LoadedPlan &plan, SessionMemory &session, Host &host,
              Profiler *profiler)
      : plan(plan), program(plan.program()), memory(session.pool()),
        pointers(session.pointers()), session(&session), host(host),
        profiler(profiler) {}
  Interpreter(const LoadedPlan &plan, Batch &batch, Host &host,
              Profiler *profiler)
      : plan(plan), program(plan.program()), memory(batch.memory()),
        pointers(batch.memory().batchPointers()), batch(&batch), host(host),
        profiler(profiler) {}

  Status run(uint32_t function, std::span<const int64_t> arguments,
             std::atomic<bool> &cancel);
  /// However the function ended: what a model computed of a path that was not
  /// kept goes.
  void forgetPath();

private:
  /// A program that breaks a rule which only shows when it runs.
  Status broken(const char *what);
  Status step(const Instruction &op);
  Status arith(const Instruction &op);
  Status dispatch(const Instruction &op);

  // Frames: room for the deepest path was checked when the plan was built.
  void enter(uint32_t index);
  void call(const Instruction &op);
  void leave(const Instruction &op);

  // States.
  /// A batch has no one history; its functions do not look at it.
  uint8_t *buffer(uint32_t index) {
    return session ? session->buffer(index) : memory.buffer(index);
  }
  Status state(const Instruction &op);
  Status commit(uint32_t index, KvCache &cache, uint64_t count);
  /// Of a reservation, rows [keptRows, keptRows + count) of the input buffer.
  Status keep(uint32_t index, KvCache &cache, uint64_t count);
  /// Row `row` of the draft, which follows the last one kept.
  Status keepRow(KvCache &cache, uint64_t row);
  int32_t *ids() {
    return reinterpret_cast<int32_t *>(
        memory.buffer(plan.tables().input_buffer()));
  }

  // Services.
  Status service(const Instruction &op);
  Status peekInput(const Instruction &op, int64_t most);
  /// Places in the history behind what is committed are free.
  Status hold(int64_t place, int64_t token);
  Status agree(const Instruction &op, int64_t token);
  Status decide(const Instruction &op, int64_t first);

  // Drafts.
  /// What follows the text of the session and the id in row 0.
  Status draft(const Instruction &op, int64_t most);
  /// The next id that the program itself drafts. Places in the history behind
  /// what is committed are free.
  Status propose(const Instruction &op, int64_t row);
  /// The rows of the draft at hand are those that the host says.
  Status arrange(uint32_t count);
  /// The next place of a tree that a model is asked for.
  Status expand(const Instruction &op);
  /// What the model says there.
  Status proposeBest(const Instruction &op);
  /// Positions of the model's state that have the ids of the history.
  int64_t agreed() const;
  /// The ids drafted right after a row, and the rows that hold them.
  Status children(const Instruction &op, int64_t row);
  /// Room for the rows of the draft, and where they stand.
  Status placeDraft(const Instruction &op);
  /// Where the token after a row stands that was not kept. The ids before it
  /// stand in the history, as far as their places are free.
  int64_t positionAfter(int64_t row);
  /// What is ranked best after the rows of the draft is in buffer op.a.
  Status recycle(const Instruction &op, int64_t rows);
  Status follow(const Instruction &op, int64_t row);

  // Depths and batches.
  /// Kernels of layers that go are not dispatched: the program looks at bits.
  Status chooseDepth(const Instruction &op, int64_t prefer);
  Status takeRows(const Instruction &op);
  void see(const RowPlace *places, uint32_t rows);

  const LoadedPlan &plan;
  const Program &program;
  PoolMemory &memory;
  void *const *pointers;
  SessionMemory *session = nullptr; // or
  Batch *batch = nullptr;
  Host &host;
  Profiler *profiler = nullptr;
  SeenPositions seen; // of a batch or a tree, for the profiler
  static constexpr uint32_t kNone = UINT32_MAX;
  // The draft at hand: its ids, how its rows hang together, the position of row
  // 0, and the last row that was kept.
  uint32_t allowed = 0, proposed = 0;
  DraftTree tree;
  uint32_t drafted = 0, kept = kNone;
  /// Of a tree that a model drafts: its state, the position of row 0, and the
  /// path that was computed last.
  struct Path {
    uint32_t state = kNone, base = 0, length = 0;
    int32_t ids[DraftTree::kRows] = {};
  } path;
  const FunctionInfo *function = nullptr;
  int64_t *registers = nullptr;
  int64_t *top = memory.registers();
  uint32_t next = 0;
  uint32_t depth = 0;
  bool done = false;
};

} // namespace sinter::runtime
#endif
