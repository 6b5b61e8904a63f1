// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_CAPI_OBJECTS_H
#define SINTER_RUNTIME_CAPI_OBJECTS_H

#include "runtime/decode/Exits.h"
#include "runtime/decode/ModelSwitch.h"
#include "runtime/decode/Speculation.h"
#include "runtime/plan/LoadedPlan.h"
#include "runtime/plan/Profiler.h"
#include "runtime/schema/plan_generated.h"
#include "runtime/state/SessionMemory.h"
#include "sinter-c/ffns.h"

struct sinter_plan {
  explicit sinter_plan(const sinter::runtime::Allocator &host) : loaded(host) {}

  sinter::runtime::LoadedPlan loaded;
};

struct sinter_pool {
  explicit sinter_pool(sinter_plan *plan) : plan(plan), memory(plan->loaded) {}

  sinter_plan *plan;
  sinter::runtime::PoolMemory memory;
  std::atomic<bool> cancel{false};
  sinter::runtime::Owned<sinter::runtime::Profiler> profiler; // often none
};

struct sinter_session {
  explicit sinter_session(sinter_plan *plan)
      : plan(plan), memory(plan->loaded) {}

  sinter_plan *plan;
  sinter::runtime::SessionMemory memory;
  uint32_t chunk = 1;
  std::atomic<bool> cancel{false};
  sinter::runtime::Owned<sinter::runtime::Profiler> profiler; // often none
  sinter::runtime::Speculation speculation;
  sinter::runtime::Exits exits;
  sinter::runtime::ModelSwitch models;
  sinter_ffns ffns = {}; // of the last generate or replay
  float nearest = 0;     // text of the store, when the depth was looked up
};

namespace sinter::runtime {

/// "FUNCTION: a pointer is NULL".
Status notNull(const Allocator &host, const char *function);
/// An id outside of the vocabulary is an error that names its place.
Status checkId(const LoadedPlan &plan, int32_t id, size_t place);
/// An exported function of the plan's program.
Result<uint32_t> findFunction(const LoadedPlan &plan, const char *name);
/// `given` may be null.
PoolSize readPoolSize(const LoadedPlan &plan, const sinter_pool_options *given);

/// Hands a status to the caller, in memory that does not depend on the plan.
sinter_status *handOut(const Allocator &host, Status status);

/// Appends ids by the program `score` or `replay`; `ffnThreshold` as
/// exit_threshold of sinter_generation.
Status score(sinter_session &session, const char *program, float ffnThreshold,
             std::span<const int32_t> ids, sinter_logits_callback callback,
             void *user);
/// Keeps what the program counted before another session's run counts there.
void keepFfns(sinter_session &session);
/// Likewise, of a run that began at `position`: only an empty sequence looks
/// its depth up.
void keepNearest(sinter_session &session, uint32_t position);
/// Of exits and feed-forward blocks.
Status checkThreshold(const LoadedPlan &plan, float threshold);

/// Figures for a caller with an older or newer header.
template <typename T>
sinter_status *handFigures(const LoadedPlan &plan, const T &figures, T *out,
                           const char *function) {
  size_t known = out->size < sizeof(T) ? out->size : sizeof(T);
  if (known < sizeof(out->size))
    return fail(plan.hostAllocator(), SINTER_INVALID_ARGUMENT,
                "%s: size is %zu, expected %zu", function, out->size, sizeof(T))
        .release();
  memcpy(out, &figures, known);
  out->size = known;
  return nullptr;
}

/// What a caller with an older or newer header gave: the fields both know.
template <typename T> T readOptions(const T *given, const T &defaults) {
  T result = defaults;
  if (given)
    memcpy(&result, given, given->size < sizeof(T) ? given->size : sizeof(T));
  result.size = sizeof(T);
  return result;
}

} // namespace sinter::runtime
#endif
