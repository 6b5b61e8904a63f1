// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_BASE_CLOCK_H
#define SINTER_RUNTIME_BASE_CLOCK_H

#include <cstdint>
#include <ctime>

namespace sinter::runtime {

/// Of CLOCK_MONOTONIC.
inline uint64_t nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000u + uint64_t(time.tv_nsec);
}

} // namespace sinter::runtime
#endif
