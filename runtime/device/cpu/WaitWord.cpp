// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/base/Clock.h"
#include "runtime/device/cpu/Spin.h"

#if defined(__linux__)
#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace sinter::runtime {

void WaitWord::sleep(uint32_t wanted, Patience &patience) {
  uint64_t start = nanoseconds();
  sleepers.fetch_add(1);
  for (uint32_t seen; !isBeyond(seen = value.load(), wanted);) {
#if defined(__linux__)
    // Returns at once if the value is another one by now; signals wake it, too.
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
#else
    value.wait(seen);
#endif
  }
  sleepers.fetch_sub(1);
  patience.slept(nanoseconds() - start);
}

void WaitWord::wakeSleepers() {
#if defined(__linux__)
  syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
#else
  value.notify_all();
#endif
}

} // namespace sinter::runtime
