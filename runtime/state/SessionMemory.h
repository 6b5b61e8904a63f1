// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_SESSIONMEMORY_H
#define SINTER_RUNTIME_STATE_SESSIONMEMORY_H

#include "runtime/state/Depth.h"
#include "runtime/state/KvCache.h"
#include "runtime/state/PoolMemory.h"

namespace sinter::runtime {

/// What a session remembers.  It lives in a pool: its own, or one that it
/// shares.
///
/// The first state leads: its positions are those of the session. Others belong
/// to models that follow: they hold the beginning of the same text, and may lag
/// behind.
class SessionMemory {
public:
  explicit SessionMemory(const LoadedPlan &plan)
      : plan(plan), own(plan), caches(plan.allocator()) {}
  SessionMemory(const SessionMemory &) = delete;
  SessionMemory &operator=(const SessionMemory &) = delete;
  ~SessionMemory();

  /// With a pool of its own.
  Status create(uint32_t context);
  /// In `shared`, which must outlive it.
  Status create(PoolMemory &shared, uint32_t context);
  /// History and states of `other`, which has the same plan and context.
  Status copyFrom(const SessionMemory &other);

  PoolMemory &pool() const { return *home; }
  /// Null where the session has a pool of its own.
  PoolMemory *sharedPool() const { return home == &own ? nullptr : home; }

  uint8_t *buffer(uint32_t index) const;
  int32_t *history() const { return home->history(slot); }
  KvCache &state(uint32_t index) { return caches[index]; }
  const KvCache &state(uint32_t index) const { return caches[index]; }
  uint32_t stateCount() const { return uint32_t(caches.size()); }
  void *const *pointers() const { return home->pointers(slot); }
  uint32_t tableDistance() const { return home->tableDistance(slot); }

  uint32_t context() const { return positions; }
  uint32_t position() const { return caches[0].length(); }
  /// Room for `count` more positions of a state, or the reason why there is
  /// none.
  Status reserve(uint32_t state, uint64_t count);
  /// The same for the rows of a tree.
  Status reserveTree(uint32_t state, const DraftTree &tree);
  /// Forgets positions of all states; false: the first one has fewer, or
  /// cannot.
  bool truncate(uint32_t position);
  void dropReserved();
  /// A call has ended, somewhere: what was reserved is given back, and no state
  /// is ahead of the first one.
  void settle();

  /// What the sequence leaves out; before its first call: nothing.
  const Depth &depth() const { return chosen; }
  /// Of sequences to come.
  void wishDepth(const Depth &depth) {
    chosen = wish = depth;
    wished = true;
  }
  void forgetDepth() {
    chosen = Depth();
    wished = false;
  }
  /// Of the text that the session holds; those to come are as they were.
  void restoreDepth(const Depth &depth) { chosen = depth; }
  /// What it takes to write the depth down: 0 where the plan has no other than
  /// the whole model.
  uint32_t depthWords() const;
  /// A call begins: an empty session takes the depth that was wished for, or
  /// number `prefer` of the plan's.
  void chooseDepth(uint32_t prefer);

  /// Rows in the batch at hand.
  uint32_t batchRows = 0;

private:
  Status takeSlot(uint32_t context);
  Status roomFor(uint32_t state, uint64_t count, KvCache::Room room) const;

  const LoadedPlan &plan;
  PoolMemory own;
  PoolMemory *home = &own;
  uint32_t slot = PoolMemory::kNoSlot;
  uint32_t positions = 0;
  Vector<KvCache> caches;
  Depth chosen, wish;
  bool wished = false;
};

} // namespace sinter::runtime
#endif
