// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about sessions as bytes.
#include "runtime/state/Snapshot.h"
#include "runtime/capi/Objects.h"
#include "sinter-c/snapshot.h"

using namespace sinter::runtime;

extern "C" {

uint64_t sinter_session_snapshot_bytes(const sinter_session *session) {
  return session ? snapshotBytes(session->memory) : 0;
}

sinter_status *sinter_session_snapshot(const sinter_session *session,
                                       void *snapshot, size_t bytes) {
  if (!session || !snapshot)
    return notNull(session ? session->plan->loaded.hostAllocator()
                           : Allocator(),
                   "sinter_session_snapshot")
        .release();
  const LoadedPlan &plan = session->plan->loaded;
  uint64_t wanted = snapshotBytes(session->memory);
  if (bytes != wanted)
    return fail(plan.hostAllocator(), SINTER_INVALID_ARGUMENT,
                "sinter_session_snapshot: %zu bytes, expected %llu", bytes,
                static_cast<unsigned long long>(wanted))
        .release();
  takeSnapshot(plan, session->memory, static_cast<uint8_t *>(snapshot));
  return nullptr;
}

sinter_status *sinter_session_restore(sinter_session *session,
                                      const void *snapshot, size_t bytes) {
  if (!session || !snapshot)
    return notNull(session ? session->plan->loaded.hostAllocator()
                           : Allocator(),
                   "sinter_session_restore")
        .release();
  const LoadedPlan &plan = session->plan->loaded;
  return handOut(
      plan.hostAllocator(),
      restoreSnapshot(plan, session->memory,
                      {static_cast<const uint8_t *>(snapshot), bytes}));
}
}
