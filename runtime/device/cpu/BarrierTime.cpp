// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cpu/BarrierTime.h"
#include "runtime/base/Clock.h"

namespace sinter::runtime {

/// A kernel of barriers. Buffer: the result; scalar: how many.
static void barriersEntry(const sinter_call *call, uint32_t worker) {
  if (call->workers == 1)
    return;
  // Everybody is awake after the first one.
  call->barrier(call->ctx, worker, 0);
  const uint64_t start = nanoseconds();
  for (int64_t i = 0; i < call->scalars[0]; ++i)
    call->barrier(call->ctx, worker, 0);
  if (worker == 0)
    *static_cast<uint64_t *>(call->buffers[0]) = nanoseconds() - start;
}

uint64_t barrierNanoseconds(WorkerPool &pool, uint32_t rounds) {
  uint64_t result = 0;
  void *const buffer = &result;
  const int64_t scalar = rounds;
  pool.run(barriersEntry, &buffer, &scalar);
  return result;
}

} // namespace sinter::runtime
