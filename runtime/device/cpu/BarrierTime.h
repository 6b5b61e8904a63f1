// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DEVICE_CPU_BARRIERTIME_H
#define SINTER_RUNTIME_DEVICE_CPU_BARRIERTIME_H

#include "runtime/device/cpu/WorkerPool.h"

namespace sinter::runtime {

/// Nanoseconds of `rounds` barriers one after another, all workers of a kernel
/// between nothing else; 0: the kernel ran on one worker, which waits for
/// nobody.
uint64_t barrierNanoseconds(WorkerPool &pool, uint32_t rounds);

} // namespace sinter::runtime
#endif
