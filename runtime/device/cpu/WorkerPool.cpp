// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cpu/WorkerPool.h"
#include "runtime/base/Clock.h"

#include <csignal>
#include <cstring>
#include <sched.h>
#include <unistd.h>
#include <utility>

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
  SINTER_NEED(seats.create(allocator, workers) &&
              team.create(allocator, workers));
  setPatience();
  gatherAll();
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
  for (; threads < workers; ++threads) {
    Seat &seat = seats[threads];
    seat.pool = this;
    error = pthread_create(&seat.thread, &attributes, threadMain, &seat);
    if (error)
      break;
    if (pin)
      pinThread(threads);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (!error)
    return Status();
  uint32_t refused = threads + 1;
  stop();
  return fail(allocator, SINTER_IO,
              "cannot start worker %u of %u: %s; ask for fewer threads",
              refused, workers, strerror(error));
}

void WorkerPool::stop() {
  ending.store(true, std::memory_order_relaxed);
  for (uint32_t i = 1; i < threads; ++i)
    seats[i].invited.store(seats[i].invited.load() + 1);
  for (uint32_t i = 1; i < threads; ++i)
    pthread_join(seats[i].thread, nullptr);
  threads = 1;
}

void WorkerPool::setPatience() {
  // More workers than CPUs: whoever spins takes the CPU from the one it waits
  // for.
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    oneProcessor = CPU_COUNT(&set) == 1;
    if (workers() > static_cast<uint32_t>(CPU_COUNT(&set)))
      return;
  }
  uint64_t perMicrosecond = pausesPerMicrosecond();
  for (Seat &seat : seats) {
    seat.idle.set(static_cast<uint32_t>(perMicrosecond * kIdleMicroseconds));
    seat.inside.set(
        static_cast<uint32_t>(perMicrosecond * kBarrierMicroseconds), true);
  }
}

void WorkerPool::pinThread(uint32_t index) {
  int cpu = cpuOf(index);
  if (cpu < 0)
    return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  pthread_setaffinity_np(seats[index].thread, sizeof(one), &one);
}

//===-- One task ----------------------------------------------------------===//

void *WorkerPool::threadMain(void *argument) {
  Seat &seat = *static_cast<Seat *>(argument);
  seat.pool->work(seat);
  return nullptr;
}

void WorkerPool::work(Seat &seat) {
  FloatEnvironment ieee;
  for (uint32_t invitation = 1;; ++invitation) {
    seat.invited.waitFor(invitation, seat.idle);
    if (ending.load(std::memory_order_relaxed))
      return;
    seat.steps = seat.before;
    seat.task(seat.argument, seat.worker);
    seat.done.store(++seat.steps);
  }
}

void WorkerPool::runTogether(Task task, const void *argument) {
  Seat &own = seats[0];
  for (uint32_t worker = 1; worker < teamSize; ++worker) {
    Seat &seat = seatOf(worker);
    seat.worker = worker;
    seat.before = own.steps;
    seat.task = task;
    seat.argument = argument;
    seat.invited.store(seat.invited.load() + 1);
  }
  task(argument, 0);
  ++own.steps;
  for (uint32_t worker = 1; worker < teamSize; ++worker)
    seatOf(worker).done.waitFor(own.steps, own.inside);
}

/// Everyone says how many steps it has done, each in a line of cache that only
/// it writes, and waits until the others have done as many.
void WorkerPool::arrive(uint32_t worker) {
  Seat &own = seatOf(worker);
  own.done.store(++own.steps);
  for (uint32_t other = 0; other < teamSize; ++other)
    if (other != worker)
      seatOf(other).done.waitFor(own.steps, own.inside);
}

void WorkerPool::run(Task task, const void *argument) {
  turn.lock();
  gatherAll();
  runTogether(task, argument);
  turn.unlock();
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
  kernel.call.traits = traits;
  Task task = [](const void *argument, uint32_t worker) {
    const Kernel &kernel = *static_cast<const Kernel *>(argument);
    kernel.entry(&kernel.call, worker);
  };
  FloatEnvironment ieee;
  turn.lock();
  uint64_t start = workers() > 1 && !oneProcessor ? nanoseconds() : 0;
  chooseTeam(start);
  kernel.call.workers = teamSize;
  if (teamSize == 1) {
    kernel.call.barrier = [](void *, uint32_t, uint32_t) {};
    task(&kernel, 0);
  } else {
    kernel.call.barrier = [](void *pool, uint32_t worker, uint32_t) {
      static_cast<WorkerPool *>(pool)->arrive(worker);
    };
    runTogether(task, &kernel);
    leaveOutLate(start, nanoseconds());
  }
  turn.unlock();
}

//===-- Late workers ------------------------------------------------------===//

void WorkerPool::gatherAll() {
  teamSize = workers();
  for (uint32_t worker = 0; worker < teamSize; ++worker)
    team[worker] = worker;
}

/// Who runs a kernel that begins now.
void WorkerPool::chooseTeam(uint64_t now) {
  if (oneProcessor)
    teamSize = 1;
  else if (teamSize < workers() && absence.isOver(now))
    gatherAll();
}

void WorkerPool::leaveOutLate(uint64_t start, uint64_t end) {
  uint64_t lost = 0, least = UINT64_MAX;
  uint32_t late = 0;
  for (uint32_t worker = 0; worker < teamSize; ++worker) {
    uint64_t own = seatOf(worker).inside.takeLost();
    lost += own;
    // The caller cannot be left out; where it is the late one, the processor
    // of another gets free for it.
    if (worker > 0 && own <= least) {
      least = own;
      late = worker;
    }
  }
  if (absence.notice(end, end - start, lost / (teamSize - 1)))
    std::swap(team[late], team[--teamSize]);
}

} // namespace sinter::runtime
