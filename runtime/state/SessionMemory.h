// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_SESSIONMEMORY_H
#define SINTER_RUNTIME_STATE_SESSIONMEMORY_H

#include "runtime/base/Vector.h"
#include "runtime/plan/LoadedPlan.h"

namespace sinter::plan {
struct State;
}

namespace sinter::runtime {

/// Where the parts of a session's memory lie in its one allocation.  All sizes
/// follow from the plan, the context and the workers, so that a session is paid
/// for when it is created and nothing is allocated between two tokens.
struct SessionLayout {
  static constexpr uint64_t kAlignment = 4096;

  /// False when the sum overflows.
  static bool compute(const LoadedPlan &plan, uint32_t context,
                      SessionLayout &layout);

  uint64_t buffers = 0;   // of each buffer, one after another
  uint64_t states = 0;    // planes, then page tables
  uint64_t pointers = 0;  // of all bindings of the program
  uint64_t registers = 0; // and the scalars of a dispatch
  uint64_t frames = 0;
  uint64_t bytes = 0;
};

/// A paged KV cache.  Page ids count from 0 and are valid in every plane; all
/// pages are there from the start, so a page's id is its place.
class KvCache {
public:
  /// Bytes of all planes and of the page table.
  static bool bytes(const plan::State &table, uint32_t context,
                    uint64_t &planes, uint64_t &pages);
  void place(const plan::State &table, uint32_t context, uint8_t *memory);
  /// Takes over what `other` has committed; same table, own pages.
  void copyFrom(const KvCache &other);

  uint8_t *plane(uint32_t layer, uint32_t plane) const;
  int32_t *pageTable() const { return pages; }

  uint32_t length() const { return committed; }
  uint32_t capacity() const { return positions; }
  uint32_t reserved() const { return pending; }
  /// False: no room for that many.
  bool reserve(uint64_t count);
  /// False: not that many are reserved.
  bool commit(uint64_t count);
  /// False: there are fewer positions.
  bool truncate(uint64_t position);
  void dropReserved() { pending = 0; }

private:
  uint8_t *base = nullptr;
  int32_t *pages = nullptr;
  uint64_t pageBytes[2] = {};
  uint64_t planeBytes[2] = {}; // of all pages
  uint32_t layers = 0, pageTokens = 1;
  uint32_t positions = 0, committed = 0, pending = 0;
};

/// What a session remembers and computes with.
class SessionMemory {
public:
  struct Frame {
    uint32_t instruction;         // to go on with in the caller
    uint32_t results;             // operands: where its results go
    int64_t *registers;           // of the caller
    const FunctionInfo *function; // the caller
  };

  explicit SessionMemory(const LoadedPlan &plan) : plan(plan) {}
  SessionMemory(const SessionMemory &) = delete;
  SessionMemory &operator=(const SessionMemory &) = delete;
  ~SessionMemory();

  Status create(uint32_t context);
  /// History and states of `other`, which has the same plan and context.
  void copyFrom(const SessionMemory &other);

  uint8_t *buffer(uint32_t index) const { return bufferStarts[index]; }
  uint64_t bufferBytes(uint32_t index) const;
  int32_t *history() const;
  KvCache &state(uint32_t index) { return caches[index]; }
  const KvCache &state(uint32_t index) const { return caches[index]; }
  uint32_t stateCount() const { return uint32_t(caches.size()); }
  void *const *pointers() const { return bindingPointers; }
  int64_t *registers() const { return registerStack; }
  int64_t *scalars() const { return scalarValues; }
  Frame *frames() const { return frameStack; }

  uint32_t context() const { return positions; }
  uint32_t position() const { return caches[0].length(); }
  /// Forgets positions of all states; false: there are fewer.
  bool truncate(uint32_t position);
  void dropReserved();

private:
  void placeParts(const SessionLayout &layout);
  void resolveBindings();

  const LoadedPlan &plan;
  uint32_t positions = 0;
  uint8_t *memory = nullptr;
  uint64_t bytes = 0;
  Vector<uint8_t *> bufferStarts;
  Vector<KvCache> caches;
  void **bindingPointers = nullptr;
  int64_t *registerStack = nullptr;
  int64_t *scalarValues = nullptr;
  Frame *frameStack = nullptr;
};

} // namespace sinter::runtime
#endif
