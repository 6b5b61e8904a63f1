// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DEVICE_CPU_WORKERPOOL_H
#define SINTER_RUNTIME_DEVICE_CPU_WORKERPOOL_H

#include "runtime/base/Array.h"
#include "runtime/base/Status.h"
#include "runtime/device/cpu/Absence.h"
#include "runtime/device/cpu/Spin.h"
#include "runtime/schema/KernelAbi.h"

#include <pthread.h>

namespace sinter::runtime {

/// Threads that run one task together (worker i of n).  The thread that calls
/// run() is worker 0.  No queue: calls from several threads take turns.
class WorkerPool {
public:
  using Task = void (*)(const void *argument, uint32_t worker);

  WorkerPool() = default;
  WorkerPool(const WorkerPool &) = delete;
  WorkerPool &operator=(const WorkerPool &) = delete;
  ~WorkerPool() { stop(); }

  /// Starts workers - 1 threads.  `pin` keeps worker i on cpuOf(i); the
  /// caller's own thread is left alone.
  Status start(const Allocator &allocator, uint32_t workers, bool pin);
  void stop();
  /// What kernels are told of the CPU: SINTER_TRAIT_... of KernelAbi.h.
  void setTraits(uint32_t cpu) { traits = cpu; }
  uint32_t cpuTraits() const { return traits; }
  uint32_t workers() const { return static_cast<uint32_t>(seats.size()); }

  /// Runs `task` on all workers and returns when all are done.
  void run(Task task, const void *argument);
  /// Runs a kernel with the IEEE default floating-point environment, whatever
  /// the caller's is, which is restored. Fewer workers may run it while others
  /// take the processor from one of them: that changes no bit.
  void run(sinter_entry entry, void *const *buffers, const int64_t *scalars);

  /// Cores this process may use: affinity, SMT siblings counted once, and the
  /// quota of its control groups.
  static uint32_t availableCores();
  /// The CPU that a worker is pinned to: first one of each core, then their
  /// siblings, then again. -1 if the system does not say.
  static int cpuOf(uint32_t worker);

private:
  /// What belongs to one thread; seat 0 is the caller's.
  struct Seat {
    /// Written by the caller alone: how often the thread was asked to take part
    /// in a task, in which, as which worker, and how many steps were done
    /// before it.
    alignas(64) WaitWord invited;
    uint32_t worker = 0, before = 0;
    Task task = nullptr;
    const void *argument = nullptr;
    /// Written by the thread alone: how many steps it has done.
    alignas(64) WaitWord done;
    uint32_t steps = 0;
    /// How long it looks before it parks: between tasks, and inside one.
    alignas(64) Patience idle, inside;
    WorkerPool *pool = nullptr;
    pthread_t thread = {};
  };

  static void *threadMain(void *seat);
  void work(Seat &seat);
  void pinThread(uint32_t index);
  void setPatience();
  Seat &seatOf(uint32_t worker) { return seats[team[worker]]; }
  void runTogether(Task task, const void *argument);
  void arrive(uint32_t worker);

  void gatherAll();
  void chooseTeam(uint64_t now);
  void leaveOutLate(uint64_t start, uint64_t end);

  Array<Seat> seats;
  uint32_t threads = 1; // seats that have one
  FairLock turn;
  std::atomic<bool> ending{false};

  /// Seats of those that take part, worker by worker; changes between tasks.
  Array<uint32_t> team;
  uint32_t teamSize = 1;
  Absence absence; // of those that do not
  bool oneProcessor = false;
  uint32_t traits = 0;
};

} // namespace sinter::runtime
#endif
