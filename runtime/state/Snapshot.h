// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_SNAPSHOT_H
#define SINTER_RUNTIME_STATE_SNAPSHOT_H

#include "runtime/state/Sealed.h"
#include "runtime/state/SessionMemory.h"

#include <span>

namespace sinter::runtime {

/// The start of a snapshot. Behind it stand a StateRecord of each state, where
/// sequences have depths the percent and the bits of this one
/// (SessionMemory::depthWords() u32), the i32 ids, and the pages of each state
/// in the order of their positions (of a page: each layer's K and V; of a ring
/// those that are there).
struct SnapshotHeader {
  static constexpr Seal kSeal = {"snapshot", "SINTSESS", 2};

  SealedHeader sealed; // its parts are the states
  uint32_t positions;
  uint32_t reserved; // zero
};
static_assert(sizeof(SnapshotHeader) == 40);

struct StateRecord {
  KvCache::Extent extent;
  KvCache::Recurrence recurrence;
};
static_assert(sizeof(StateRecord) == 16);

/// Between two calls: nothing is reserved.
uint64_t snapshotBytes(const SessionMemory &session);
/// Writes so many bytes to `out`.
void takeSnapshot(const LoadedPlan &plan, const SessionMemory &session,
                  uint8_t *out);
/// Everything is checked before anything is changed.
Status restoreSnapshot(const LoadedPlan &plan, SessionMemory &session,
                       std::span<const uint8_t> snapshot);

} // namespace sinter::runtime
#endif
