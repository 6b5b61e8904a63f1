// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cpu/WorkerPool.h"

#include <csignal>
#include <cstring>
#include <ctime>
#include <sched.h>
#include <unistd.h>

namespace sinter::runtime {

namespace {
// Long enough for what lies between two dispatches of a plan, short enough not
// to disturb others once a call is over.
constexpr uint32_t kIdleMicroseconds = 200;
constexpr uint32_t kBarrierMicroseconds = 50;
constexpr size_t kStackBytes = size_t(2) << 20;
#if defined(__x86_64__)
/// Round to nearest, no flush to zero, all exceptions masked.
constexpr unsigned kIeeeDefault = 0x1f80;

class FloatEnvironment {
public:
  FloatEnvironment() : saved(_mm_getcsr()) { _mm_setcsr(kIeeeDefault); }
  ~FloatEnvironment() { _mm_setcsr(saved); }

private:
  unsigned saved;
};
#else
struct FloatEnvironment {
  ~FloatEnvironment() {}
};
#endif

uint64_t nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000u + time.tv_nsec;
}

/// A pause lasts from 4 to 140 cycles, depending on the processor.
uint64_t pausesPerMicrosecond() {
  constexpr uint32_t kPauses = 128;
  uint64_t least = UINT64_MAX; // what was not interrupted
  for (int attempt = 0; attempt < 4; ++attempt) {
    uint64_t start = nanoseconds();
    for (uint32_t i = 0; i < kPauses; ++i)
      relax();
    uint64_t elapsed = nanoseconds() - start;
    least = elapsed < least ? elapsed : least;
  }
  uint64_t pauses = kPauses * 1000 / (least ? least : 1) + 1;
  return pauses < 1000 ? pauses : 1000;
}
} // namespace

Status WorkerPool::start(const Allocator &allocator, uint32_t workers,
                         bool pin) {
  count = workers;
  SINTER_TRY(calibrate(allocator));
  barrier.reset(workers);
  threads = Vector<Thread>(allocator);
  SINTER_NEED(threads.reserve(workers - 1));
  pthread_attr_t attributes;
  if (int error = pthread_attr_init(&attributes))
    return fail(allocator, SINTER_IO, "cannot start threads: %s",
                strerror(error));
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // The host's signal handlers run on the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  for (uint32_t i = 1; i < workers && !error; ++i) {
    // Reserved above: the elements never move.
    (void)threads.push_back(Thread{pthread_t(), this, i});
    error = pthread_create(&threads.back().handle, &attributes, threadMain,
                           &threads.back());
    if (error)
      threads.pop_back();
    else if (pin)
      pinThread(threads.back());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (!error)
    return Status();
  size_t started = threads.size() + 1;
  stop();
  return fail(allocator, SINTER_IO,
              "cannot start worker %zu of %u: %s; ask for fewer threads",
              started + 1, workers, strerror(error));
}

void WorkerPool::stop() {
  ending.store(true, std::memory_order_relaxed);
  round.add(1);
  round.wake();
  for (Thread &thread : threads)
    pthread_join(thread.handle, nullptr);
  threads.clear();
}

Status WorkerPool::calibrate(const Allocator &allocator) {
  idle = Vector<Patience>(allocator);
  inside = Vector<Patience>(allocator);
  SINTER_NEED(idle.resize(count) && inside.resize(count));
  // More workers than CPUs: whoever spins takes the CPU from the one it waits
  // for.
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    oneProcessor = CPU_COUNT(&set) == 1;
    if (count > static_cast<uint32_t>(CPU_COUNT(&set)))
      return Status();
  }
  uint64_t perMicrosecond = pausesPerMicrosecond();
  for (uint32_t i = 0; i < count; ++i) {
    idle[i].set(static_cast<uint32_t>(perMicrosecond * kIdleMicroseconds));
    inside[i].set(static_cast<uint32_t>(perMicrosecond * kBarrierMicroseconds),
                  true);
  }
  return Status();
}

void WorkerPool::pinThread(const Thread &thread) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
    return;
  uint32_t seen = 0;
  uint32_t wanted = thread.index % static_cast<uint32_t>(CPU_COUNT(&allowed));
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || seen++ != wanted)
      continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(thread.handle, sizeof(one), &one);
    return;
  }
}

void *WorkerPool::threadMain(void *argument) {
  Thread &thread = *static_cast<Thread *>(argument);
  thread.pool->work(thread.index);
  return nullptr;
}

void WorkerPool::work(uint32_t index) {
  FloatEnvironment ieee;
  for (uint32_t seen = 0;;) {
    round.waitChange(seen, idle[index]);
    // A round cannot end without this worker, so none is ever missed.
    ++seen;
    if (ending.load(std::memory_order_relaxed))
      return;
    task(argument, index);
    if (remaining.add(UINT32_MAX) == 0) // one less
      remaining.wake();
  }
}

void WorkerPool::run(Task newTask, const void *newArgument) {
  turn.lock();
  runTogether(newTask, newArgument);
  turn.unlock();
}

void WorkerPool::runTogether(Task newTask, const void *newArgument) {
  if (count > 1) {
    task = newTask;
    argument = newArgument;
    remaining.set(count - 1);
    round.add(1);
    round.wake();
  }
  newTask(newArgument, 0);
  for (uint32_t left; count > 1 && (left = remaining.load()) != 0;)
    remaining.waitChange(left, inside[0]);
}

/// Nanoseconds in which a worker waited for a late one since the last call.
uint64_t WorkerPool::takeLost() {
  uint64_t lost = 0;
  for (Patience &patience : inside)
    lost += patience.takeLost();
  return lost;
}

void WorkerPool::run(sinter_entry entry, void *const *buffers,
                     const int64_t *scalars) {
  struct Kernel {
    sinter_entry entry;
    sinter_call call;
  } kernel{entry, {}};
  kernel.call.abi = SINTER_KERNEL_ABI;
  kernel.call.buffers = buffers;
  kernel.call.scalars = scalars;
  kernel.call.ctx = this;
  Task task = [](const void *argument, uint32_t worker) {
    const Kernel &kernel = *static_cast<const Kernel *>(argument);
    kernel.entry(&kernel.call, worker);
  };
  FloatEnvironment ieee;
  turn.lock();
  uint64_t start = count > 1 && !oneProcessor ? nanoseconds() : 0;
  if (start == 0 || solo.isAlone(start)) {
    kernel.call.workers = 1;
    kernel.call.barrier = [](void *, uint32_t, uint32_t) {};
    task(&kernel, 0);
  } else {
    kernel.call.workers = count;
    kernel.call.barrier = [](void *context, uint32_t worker, uint32_t) {
      auto *pool = static_cast<WorkerPool *>(context);
      pool->barrier.arrive(pool->inside[worker]);
    };
    runTogether(task, &kernel);
    uint64_t end = nanoseconds(), lost = takeLost();
    // With more than two workers, the others are worth more than the late one.
    if (count == 2)
      solo.notice(end, end - start, lost);
  }
  turn.unlock();
}

} // namespace sinter::runtime
