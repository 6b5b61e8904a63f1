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

  alignas(64) uint32_t spins = 0;
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
  /// Nobody waits for this change.
  void set(uint32_t now) { value.store(now, std::memory_order_relaxed); }
  uint32_t add(uint32_t more) { return value.fetch_add(more) + more; }

  void wake() {
    // Both this and sleep() are sequentially consistent: either the sleeper
    // sees the new value or its waker sees the sleeper.
    if (sleepers.load() != 0)
      wakeSleepers();
  }
  /// Waits until the value is no longer `old`: looks for a while, then parks.
  /// A waiter that spins needs no system call; one that parks leaves its core
  /// to whoever it waits for.
  void waitChange(uint32_t old, Patience &patience) {
    for (uint32_t i = 0; i < patience.spins; ++i) {
      if (load() != old)
        return patience.paid();
      relax();
    }
    sleep(old, patience);
  }

private:
  void sleep(uint32_t old, Patience &patience);
  void wakeSleepers();

  alignas(64) std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};
};

/// All `workers` must arrive before anyone leaves; used again and again.
class Barrier {
public:
  void reset(uint32_t newWorkers) { workers = newWorkers; }
  void arrive(Patience &patience) {
    if (workers == 1)
      return;
    // Read before arriving: afterwards the last one may already change it.
    uint32_t old = phase.load();
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 < workers)
      return phase.waitChange(old, patience);
    arrived.store(0, std::memory_order_relaxed);
    phase.add(1);
    phase.wake();
  }

private:
  alignas(64) std::atomic<uint32_t> arrived{0};
  WaitWord phase;
  alignas(64) uint32_t workers = 1;
};

/// First come, first served, so that sessions on several threads take turns.
class FairLock {
public:
  void lock() {
    uint32_t mine = next.fetch_add(1, std::memory_order_relaxed);
    Patience patience;
    patience.set(100);
    for (uint32_t now; (now = serving.load()) != mine;)
      serving.waitChange(now, patience);
  }
  void unlock() {
    serving.add(1);
    serving.wake();
  }

private:
  std::atomic<uint32_t> next{0};
  WaitWord serving;
};

} // namespace sinter::runtime
#endif
