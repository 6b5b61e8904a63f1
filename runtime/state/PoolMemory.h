// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_POOLMEMORY_H
#define SINTER_RUNTIME_STATE_POOLMEMORY_H

#include "runtime/base/Vector.h"
#include "runtime/plan/LoadedPlan.h"
#include "runtime/plan/Recycled.h"
#include "runtime/state/PagePool.h"

#include <utility>

namespace sinter::runtime {

class SessionMemory;

/// A row of a batch.
struct BatchRow {
  SessionMemory *session;
  int32_t id;
  uint32_t ordinal; // among the rows of its session
  bool wantsLogits;
};

/// What a pool has room for.
struct PoolSize {
  uint32_t sessions = 1;
  uint32_t context = 0;   // positions of the longest session
  uint64_t positions = 0; // of all sessions; 0: sessions * context
  bool batches = false;   // rows of several sessions in one forward
};

/// Where the parts of a pool lie in its one allocation.  All sizes follow from
/// the plan and the size of the pool, so that a session is paid for when it is
/// created and nothing is allocated between two tokens.
struct PoolLayout {
  static constexpr uint64_t kAlignment = 4096;

  /// False when the sum overflows.
  static bool compute(const LoadedPlan &plan, const PoolSize &size,
                      PoolLayout &layout);

  uint64_t buffers = 0; // of each buffer but the history
  uint64_t states = 0;  // planes, then the list of free pages, of each state
  // Of each session:
  uint64_t histories = 0, historyBytes = 0;
  uint64_t tables = 0, tableBytes = 0; // one a state, all of one size;
  uint32_t paths = 0; // and behind them those of a tree's further runs
  uint64_t pointers = 0, pointerBytes = 0; // of all bindings of the program
  // Of whichever session or batch is running:
  uint64_t registers = 0; // and the scalars of a dispatch
  uint64_t frames = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

/// What sessions share: pages to keep keys and values in, and everything that
/// only a running program needs.  One of its sessions, or one batch of them,
/// runs at a time.
class PoolMemory {
public:
  struct Frame {
    uint32_t instruction;         // to go on with in the caller
    uint32_t results;             // operands: where its results go
    int64_t *registers;           // of the caller
    const FunctionInfo *function; // the caller
  };

  explicit PoolMemory(const LoadedPlan &plan) : plan(plan) {}
  PoolMemory(const PoolMemory &) = delete;
  PoolMemory &operator=(const PoolMemory &) = delete;
  ~PoolMemory();

  Status create(const PoolSize &wanted);

  const PoolSize &size() const { return limits; }
  uint8_t *buffer(uint32_t index) const { return bufferStarts[index]; }
  uint64_t bufferBytes(uint32_t index) const;
  /// What the plan's drafter that recycles remembers, of all sessions.
  Recycled recycled() const;
  /// Of a view, those of the state it is one of.
  const PagePool &pages(uint32_t state) const;
  PagePool &pages(uint32_t state) {
    return const_cast<PagePool &>(std::as_const(*this).pages(state));
  }
  int64_t *registers() const { return at<int64_t>(layout.registers); }
  int64_t *scalars() const { return registers() + plan.program().maxRegisters; }
  Frame *frames() const { return at<Frame>(layout.frames); }
  /// max_rows of them, where there are batches.
  BatchRow *rows() const { return at<BatchRow>(layout.rows); }

  /// Places for sessions.  kNoSlot: all are taken.
  static constexpr uint32_t kNoSlot = UINT32_MAX;
  uint32_t takeSlot();
  void giveBack(uint32_t slot) { inUse[slot] = false; }
  int32_t *history(uint32_t slot) const {
    return at<int32_t>(layout.histories + slot * layout.historyBytes);
  }
  int32_t *pageTable(uint32_t slot, uint32_t state) const {
    return at<int32_t>(tableOffset(slot, state));
  }
  /// Page tables of the runs of a tree but the first, pathStride() apart.
  int32_t *pathTables(uint32_t state) const {
    return at<int32_t>(tableOffset(limits.sessions, state));
  }
  uint32_t pathStride() const {
    return uint32_t(layout.tableBytes / sizeof(int32_t));
  }
  /// From the first page table of a state to that of a slot, the same for all
  /// states; in entries.
  uint32_t tableDistance(uint32_t slot) const {
    return uint32_t(slot * layout.tableBytes / sizeof(int32_t));
  }
  void *const *pointers(uint32_t slot) const {
    return at<void *>(layout.pointers + slot * layout.pointerBytes);
  }
  /// Where a batch finds its operands: page tables of all sessions, no history.
  void *const *batchPointers() const { return pointers(limits.sessions); }

private:
  template <typename T> T *at(uint64_t offset) const {
    return reinterpret_cast<T *>(memory + offset);
  }
  uint64_t tableOffset(uint64_t slot, uint64_t state) const {
    return layout.tables + (state * (limits.sessions + layout.paths) + slot) *
                               layout.tableBytes;
  }
  void placeParts();
  void resolveBindings(uint32_t slot);

  const LoadedPlan &plan;
  PoolSize limits;
  PoolLayout layout;
  uint8_t *memory = nullptr;
  Vector<uint8_t *> bufferStarts;
  Vector<PagePool> states;
  Vector<bool> inUse; // by slot
};

} // namespace sinter::runtime
#endif
