// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cpu/WorkerPool.h"
#include "runtime/capi/Objects.h"
#include "runtime/device/cpu/Features.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <csignal>
#include <mutex>
#include <sched.h>
#include <set>
#include <thread>
#include <xmmintrin.h>

using namespace sinter::test;
using namespace sinter::runtime;

namespace {

enum : uint32_t { BarrierKernel = 3, MxcsrKernel = 4 };

TEST(WorkerPool, EachWorkerRunsEachTaskOnce) {
  for (uint32_t workers : {1u, 2u, 3u, 9u}) {
    WorkerPool pool;
    ASSERT_TRUE(pool.start(Allocator(), workers, workers == 3).ok());
    std::vector<std::atomic<int>> counts(workers);
    for (int round = 0; round < 300; ++round)
      pool.run(
          [](const void *argument, uint32_t worker) {
            auto *counts =
                static_cast<const std::vector<std::atomic<int>> *>(argument);
            ++const_cast<std::atomic<int> &>((*counts)[worker]);
          },
          &counts);
    for (auto &count : counts)
      EXPECT_EQ(count, 300);
  }
}

TEST(WorkerPool, CallersTakeTurns) {
  WorkerPool pool;
  ASSERT_TRUE(pool.start(Allocator(), 2, false).ok());
  struct Shared {
    std::atomic<int> inside{0}, most{0}, calls{0};
  } shared;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round)
        pool.run(
            [](const void *argument, uint32_t worker) {
              auto &shared =
                  *const_cast<Shared *>(static_cast<const Shared *>(argument));
              if (worker)
                return;
              int now = ++shared.inside;
              if (now > shared.most)
                shared.most = now;
              ++shared.calls;
              --shared.inside;
            },
            &shared);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(shared.calls, 800);
  EXPECT_EQ(shared.most, 1);
}

/// Cells of 64 bytes a worker.
std::vector<int32_t> runKernel(uint32_t threads, uint32_t kernel, int64_t n) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write(), threads);
  std::vector<int32_t> cells(16 * threads + 16);
  auto aligned = reinterpret_cast<int32_t *>(
      (reinterpret_cast<uintptr_t>(cells.data()) + 63) / 64 * 64);
  void *buffers[] = {aligned};
  plan->loaded.workers().run(plan->loaded.entry(kernel), buffers, &n);
  return {aligned, aligned + 16 * threads};
}

TEST(WorkerPool, BarrierHoldsWhenOversubscribed) {
  for (uint32_t threads : {1u, 2u, 3u, 8u}) {
    auto cells = runKernel(threads, BarrierKernel, threads > 2 ? 300 : 5000);
    for (uint32_t i = 0; i < threads; ++i)
      EXPECT_EQ(cells[16 * i + 1], 0) << i << " of " << threads;
  }
}

/// ThreadSanitizer does not see into kernels of a plan, but into this one.
TEST(WorkerPool, BarrierOrdersMemory) {
  for (uint32_t workers : {1u, 2u, 3u, 8u}) {
    WorkerPool pool;
    ASSERT_TRUE(pool.start(Allocator(), workers, false).ok());
    std::vector<int64_t> written(workers), sums(workers);
    void *buffers[] = {written.data(), sums.data()};
    auto kernel = [](const sinter_call *call, uint32_t worker) {
      auto *written = static_cast<int64_t *>(call->buffers[0]);
      auto *sums = static_cast<int64_t *>(call->buffers[1]);
      for (int64_t round = 0; round < 50; ++round) {
        written[worker] = call->scalars[0] + round;
        call->barrier(call->ctx, worker, 0);
        for (uint32_t other = 0; other < call->workers; ++other)
          sums[worker] += written[other] - (call->scalars[0] + round);
        call->barrier(call->ctx, worker, 0);
      }
    };
    for (int64_t run = 0; run < 20; ++run)
      pool.run(kernel, buffers, &run);
    EXPECT_EQ(sums, std::vector<int64_t>(workers)) << workers << " workers";
  }
}

TEST(WorkerPool, GoesOnWithoutAWorkerThatHasNoProcessor) {
  if (WorkerPool::availableCores() < 2)
    GTEST_SKIP() << "workers of one core are one worker anyway";
  for (uint32_t workers : {2u, 3u, 5u}) {
    WorkerPool pool;
    ASSERT_TRUE(pool.start(Allocator(), workers, false).ok());
    struct Seen {
      std::thread::id late; // the thread that is
      std::set<std::thread::id> threads;
      std::mutex mutex;
    } seen;
    void *buffers[] = {&seen};
    int64_t late = 0;
    auto kernel = [](const sinter_call *call, uint32_t worker) {
      auto &seen = *static_cast<Seen *>(call->buffers[0]);
      {
        std::lock_guard lock(seen.mutex);
        seen.threads.insert(std::this_thread::get_id());
      }
      if (worker == 1 && call->scalars[0]) {
        seen.late = std::this_thread::get_id();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      call->barrier(call->ctx, worker, 0);
    };
    auto run = [&] {
      seen.threads.clear();
      pool.run(kernel, buffers, &late);
      return seen.threads.size();
    };
    // On a busy machine others may be late before.
    late = 1;
    while (run() == 1)
      ;
    late = 0;
    EXPECT_LT(run(), workers);
    EXPECT_FALSE(seen.threads.contains(seen.late)) << workers << " workers";
    // Some time later all work again.
    while (run() < workers)
      ;
  }
}

TEST(Absence, LastsLongerWhileWorkersAreLateAgain) {
  constexpr uint64_t ms = 1'000'000;
  Absence absence;
  uint64_t now = 1000 * ms;
  EXPECT_FALSE(absence.notice(now, 4 * ms, 2 * ms)) << "uneven work";
  EXPECT_TRUE(absence.isOver(now));
  for (uint64_t length = Absence::kLeast; length <= Absence::kMost;
       length *= 2) {
    EXPECT_TRUE(absence.notice(now, 4 * ms, 3 * ms));
    EXPECT_FALSE(absence.isOver(now + length - 1));
    EXPECT_TRUE(absence.isOver(now + length));
    now += length + 5 * ms;
  }
  absence.notice(now, 4 * ms, 3 * ms);
  EXPECT_TRUE(absence.isOver(now + Absence::kMost)) << "never longer than that";
  now += Absence::kMost + Absence::kTrial + 4 * ms;
  absence.notice(now, 4 * ms, 3 * ms);
  EXPECT_TRUE(absence.isOver(now + Absence::kLeast)) << "all was well between";
  // Another one, while the first is still out.
  absence.notice(now + 5 * ms, 4 * ms, 3 * ms);
  EXPECT_TRUE(absence.isOver(now + 5 * ms + Absence::kLeast));
}

TEST(WorkerPool, FloatingPointIsIeeeInsideAndTheCallersOutside) {
  unsigned before = _mm_getcsr();
  unsigned fast = before | 0x8040; // flush to zero, denormals are zero
  _mm_setcsr(fast);
  auto cells = runKernel(3, MxcsrKernel, 0);
  unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(after, fast);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(unsigned(cells[16 * i]) & ~0x3fu, 0x1f80u);
}

TEST(WorkerPool, SignalsStayWithTheCaller) {
  WorkerPool pool;
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  ASSERT_TRUE(pool.start(Allocator(), 2, false).ok());
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGUSR1), sigismember(&before, SIGUSR1));
  int blocked[2] = {};
  pool.run(
      [](const void *argument, uint32_t worker) {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        const_cast<int *>(static_cast<const int *>(argument))[worker] =
            sigismember(&mask, SIGUSR1);
      },
      blocked);
  EXPECT_EQ(blocked[0], sigismember(&before, SIGUSR1));
  EXPECT_EQ(blocked[1], 1);
}

TEST(WorkerPool, Cores) {
  EXPECT_GE(WorkerPool::availableCores(), 1u);
  EXPECT_LE(WorkerPool::availableCores(), std::thread::hardware_concurrency());
}

TEST(WorkerPool, EachWorkerHasAProcessorOfItsOwn) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  uint32_t count = static_cast<uint32_t>(CPU_COUNT(&allowed));
  std::set<int> seen;
  for (uint32_t worker = 0; worker < count; ++worker) {
    int cpu = WorkerPool::cpuOf(worker);
    ASSERT_GE(cpu, 0);
    EXPECT_TRUE(CPU_ISSET(cpu, &allowed));
    seen.insert(cpu);
    EXPECT_EQ(WorkerPool::cpuOf(worker + count), cpu);
  }
  EXPECT_EQ(seen.size(), count);
}

TEST(WorkerPool, KernelsAreToldOfTheCpu) {
  WorkerPool pool;
  ASSERT_TRUE(pool.start(Allocator(), 2, false).ok());
  std::vector<uint32_t> told(2, 7);
  void *buffers[] = {told.data()};
  auto kernel = [](const sinter_call *call, uint32_t worker) {
    EXPECT_GE(call->abi, SINTER_KERNEL_ABI_TRAITS);
    static_cast<uint32_t *>(call->buffers[0])[worker] = call->traits;
  };
  pool.run(kernel, buffers, nullptr);
  EXPECT_EQ(told[0], 0u);
  pool.setTraits(SINTER_TRAIT_STREAMS);
  pool.run(kernel, buffers, nullptr);
  EXPECT_EQ(told[0], SINTER_TRAIT_STREAMS);
}

TEST(Features, OnlyZen4ReadsStreamsByItself) {
  bool zen4 = __builtin_cpu_is("amdfam19h") && cpuHasFeature("avx512f");
  EXPECT_EQ(cpuTraits(), zen4 ? SINTER_TRAIT_STREAMS : 0);
}

TEST(Features, Names) {
  EXPECT_TRUE(cpuHasFeature("sse2"));
  EXPECT_FALSE(cpuHasFeature("no-such-feature"));
  EXPECT_FALSE(cpuHasFeature(""));
  EXPECT_EQ(cpuHasFeature("avx2"), bool(__builtin_cpu_supports("avx2")));
  EXPECT_EQ(cpuHasFeature("fma"), bool(__builtin_cpu_supports("fma")));
  EXPECT_EQ(cpuHasFeature("avx512vnni"),
            bool(__builtin_cpu_supports("avx512vnni")));
  EXPECT_EQ(cpuHasFeature("avx512vl"),
            bool(__builtin_cpu_supports("avx512vl")));
}

} // namespace
