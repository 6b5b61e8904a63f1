// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Interpreter.h"

namespace sinter::runtime {

Status execute(const LoadedPlan &plan, SessionMemory &session,
               uint32_t function, std::span<const int64_t> arguments,
               Host &host, std::atomic<bool> &cancel, Profiler *profiler) {
  Interpreter interpreter(plan, session, host, profiler);
  Status status = interpreter.run(function, arguments, cancel);
  interpreter.forgetPath();
  session.settle();
  return status;
}

Status executeBatch(const LoadedPlan &plan, Batch &batch, uint32_t function,
                    Host &host, std::atomic<bool> &cancel, Profiler *profiler) {
  return Interpreter(plan, batch, host, profiler).run(function, {}, cancel);
}

} // namespace sinter::runtime
