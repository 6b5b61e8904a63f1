// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about bytes: what pools and sessions will take.
#include "runtime/capi/Objects.h"

using namespace sinter::runtime;

namespace {

/// Of each session: what lies outside of its pool.
uint64_t sessionObject(const LoadedPlan &plan) {
  return sizeof(sinter_session) +
         plan.tables().states()->size() * sizeof(KvCache);
}

/// Of each pool, in which one call runs at a time; false: too many to count.
bool poolBytes(const LoadedPlan &plan, const PoolSize &size, uint64_t &bytes) {
  constexpr uint64_t kCallBytes = 4096; // statuses, text
  PoolLayout layout;
  bool countable = PoolLayout::compute(plan, size, layout);
  bytes = layout.bytes + kCallBytes +
          plan.tables().buffers()->size() * sizeof(void *) +
          plan.tables().states()->size() * sizeof(PagePool) + size.sessions;
  return countable;
}

/// With `bytes` besides the plan itself.
uint64_t withPlan(const LoadedPlan &plan, uint64_t bytes) {
  uint64_t held = plan.heldBytes() + sizeof(sinter_plan), total;
  if (__builtin_add_overflow(bytes, held, &total))
    return UINT64_MAX;
  uint64_t peak = plan.peakBytes() + sizeof(sinter_plan);
  return total > peak ? total : peak;
}

} // namespace

extern "C" {

uint64_t sinter_plan_memory(const sinter_plan *plan, uint32_t sessions,
                            uint32_t context) {
  if (!plan)
    return 0;
  const LoadedPlan &loaded = plan->loaded;
  uint64_t pool, total;
  if (!poolBytes(loaded, {.sessions = 1, .context = context}, pool) ||
      __builtin_mul_overflow(pool + sessionObject(loaded), sessions, &total))
    return UINT64_MAX;
  return withPlan(loaded, total);
}

uint64_t sinter_pool_memory(const sinter_plan *plan,
                            const sinter_pool_options *given) {
  if (!plan)
    return 0;
  const LoadedPlan &loaded = plan->loaded;
  PoolSize size = readPoolSize(loaded, given);
  uint64_t pool, total;
  if (!poolBytes(loaded, size, pool) ||
      __builtin_add_overflow(pool + sizeof(sinter_pool),
                             sessionObject(loaded) * size.sessions, &total))
    return UINT64_MAX;
  return withPlan(loaded, total);
}
}
