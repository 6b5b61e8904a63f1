// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DEVICE_CPU_SOLO_H
#define SINTER_RUNTIME_DEVICE_CPU_SOLO_H

#include <cstdint>

namespace sinter::runtime {

/// When the first worker should run kernels without the others. A worker whose
/// processor was taken away holds all of them up for as long as the scheduler's
/// slices last, a few milliseconds: several tokens. So the first one goes on
/// alone for a moment, and for twice as long if the others are late again soon
/// after. Times are nanoseconds of one clock.
class Solo {
public:
  static constexpr uint64_t kLeast = 8'000'000;
  static constexpr uint64_t kMost = 512'000'000;
  /// Late again within this time after being alone: it was too short.
  static constexpr uint64_t kTrial = 50'000'000;

  bool isAlone(uint64_t now) const { return now < until; }

  /// Together they took `took` until `now`; for `lost` of it, some worker did
  /// nothing but wait for one that was late. Waiting for less than half of a
  /// kernel may be uneven work.
  void notice(uint64_t now, uint64_t took, uint64_t lost) {
    if (lost <= took / 2)
      return;
    bool again = now - took < until + kTrial;
    length = !again ? kLeast : 2 * length < kMost ? 2 * length : kMost;
    until = now + length;
  }

private:
  uint64_t until = 0, length = kLeast;
};

} // namespace sinter::runtime
#endif
