// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DEVICE_CPU_ABSENCE_H
#define SINTER_RUNTIME_DEVICE_CPU_ABSENCE_H

#include <cstdint>

namespace sinter::runtime {

/// How long a late worker is left out. One whose processor was taken away holds
/// all others up for as long as the scheduler's slices last, a few
/// milliseconds: several tokens. So they go on without it for a moment, and for
/// twice as long if one is late again soon after. Times are nanoseconds of one
/// clock.
class Absence {
public:
  static constexpr uint64_t kLeast = 8'000'000;
  static constexpr uint64_t kMost = 512'000'000;
  /// Late again within this time after an absence: it was too short.
  static constexpr uint64_t kTrial = 50'000'000;

  bool isOver(uint64_t now) const { return now >= until; }

  /// A kernel took `took` until `now`; for `lost` of it, workers did nothing
  /// but wait for one that was late. True if that one is to be left out:
  /// waiting for less than half of a kernel may be uneven work.
  bool notice(uint64_t now, uint64_t took, uint64_t lost) {
    if (lost <= took / 2)
      return false;
    uint64_t start = now - took;
    if (start >= until + kTrial)
      length = kLeast;
    else if (start >= until)
      length = 2 * length < kMost ? 2 * length : kMost;
    until = now + length;
    return true;
  }

private:
  uint64_t until = 0, length = kLeast;
};

} // namespace sinter::runtime
#endif
