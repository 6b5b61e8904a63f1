// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "sinter-c/profile.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <sched.h>

using namespace sinter::test;

namespace {

const std::vector<int32_t> kPrompt = {72, 101, 108, 108, 111, 32, 119, 111};

/// Copies of what the callback was given.
struct Seen {
  struct Dispatch {
    sinter_dispatch head;
    std::string name;
    std::vector<sinter_span> spans;
    std::vector<int64_t> scalars;
  };
  std::vector<Dispatch> dispatches;

  static void callback(void *user, const sinter_dispatch *given) {
    static_cast<Seen *>(user)->dispatches.push_back(
        {*given,
         given->kernel,
         {given->spans, given->spans + given->span_count},
         {given->scalars, given->scalars + given->scalar_count}});
  }
};

TEST(Profile, SpansOfAWorkerFillTheDispatch) {
  TinyPlan tiny;
  for (uint32_t threads : {1, 3}) {
    PlanOwner plan = openPlan(tiny.write(), threads);
    SessionOwner session = openSession(plan);
    Seen seen;
    ASSERT_EQ(
        messageOf(sinter_session_profile(session.get(), Seen::callback, &seen)),
        "");
    Generated result = generate(session, kPrompt, greedy(4));
    ASSERT_EQ(result.message, "");
    // One forward, head and sample for each token.
    ASSERT_EQ(seen.dispatches.size(), 12u);
    uint64_t before = 0;
    for (const Seen::Dispatch &dispatch : seen.dispatches) {
      // A worker that is found late is left out for a while.
      EXPECT_GE(dispatch.head.workers, 1u);
      EXPECT_LE(dispatch.head.workers, threads);
      EXPECT_LE(before, dispatch.head.begin_ns);
      before = dispatch.head.end_ns;
      const bool forward = dispatch.name == "tiny_forward";
      EXPECT_EQ(dispatch.head.layer, forward ? 0 : -1);
      const size_t each = forward ? 2 : 1;
      ASSERT_EQ(dispatch.spans.size(), each * dispatch.head.workers);
      for (size_t i = 0; i < dispatch.spans.size(); ++i) {
        const sinter_span &span = dispatch.spans[i];
        EXPECT_EQ(span.worker, i / each);
        EXPECT_EQ(span.stage, i % each + (forward ? TinyPlan::kStage : 0));
        EXPECT_LE(span.begin_ns, span.arrive_ns);
        EXPECT_LE(span.arrive_ns, span.leave_ns);
        EXPECT_LE(dispatch.head.begin_ns, span.begin_ns);
        if (i % each > 0) {
          EXPECT_EQ(dispatch.spans[i - 1].leave_ns, span.begin_ns);
        }
        if (i % each == each - 1) {
          EXPECT_EQ(span.leave_ns, dispatch.head.end_ns);
        }
      }
    }
  }
}

TEST(Profile, ChangesNothingAndEnds) {
  TinyPlan tiny;
  tiny.tables.kernel_abi = 1; // does not number its stages: they are counted
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner session = openSession(plan);
  std::vector<int32_t> expected = generate(session, kPrompt, greedy(8)).ids;
  Seen seen;
  ASSERT_EQ(
      messageOf(sinter_session_profile(session.get(), Seen::callback, &seen)),
      "");
  EXPECT_EQ(generate(openSession(plan), kPrompt, greedy(8)).ids, expected);
  EXPECT_EQ(seen.dispatches.size(), 0u) << "of another session";
  (void)sinter_session_truncate(session.get(), 0);
  EXPECT_EQ(generate(session, kPrompt, greedy(8)).ids, expected);
  EXPECT_EQ(seen.dispatches.size(), 24u);
  EXPECT_EQ(seen.dispatches[0].spans[1].stage, 1u);
  ASSERT_EQ(messageOf(sinter_session_profile(session.get(), nullptr, nullptr)),
            "");
  EXPECT_EQ(generate(session, kPrompt, greedy(8)).ids, expected);
  EXPECT_EQ(seen.dispatches.size(), 24u);
}

TEST(Profile, StepsOfAPool) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  sinter_pool_options options;
  sinter_pool_options_initialize(&options);
  options.sessions = 2;
  options.context = 64;
  PoolOwner pool = openPool(plan, options);
  SessionOwner a = sessionIn(plan, pool), b = sessionIn(plan, pool);
  Seen seen;
  ASSERT_EQ(messageOf(sinter_pool_profile(pool.get(), Seen::callback, &seen)),
            "");
  auto step = [&](const std::vector<sinter_row> &rows) {
    seen.dispatches.clear();
    EXPECT_EQ(messageOf(sinter_pool_step(
                  pool.get(), rows.data(), rows.size(),
                  [](void *, size_t, const float *) { return 0; }, nullptr)),
              "");
  };
  const uint32_t logits = SINTER_ROW_LOGITS;
  step({{a.get(), 1, 0}, {a.get(), 2, 0}, {a.get(), 3, 0}});
  ASSERT_EQ(seen.dispatches.size(), 1u) << "no logits, no head";
  EXPECT_EQ(seen.dispatches[0].head.positions, 3u);
  EXPECT_EQ(seen.dispatches[0].head.pairs, 1u + 2 + 3);
  step({{a.get(), 4, logits}, {b.get(), 5, logits}, {b.get(), 6, logits}});
  ASSERT_EQ(seen.dispatches.size(), 2u);
  EXPECT_EQ(seen.dispatches[0].name, "tiny_forward");
  EXPECT_EQ(seen.dispatches[0].head.positions, 4u + 2);
  EXPECT_EQ(seen.dispatches[0].head.pairs, 4u + 1 + 2);
  EXPECT_EQ(seen.dispatches[0].spans[0].stage, TinyPlan::kStage);
  ASSERT_EQ(messageOf(sinter_pool_profile(pool.get(), nullptr, nullptr)), "");
  step({{b.get(), 7, logits}});
  EXPECT_EQ(seen.dispatches.size(), 0u);
}

TEST(Profile, RefusesNull) {
  EXPECT_NE(messageOf(sinter_session_profile(nullptr, nullptr, nullptr)), "");
  EXPECT_NE(messageOf(sinter_pool_profile(nullptr, nullptr, nullptr)), "");
  EXPECT_EQ(sinter_plan_barrier_time(nullptr, 10), 0u);
}

TEST(Profile, BarriersTakeTimeWhereThereIsSomebodyToWaitFor) {
  TinyPlan tiny;
  EXPECT_EQ(sinter_plan_barrier_time(openPlan(tiny.write(), 1).get(), 10), 0u);
  cpu_set_t set; // on one processor a kernel runs on one worker
  ASSERT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  if (CPU_COUNT(&set) > 1) {
    PlanOwner plan = openPlan(tiny.write(), 3);
    EXPECT_GT(sinter_plan_barrier_time(plan.get(), 10), 0u);
  }
}

TEST(Profile, NeedsMemory) {
  TinyPlan tiny;
  const std::string path = tiny.write();
  CountingAllocator allocator;
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.allocator = &allocator.callbacks;
  sinter_plan *opened = nullptr;
  ASSERT_EQ(messageOf(sinter_plan_open(path.c_str(), &options, &opened)), "");
  PlanOwner plan(opened);
  SessionOwner session = openSession(plan);
  Seen seen;
  for (size_t request = 1; request <= 3; ++request) {
    allocator.refuse = allocator.requests + request;
    StatusOwner status(
        sinter_session_profile(session.get(), Seen::callback, &seen));
    EXPECT_EQ(sinter_status_code(status.get()), SINTER_OUT_OF_MEMORY);
  }
  allocator.refuse = 0;
  EXPECT_EQ(generate(session, kPrompt, greedy(2)).ids.size(), 2u);
  EXPECT_EQ(seen.dispatches.size(), 0u);
}

} // namespace
