// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Threads that share a plan.  A build with SINTER_SANITIZE_THREAD looks for
// races in these.
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

using namespace sinter::test;

namespace {

TEST(Concurrency, SessionsOnThreads) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write(), 2);
  auto expected = generate(openSession(plan), {1, 2, 3}, greedy(40)).ids;
  std::vector<std::thread> threads;
  std::vector<std::vector<int32_t>> got(4);
  for (auto &ids : got)
    threads.emplace_back([&plan, &ids] {
      SessionOwner session = openSession(plan);
      for (int round = 0; round < 5; ++round)
        ids = generate(session, {1, 2, 3}, greedy(40)).ids;
    });
  for (std::thread &thread : threads)
    thread.join();
  for (auto &ids : got)
    EXPECT_EQ(ids, expected);
}

TEST(Concurrency, PoolsOnThreads) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write(), 2);
  SessionOwner alone = openSession(plan, 64);
  std::vector<float> expected = score(alone, std::vector<int32_t>(20, 7));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      sinter_pool_options options;
      sinter_pool_options_initialize(&options);
      options.sessions = 2;
      options.context = 64;
      sinter_pool *pool = nullptr;
      sinter_status_release(sinter_pool_create(plan.get(), &options, &pool));
      sinter_session_options in;
      sinter_session_options_initialize(&in);
      in.pool = pool;
      sinter_session *session = nullptr;
      sinter_status_release(sinter_session_create(plan.get(), &in, &session));
      struct Last {
        const float *expected;
        std::atomic<int> &wrong;
      } last{nullptr, wrong};
      for (size_t i = 0; i < 20; ++i) {
        last.expected = &expected[i * TinyPlan::kVocabulary];
        sinter_row row = {session, 7, SINTER_ROW_LOGITS};
        sinter_status_release(sinter_pool_step(
            pool, &row, 1,
            [](void *user, size_t, const float *logits) {
              auto &last = *static_cast<Last *>(user);
              last.wrong += !std::equal(logits, logits + TinyPlan::kVocabulary,
                                        last.expected);
              return 0;
            },
            &last));
      }
      wrong += sinter_session_position(session) != 20;
      sinter_session_release(session);
      sinter_pool_release(pool);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(Concurrency, CancelFromAnotherThread) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write(), 2);
  SessionOwner session = openSession(plan, TinyPlan::kContext);
  std::atomic<bool> stop{false};
  std::thread canceller([&] {
    while (!stop) {
      sinter_session_cancel(session.get());
      std::this_thread::yield();
    }
  });
  int cancelled = 0;
  while (cancelled < 5)
    cancelled +=
        generate(session, {1, 2, 3}, greedy(200)).code == SINTER_CANCELLED;
  stop = true;
  canceller.join();
  // At most one cancellation is left over.
  (void)generate(session, {1, 2, 3}, greedy(10));
  EXPECT_EQ(generate(session, {1, 2, 3}, greedy(10)).ids.size(), 10u);
}

} // namespace
