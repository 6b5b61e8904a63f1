// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Interpreter.h"

namespace sinter::runtime {

Status execute(const LoadedPlan &plan, SessionMemory &session,
               uint32_t function, std::span<const int64_t> arguments,
               Host &host, std::atomic<bool> &cancel, Profiler *profiler) {
  Status status = Interpreter(plan, session, host, profiler)
                      .run(function, arguments, cancel);
  session.settle();
  return status;
}

Status executeBatch(const LoadedPlan &plan, Batch &batch, uint32_t function,
                    Host &host, std::atomic<bool> &cancel, Profiler *profiler) {
  return Interpreter(plan, batch, host, profiler).run(function, {}, cancel);
}

} // namespace sinter::runtime
