// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_PROFILER_H
#define SINTER_RUNTIME_PLAN_PROFILER_H

#include "runtime/plan/Program.h"
#include "runtime/plan/Recorder.h"

namespace sinter::runtime {

class LoadedPlan;

/// What the rows of a batch see (sinter_dispatch); nothing for a session.
struct SeenPositions {
  uint64_t positions = 0, pairs = 0;
};

/// Runs dispatches under a recorder and hands each to a callback.
class Profiler {
public:
  Profiler(const LoadedPlan &plan, sinter_profile_callback callback, void *user)
      : plan(plan), callback(callback), user(user) {}

  Status open();
  /// Dispatch `op` of the program; `seen` by the rows of a batch.
  void run(const Instruction &op, void *const *buffers, const int64_t *scalars,
           const SeenPositions &seen);

private:
  /// Of the first state that the dispatch binds; -1: of none.
  int32_t layerOf(const Instruction &op) const;

  const LoadedPlan &plan;
  Recorder recorder;
  sinter_profile_callback callback;
  void *user;
};

} // namespace sinter::runtime
#endif
