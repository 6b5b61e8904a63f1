// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cpu/Spin.h"

#if defined(__linux__)
#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace sinter::runtime {

void WaitWord::sleep(uint32_t old) {
  sleepers.fetch_add(1);
  while (value.load() == old) {
#if defined(__linux__)
    // Returns at once if the value is another one by now; signals wake it, too.
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
#else
    value.wait(old);
#endif
  }
  sleepers.fetch_sub(1);
}

void WaitWord::wakeSleepers() {
#if defined(__linux__)
  syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
#else
  value.notify_all();
#endif
}

} // namespace sinter::runtime
