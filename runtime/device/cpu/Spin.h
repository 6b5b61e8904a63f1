// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DEVICE_CPU_SPIN_H
#define SINTER_RUNTIME_DEVICE_CPU_SPIN_H

#include <atomic>
#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace sinter::runtime {

inline void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// How long one thread looks before it parks.  Where looking pays it looks
/// longer the next time, up to `most`.  Where others take the processor from
/// the thread it waits for, spinning only keeps that thread away: then it parks
/// at once for a while.
struct Patience {
  static constexpr uint32_t kLeast = 16;
  /// Longer than this: the other one lost its processor, or had much to do.
  static constexpr uint64_t kLongNanoseconds = 300'000;
  /// Waits to park at once after that.
  static constexpr uint32_t kCoolWaits = 250;

  uint32_t spins = 0;
  uint32_t most = 0;
  uint32_t cooling = 0; // waits left
  bool cools = false;
  uint64_t lost = 0; // nanoseconds in long waits since takeLost()

  void set(uint32_t limit, bool mayCool = false) {
    spins = most = limit;
    cools = mayCool;
  }
  uint64_t takeLost() {
    uint64_t nanoseconds = lost;
    lost = 0;
    return nanoseconds;
  }
  void paid() { grow(); }
  void slept(uint64_t nanoseconds) {
    if (nanoseconds >= kLongNanoseconds) {
      lost += nanoseconds;
      uint32_t shorter = cools ? kLeast : spins / 2;
      spins = shorter < kLeast ? kLeast : shorter;
      spins = spins < most ? spins : most;
      cooling = cools ? kCoolWaits : 0;
    } else {
      grow();
    }
  }

private:
  void grow() {
    if (cooling) {
      --cooling;
      return;
    }
    uint32_t longer = spins + spins / 4 + 1;
    spins = longer < most ? longer : most;
  }
};

/// A number that threads wait for.  Those who change it pay for a system call
/// only if someone sleeps.
class WaitWord {
public:
  uint32_t load() const { return value.load(std::memory_order_acquire); }

  /// Sequentially consistent with sleep(): either the sleeper sees the new
  /// value or its waker sees the sleeper.
  void store(uint32_t now) {
    value.store(now);
    if (sleepers.load() != 0)
      wakeSleepers();
  }
  /// Waits until the value is `wanted` or beyond it, where values that are half
  /// the range away count as before: looks for a while, then parks.  A waiter
  /// that spins needs no system call; one that parks leaves its core to whoever
  /// it waits for.
  void waitFor(uint32_t wanted, Patience &patience) {
    for (uint32_t i = 0; !isBeyond(load(), wanted); ++i) {
      if (i == patience.spins)
        return sleep(wanted, patience);
      relax();
    }
    patience.paid();
  }

private:
  static bool isBeyond(uint32_t value, uint32_t wanted) {
    return static_cast<int32_t>(value - wanted) >= 0;
  }
  void sleep(uint32_t wanted, Patience &patience);
  void wakeSleepers();

  std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};
};

/// First come, first served, so that sessions on several threads take turns.
class FairLock {
public:
  void lock() {
    Patience patience;
    patience.set(100);
    serving.waitFor(next.fetch_add(1, std::memory_order_relaxed), patience);
  }
  void unlock() { serving.store(serving.load() + 1); }

private:
  alignas(64) std::atomic<uint32_t> next{0};
  alignas(64) WaitWord serving;
};

} // namespace sinter::runtime
#endif
