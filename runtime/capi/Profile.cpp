// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API that says where time goes.
#include "runtime/capi/Objects.h"
#include "runtime/device/cpu/BarrierTime.h"

using namespace sinter::runtime;

/// Of a session or a pool.
static Status profile(const sinter_plan &plan, Owned<Profiler> &place,
                      sinter_profile_callback callback, void *user) {
  place.reset();
  if (!callback)
    return Status();
  const LoadedPlan &loaded = plan.loaded;
  auto profiler =
      Owned<Profiler>::make(loaded.allocator(), loaded, callback, user);
  if (!profiler)
    return outOfMemory();
  SINTER_TRY(profiler->open());
  place = std::move(profiler);
  return Status();
}

extern "C" {

sinter_status *sinter_session_profile(sinter_session *session,
                                      sinter_profile_callback callback,
                                      void *user) {
  if (!session)
    return notNull(Allocator(), "sinter_session_profile").release();
  return handOut(session->plan->loaded.hostAllocator(),
                 profile(*session->plan, session->profiler, callback, user));
}

sinter_status *sinter_pool_profile(sinter_pool *pool,
                                   sinter_profile_callback callback,
                                   void *user) {
  if (!pool)
    return notNull(Allocator(), "sinter_pool_profile").release();
  return handOut(pool->plan->loaded.hostAllocator(),
                 profile(*pool->plan, pool->profiler, callback, user));
}

uint64_t sinter_plan_barrier_time(const sinter_plan *plan, uint32_t rounds) {
  return plan ? barrierNanoseconds(plan->loaded.workers(), rounds) : 0;
}
}
