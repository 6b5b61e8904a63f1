// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace sinter::test;

namespace {

constexpr uint32_t kVocabulary = TinyPlan::kVocabulary;

sinter_pool_options poolOptions(uint32_t sessions, uint32_t context,
                                uint64_t positions = 0) {
  sinter_pool_options options;
  sinter_pool_options_initialize(&options);
  options.sessions = sessions;
  options.context = context;
  options.positions = positions;
  return options;
}

sinter_status *createIn(const PlanOwner &plan, const PoolOwner &pool,
                        sinter_session **out) {
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.pool = pool.get();
  return sinter_session_create(plan.get(), &options, out);
}

using Logits = std::map<size_t, std::vector<float>>;

sinter_status *step(const PoolOwner &pool, const std::vector<sinter_row> &rows,
                    Logits &logits) {
  return sinter_pool_step(
      pool.get(), rows.data(), rows.size(),
      [](void *user, size_t row, const float *values) {
        auto &logits = *static_cast<Logits *>(user);
        EXPECT_TRUE(logits.empty() || logits.rbegin()->first < row);
        logits[row].assign(values, values + kVocabulary);
        return 0;
      },
      &logits);
}

sinter_code codeOf(sinter_status *status) {
  StatusOwner owner(status);
  return sinter_status_code(status);
}

/// A session of a pool and its twin with memory of its own.
struct Twins {
  SessionOwner pooled, alone;

  void check() const {
    uint32_t length = sinter_session_position(alone.get());
    ASSERT_EQ(sinter_session_position(pooled.get()), length);
    EXPECT_TRUE(std::equal(sinter_session_history(alone.get()),
                           sinter_session_history(alone.get()) + length,
                           sinter_session_history(pooled.get())));
  }
};

TEST(Pool, RandomStepsEqualSoloRuns) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(5, 100, 400));
  std::vector<Twins> twins;
  for (int i = 0; i < 5; ++i)
    twins.push_back({sessionIn(plan, pool), openSession(plan, 100)});
  std::mt19937 random(7);
  for (uint32_t round = 0; round < 300; ++round) {
    // Runs of rows of random sessions; one session may come twice.
    std::vector<sinter_row> rows;
    std::vector<const Twins *> of;
    std::map<const Twins *, uint32_t> lengths;
    while (rows.size() < TinyPlan::kRows && random() % 5) {
      const Twins &twin = twins[random() % twins.size()];
      uint32_t count = random() % 3 ? 1 : 1 + random() % 5;
      for (; count && rows.size() < TinyPlan::kRows; --count) {
        uint32_t &length = lengths[&twin];
        if (sinter_session_position(twin.alone.get()) + length == 100)
          break;
        ++length;
        rows.push_back({twin.pooled.get(), int32_t(random() % 256),
                        random() % 2 ? SINTER_ROW_LOGITS : 0});
        of.push_back(&twin);
      }
    }
    Logits logits;
    sinter_code code = codeOf(step(pool, rows, logits));
    if (code == SINTER_CONTEXT_FULL) { // of the pool: nothing happened
      EXPECT_TRUE(logits.empty());
      for (Twins &twin : twins) {
        twin.check();
        uint32_t keep = random() % 20;
        keep = std::min(keep, sinter_session_position(twin.alone.get()));
        sinter_session_truncate(twin.pooled.get(), keep);
        sinter_session_truncate(twin.alone.get(), keep);
      }
      continue;
    }
    ASSERT_EQ(code, SINTER_OK);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::vector<float> alone = score(of[i]->alone, {rows[i].id});
      ASSERT_EQ(logits.count(i), size_t(rows[i].flags));
      if (rows[i].flags) {
        ASSERT_EQ(logits[i], alone) << "round " << round << " row " << i;
      }
    }
    for (Twins &twin : twins) {
      twin.check();
      if (sinter_session_position(twin.alone.get()) > 90 || !(random() % 16)) {
        sinter_session_truncate(twin.pooled.get(), 3);
        sinter_session_truncate(twin.alone.get(), 3);
      }
    }
  }
}

TEST(Pool, SessionsRunAloneToo) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(3, 128));
  SessionOwner alone = openSession(plan, 128);
  auto expected = generate(alone, {1, 2, 3}, greedy(50)).ids;
  SessionOwner one = sessionIn(plan, pool), two = sessionIn(plan, pool);
  EXPECT_EQ(generate(one, {1, 2, 3}, greedy(30)).ids,
            std::vector<int32_t>(expected.begin(), expected.begin() + 30));
  EXPECT_EQ(generate(two, {1, 2, 3}, greedy(50)).ids, expected);
  std::vector<int32_t> longer = {1, 2, 3};
  longer.insert(longer.end(), expected.begin(), expected.begin() + 30);
  EXPECT_EQ(generate(one, longer, greedy(20)).ids,
            std::vector<int32_t>(expected.begin() + 30, expected.end()));
}

TEST(Pool, ForkLivesInThePool) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(3, 64, 96));
  SessionOwner one = sessionIn(plan, pool), blocker = sessionIn(plan, pool);
  std::vector<int32_t> ids(40, 5);
  score(one, ids); // 3 of 6 pages
  EXPECT_EQ(sinter_pool_room(pool.get()), 48u);
  sinter_session *copy = nullptr;
  ASSERT_EQ(messageOf(sinter_session_fork(one.get(), &copy)), "");
  SessionOwner fork(copy);
  EXPECT_EQ(sinter_pool_room(pool.get()), 0u);
  Logits logits;
  ASSERT_EQ(messageOf(step(pool,
                           {{one.get(), 7, SINTER_ROW_LOGITS},
                            {fork.get(), 7, SINTER_ROW_LOGITS}},
                           logits)),
            "");
  EXPECT_EQ(logits[0], logits[1]);
  EXPECT_EQ(score(one, {1}), score(fork, {1}));
  // Full twice: no session left, then no page.
  EXPECT_EQ(messageOf(sinter_session_fork(one.get(), &copy)),
            "the pool has room for 3 sessions, all are there; release one");
  blocker.reset();
  EXPECT_EQ(messageOf(sinter_session_fork(one.get(), &copy)),
            "the pool is full: 3 pages wanted, 0 are free; truncate or release "
            "sessions");
  // The refused copy left its place again.
  fork.reset();
  EXPECT_EQ(sinter_pool_room(pool.get()), 48u);
  ASSERT_EQ(messageOf(sinter_session_fork(one.get(), &copy)), "");
  fork.reset(copy);
}

TEST(Pool, FullPoolChangesNothing) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(3, 64, 80));
  SessionOwner one = sessionIn(plan, pool), two = sessionIn(plan, pool);
  score(one, std::vector<int32_t>(32, 1));
  score(two, std::vector<int32_t>(32, 2));
  SessionOwner alone = openSession(plan, 64);
  score(alone, std::vector<int32_t>(32, 2));
  // One page is free, both want one.
  Logits logits;
  std::vector<sinter_row> both = {{one.get(), 1, SINTER_ROW_LOGITS},
                                  {two.get(), 2, SINTER_ROW_LOGITS}};
  StatusOwner status(step(pool, both, logits));
  EXPECT_EQ(sinter_status_code(status.get()), SINTER_CONTEXT_FULL);
  EXPECT_NE(
      std::string(sinter_status_message(status.get())).find("the pool is full"),
      std::string::npos);
  EXPECT_TRUE(logits.empty());
  EXPECT_EQ(sinter_session_position(one.get()), 32u);
  EXPECT_EQ(sinter_pool_room(pool.get()), 16u);
  EXPECT_EQ(score(two, {2}), score(alone, {2}));
  // A session at work alone finds the pool full, too, and goes on later.
  Generated stuck = generate(one, std::vector<int32_t>(33, 1), greedy(1));
  EXPECT_EQ(stuck.code, SINTER_CONTEXT_FULL);
  one.reset();
  EXPECT_EQ(score(two, std::vector<int32_t>(16, 3)),
            score(alone, std::vector<int32_t>(16, 3)));
}

TEST(Pool, ReleaseInAnyOrderGivesAllBack) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(4, 64, 256));
  std::vector<SessionOwner> sessions;
  for (uint32_t round = 0; round < 4; ++round) {
    for (uint32_t i = 0; i < 4; ++i) {
      sessions.push_back(sessionIn(plan, pool));
      score(sessions.back(), std::vector<int32_t>(17 + i, int32_t(i)));
    }
    EXPECT_EQ(sinter_pool_room(pool.get()), 128u);
    sinter_session *more = nullptr;
    EXPECT_EQ(codeOf(createIn(plan, pool, &more)), SINTER_CONTEXT_FULL);
    while (!sessions.empty())
      sessions.erase(sessions.begin() + round % sessions.size());
    EXPECT_EQ(sinter_pool_room(pool.get()), 256u);
  }
}

TEST(Pool, BadRowsAreRefused) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(2, 64));
  PoolOwner other = openPool(plan, poolOptions(2, 64));
  SessionOwner one = sessionIn(plan, pool), stranger = sessionIn(plan, other);
  SessionOwner alone = openSession(plan, 64);
  auto message = [&](std::vector<sinter_row> rows) {
    Logits logits;
    return messageOf(step(pool, rows, logits));
  };
  EXPECT_EQ(message({}), "");
  EXPECT_EQ(message({{one.get(), 1, 0}, {nullptr, 1, 0}}),
            "the session of row 1 is none of this pool");
  EXPECT_EQ(message({{stranger.get(), 1, 0}}),
            "the session of row 0 is none of this pool");
  EXPECT_EQ(message({{alone.get(), 1, 0}}),
            "the session of row 0 is none of this pool");
  EXPECT_EQ(message({{one.get(), 257, 0}}),
            "id 257 at place 0 is no token; expected 0 to 256");
  EXPECT_EQ(message({{one.get(), 1, 6}}), "row 0 has unknown flags 0x6");
  EXPECT_EQ(message(std::vector<sinter_row>(9, {one.get(), 1, 0})),
            "9 rows in one step, expected at most 8");
  EXPECT_EQ(codeOf(sinter_pool_step(nullptr, nullptr, 0, nullptr, nullptr)),
            SINTER_INVALID_ARGUMENT);
  EXPECT_EQ(sinter_session_position(one.get()), 0u);
}

TEST(Pool, BadSizesAreRefused) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  sinter_pool *pool = nullptr;
  for (auto [sessions, context] :
       {std::pair{0u, 16u}, {1u << 20, 16u}, {1u, 5000u}}) {
    sinter_pool_options options = poolOptions(sessions, context);
    EXPECT_EQ(codeOf(sinter_pool_create(plan.get(), &options, &pool)),
              SINTER_INVALID_ARGUMENT);
  }
  PoolOwner small = openPool(plan, poolOptions(1, 32));
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.pool = small.get();
  options.context = 33;
  sinter_session *session = nullptr;
  EXPECT_EQ(messageOf(sinter_session_create(plan.get(), &options, &session)),
            "a context of 33 positions, the pool has at most 32");
  PlanOwner second = openPlan(tiny.write());
  options.context = 0;
  EXPECT_EQ(messageOf(sinter_session_create(second.get(), &options, &session)),
            "the pool belongs to another plan");
}

TEST(Pool, PlansWithoutStepsSaySo) {
  TinyPlan tiny;
  tiny.tables.functions.pop_back();
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(1, 64));
  SessionOwner one = sessionIn(plan, pool);
  Logits logits;
  StatusOwner status(step(pool, {{one.get(), 1, 0}}, logits));
  EXPECT_EQ(sinter_status_code(status.get()), SINTER_UNSUPPORTED);
  EXPECT_NE(std::string(sinter_status_message(status.get())).find("'step'"),
            std::string::npos);
  EXPECT_EQ(generate(one, {1}, greedy(3)).ids.size(), 3u);
}

TEST(Pool, CancelLeavesSessionsAlone) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(2, 64));
  SessionOwner one = sessionIn(plan, pool);
  sinter_pool_cancel(pool.get());
  Logits logits;
  std::vector<sinter_row> rows = {{one.get(), 1, SINTER_ROW_LOGITS}};
  EXPECT_EQ(codeOf(step(pool, rows, logits)), SINTER_CANCELLED);
  EXPECT_EQ(sinter_session_position(one.get()), 0u);
  EXPECT_EQ(sinter_pool_room(pool.get()), 128u);
  EXPECT_EQ(codeOf(step(pool, rows, logits)), SINTER_OK);
  EXPECT_EQ(sinter_session_position(one.get()), 1u);
}

TEST(Pool, CallbackThatHasEnough) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolOwner pool = openPool(plan, poolOptions(1, 64));
  SessionOwner one = sessionIn(plan, pool);
  std::vector<sinter_row> rows(6, {one.get(), 1, SINTER_ROW_LOGITS});
  size_t calls = 0;
  EXPECT_EQ(messageOf(sinter_pool_step(
                pool.get(), rows.data(), rows.size(),
                [](void *user, size_t, const float *) {
                  return int(++*static_cast<size_t *>(user) == 2);
                },
                &calls)),
            "");
  EXPECT_EQ(calls, 2u);
  EXPECT_EQ(sinter_session_position(one.get()), 6u);
}

TEST(Pool, FormulaIsAnUpperBoundAndClose) {
  TinyPlan tiny;
  tiny.tables.buffers[0]->bytes = 1 << 20;
  tiny.tables.states[0]->layers = 40;
  std::string path = tiny.write();
  for (uint32_t sessions : {1u, 4u, 32u})
    for (uint32_t context : {100u, 4096u})
      for (uint64_t positions : {0u, 300u}) {
        CountingAllocator allocator;
        sinter_plan_options options;
        sinter_plan_options_initialize(&options);
        options.allocator = &allocator.callbacks;
        sinter_plan *opened = nullptr;
        ASSERT_EQ(messageOf(sinter_plan_open(path.c_str(), &options, &opened)),
                  "");
        PlanOwner plan(opened);
        sinter_pool_options wanted = poolOptions(sessions, context, positions);
        PoolOwner pool = openPool(plan, wanted);
        std::vector<SessionOwner> owners;
        for (uint32_t i = 0; i < sessions; ++i)
          owners.push_back(sessionIn(plan, pool));
        EXPECT_EQ(generate(owners.back(), {1, 2, 3}, greedy(60)).code,
                  SINTER_OK);
        Logits logits;
        EXPECT_EQ(codeOf(step(pool, {{owners.back().get(), 3, 1}}, logits)),
                  SINTER_OK);
        uint64_t formula = sinter_pool_memory(plan.get(), &wanted);
        EXPECT_LE(allocator.peak, formula);
        EXPECT_GE(allocator.peak * 1.05, formula)
            << sessions << " x " << context << ", " << positions;
      }
}

TEST(Pool, EveryAllocationFailsOnce) {
  TinyPlan tiny;
  std::string path = tiny.write();
  CountingAllocator allocator;
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.allocator = &allocator.callbacks;
  sinter_plan *opened = nullptr;
  ASSERT_EQ(messageOf(sinter_plan_open(path.c_str(), &options, &opened)), "");
  PlanOwner plan(opened);
  size_t held = allocator.held;
  for (size_t refuse = 1;; ++refuse) {
    allocator.requests = 0;
    allocator.refuse = refuse;
    auto useAll = [&]() -> sinter_code {
      sinter_pool_options wanted = poolOptions(2, 64);
      sinter_pool *pool = nullptr;
      if (sinter_code code =
              codeOf(sinter_pool_create(plan.get(), &wanted, &pool)))
        return code;
      PoolOwner owner(pool);
      sinter_session *session = nullptr, *fork = nullptr;
      if (sinter_code code = codeOf(createIn(plan, owner, &session)))
        return code;
      SessionOwner one(session);
      Logits logits;
      if (sinter_code code = codeOf(step(owner, {{session, 3, 1}}, logits)))
        return code;
      if (sinter_code code = codeOf(sinter_session_fork(session, &fork)))
        return code;
      SessionOwner two(fork);
      return codeOf(step(owner, {{session, 300, 1}}, logits));
    };
    sinter_code code = useAll();
    EXPECT_EQ(allocator.held, held) << "request " << refuse;
    if (allocator.requests < refuse) {
      EXPECT_EQ(code, SINTER_INVALID_ARGUMENT); // of the last call
      EXPECT_GT(refuse, 6u);
      break;
    }
    EXPECT_EQ(code, SINTER_OUT_OF_MEMORY) << "request " << refuse;
  }
}

} // namespace
