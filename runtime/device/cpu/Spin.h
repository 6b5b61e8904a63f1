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
/// longer the next time, up to `most`; where others take the processor from the
/// thread it waits for, spinning only keeps that thread away, and it soon
/// stops.
struct Patience {
  static constexpr uint32_t kLeast = 16;

  alignas(64) uint32_t spins = 0;
  uint32_t most = 0;

  void set(uint32_t limit) { spins = most = limit; }
  void paid() {
    uint32_t longer = spins + spins / 4 + 1;
    spins = longer < most ? longer : most;
  }
  void failed() {
    uint32_t shorter = spins / 2;
    spins = shorter > kLeast ? shorter : most < kLeast ? most : kLeast;
  }
};

/// Waits until `word` is no longer `old`: looks for a while, then parks.  A
/// waiter that spins needs no system call; one that parks leaves its core to
/// whoever it waits for.
inline void waitChange(const std::atomic<uint32_t> &word, uint32_t old,
                       Patience &patience) {
  for (uint32_t i = 0; i < patience.spins; ++i) {
    if (word.load(std::memory_order_acquire) != old)
      return patience.paid();
    relax();
  }
  patience.failed();
  while (word.load(std::memory_order_acquire) == old)
    word.wait(old, std::memory_order_acquire);
}

/// All `workers` must arrive before anyone leaves; used again and again.
class Barrier {
public:
  void reset(uint32_t newWorkers) { workers = newWorkers; }
  void arrive(Patience &patience) {
    // Read before arriving: afterwards the last one may already change it.
    uint32_t old = phase.load(std::memory_order_acquire);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 < workers)
      return waitChange(phase, old, patience);
    arrived.store(0, std::memory_order_relaxed);
    phase.store(old + 1, std::memory_order_release);
    phase.notify_all();
  }

private:
  alignas(64) std::atomic<uint32_t> arrived{0};
  alignas(64) std::atomic<uint32_t> phase{0};
  alignas(64) uint32_t workers = 1;
};

/// First come, first served, so that sessions on several threads take turns.
class FairLock {
public:
  void lock() {
    uint32_t mine = next.fetch_add(1, std::memory_order_relaxed);
    Patience patience;
    patience.set(100);
    for (uint32_t now; (now = serving.load(std::memory_order_acquire)) != mine;)
      waitChange(serving, now, patience);
  }
  void unlock() {
    serving.fetch_add(1, std::memory_order_release);
    serving.notify_all();
  }

private:
  std::atomic<uint32_t> next{0}, serving{0};
};

} // namespace sinter::runtime
#endif
