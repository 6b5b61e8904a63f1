// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DEVICE_CPU_WORKERPOOL_H
#define SINTER_RUNTIME_DEVICE_CPU_WORKERPOOL_H

#include "runtime/base/Status.h"
#include "runtime/base/Vector.h"
#include "runtime/device/cpu/Solo.h"
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

  /// Starts workers - 1 threads.  `pin` keeps worker i on the i-th CPU this
  /// process may use; the caller's own thread is left alone.
  Status start(const Allocator &allocator, uint32_t workers, bool pin);
  void stop();
  uint32_t workers() const { return count; }

  /// Runs `task` on all workers and returns when all are done.
  void run(Task task, const void *argument);
  /// Runs a kernel with the IEEE default floating-point environment, whatever
  /// the caller's is, which is restored. Two workers may run it as one while
  /// others take the processor from them: that changes no bit.
  void run(sinter_entry entry, void *const *buffers, const int64_t *scalars);

  /// Cores this process may use: affinity, SMT siblings counted once, and the
  /// quota of its control group.
  static uint32_t availableCores();

private:
  struct Thread {
    pthread_t handle;
    WorkerPool *pool;
    uint32_t index;
  };
  static void *threadMain(void *thread);
  void work(uint32_t index);
  void pinThread(const Thread &thread);
  void runTogether(Task task, const void *argument);
  uint64_t takeLost();
  Status calibrate(const Allocator &allocator);

  Vector<Thread> threads;
  uint32_t count = 1;
  /// Of each worker: between tasks, and inside one.
  Vector<Patience> idle, inside;
  FairLock turn;
  Barrier barrier; // handed to kernels
  Solo solo;
  bool oneProcessor = false;
  Task task = nullptr;
  const void *argument = nullptr;
  WaitWord round;
  WaitWord remaining;
  std::atomic<bool> ending{false};
};

} // namespace sinter::runtime
#endif
