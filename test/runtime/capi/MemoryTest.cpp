// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

using namespace sinter::test;

namespace {

sinter_status *openWith(CountingAllocator &allocator, const std::string &path,
                        PlanOwner &out) {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.threads = 2;
  options.allocator = &allocator.callbacks;
  sinter_plan *plan = nullptr;
  sinter_status *status = sinter_plan_open(path.c_str(), &options, &plan);
  out.reset(plan);
  return status;
}

/// Everything a program does; the first failure ends it.
sinter_code useAll(CountingAllocator &allocator, const std::string &path) {
  PlanOwner plan;
  if (StatusOwner status(openWith(allocator, path, plan)); status)
    return sinter_status_code(status.get());
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.context = 64;
  sinter_session *session = nullptr, *fork = nullptr;
  if (StatusOwner status(sinter_session_create(plan.get(), &options, &session));
      status)
    return sinter_status_code(status.get());
  SessionOwner owner(session);
  sinter_generation generation = greedy(4);
  const char *stop = "stop";
  generation.stop = &stop;
  generation.stop_count = 1;
  Generated result = generate(owner, {1, 2, 3}, generation);
  if (result.code != SINTER_OK)
    return result.code;
  if (StatusOwner status(sinter_session_fork(session, &fork)); status)
    return sinter_status_code(status.get());
  SessionOwner other(fork);
  int32_t ids[16];
  size_t count;
  if (StatusOwner status(
          sinter_plan_tokenize(plan.get(), "a b", 3, 0, ids, 16, &count));
      status)
    return sinter_status_code(status.get());
  StatusOwner bad(sinter_session_truncate(session, 1000));
  return sinter_status_code(bad.get());
}

TEST(Memory, EveryAllocationFailsOnce) {
  TinyPlan tiny;
  std::string path = tiny.write();
  size_t failures = 0;
  for (size_t refuse = 1;; ++refuse) {
    CountingAllocator allocator;
    allocator.refuse = refuse;
    sinter_code code = useAll(allocator, path);
    EXPECT_EQ(allocator.held, 0u) << "request " << refuse;
    if (allocator.requests < refuse) {
      EXPECT_EQ(code, SINTER_INVALID_ARGUMENT); // of the last call
      break;
    }
    EXPECT_EQ(code, SINTER_OUT_OF_MEMORY) << "request " << refuse;
    ++failures;
  }
  EXPECT_GT(failures, 10u);
}

TEST(Memory, SessionSurvivesARefusal) {
  TinyPlan tiny;
  std::string path = tiny.write();
  CountingAllocator allocator;
  PlanOwner plan;
  ASSERT_EQ(messageOf(openWith(allocator, path, plan)), "");
  SessionOwner session = openSession(plan);
  auto expected = generate(session, {1, 2, 3}, greedy(8)).ids;
  for (size_t next = 1;; ++next) {
    allocator.requests = 0;
    allocator.refuse = next;
    Generated result = generate(session, {1, 2, 3}, greedy(8));
    bool refused = allocator.requests >= next;
    EXPECT_EQ(result.code, refused ? SINTER_OUT_OF_MEMORY : SINTER_OK);
    allocator.refuse = 0;
    EXPECT_EQ(generate(session, {1, 2, 3}, greedy(8)).ids, expected);
    if (!refused)
      break;
  }
}

TEST(Memory, StatusOutlivesThePlan) {
  TinyPlan tiny;
  std::string path = tiny.write();
  CountingAllocator allocator;
  StatusOwner status;
  {
    PlanOwner plan;
    ASSERT_EQ(messageOf(openWith(allocator, path, plan)), "");
    SessionOwner session = openSession(plan);
    sinter_generation options = greedy(1);
    status.reset(
        sinter_session_generate(session.get(), nullptr, 0, &options, nullptr));
  }
  EXPECT_STREQ(sinter_status_message(status.get()),
               "the prompt is empty; expected at least one id");
  status.reset();
  EXPECT_EQ(allocator.held, 0u);
}

TEST(Memory, FormulaIsAnUpperBoundAndClose) {
  TinyPlan tiny;
  tiny.tables.buffers[0]->bytes = 1 << 20;
  tiny.tables.buffers[0]->bytes_per_worker = 1 << 18;
  tiny.tables.states[0]->layers = 40;
  std::string path = tiny.write();
  for (uint32_t sessions : {0u, 1u, 3u})
    for (uint32_t context : {100u, 1000u, 4096u}) {
      CountingAllocator allocator;
      PlanOwner plan;
      ASSERT_EQ(messageOf(openWith(allocator, path, plan)), "");
      std::vector<SessionOwner> owners;
      for (uint32_t i = 0; i < sessions; ++i) {
        owners.push_back(openSession(plan, context));
        sinter_generation options = greedy(60);
        options.sampling.temperature = 1;
        EXPECT_EQ(generate(owners.back(), {1, 2, 3}, options).code, SINTER_OK);
      }
      uint64_t formula = sinter_plan_memory(plan.get(), sessions, context);
      EXPECT_LE(allocator.peak, formula) << sessions << " x " << context;
      EXPECT_GE(allocator.peak * 1.05, formula) << sessions << " x " << context;
    }
}

TEST(Memory, AbsurdSizesAreRefused) {
  TinyPlan tiny;
  tiny.tables.max_context = 1 << 24;
  tiny.tables.buffers[0]->bytes_per_position = uint64_t(1) << 22;
  PlanOwner plan = openPlan(tiny.write());
  sinter_session *session = nullptr;
  StatusOwner status(sinter_session_create(plan.get(), nullptr, &session));
  EXPECT_EQ(sinter_status_code(status.get()), SINTER_OUT_OF_MEMORY);
  EXPECT_NE(
      std::string(sinter_status_message(status.get())).find("smaller context"),
      std::string::npos);
}

} // namespace
