// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A recurrence with random weights behind the same ops as keys and values: what
// is kept of a forward is played into its state by the next one (Wu et al.,
// 2024), with the bits of one position after the other.
#include "runtime/capi/Objects.h"
#include "runtime/plan/Execute.h"
#include "sinter-c/snapshot.h"
#include "test/runtime/TinyFunctions.h"
#include "test/runtime/TinyPlan.h"
#include "test/runtime/TinyProgram.h"

#include <gtest/gtest.h>

#include <random>

using namespace sinter::test;
using namespace sinter::runtime;
using sinter::plan::ServiceKind;
using sinter::plan::StateOpKind;
namespace plan = sinter::plan;

namespace {

using Ids = std::vector<int32_t>;

enum Function : uint32_t { Round = 5 };

/// With a function @round(first, second): all that waits is one forward, of
/// which it keeps `first` rows, then `second` more.
TinyPlan recurrentPlan() {
  enum : uint32_t { First, Second, Most, N, Position, Zero, Registers };
  TinyPlan tiny;
  makeRecurrent(tiny.tables);
  BlockBuilder b;
  b.constant(Most, TinyPlan::kRows);
  b.constant(Zero, 0);
  b.service(ServiceKind::TakeInput, Most, N);
  b.state(StateOpKind::Length, Position, 0);
  b.state(StateOpKind::Reserve, 0, N);
  b.call(0, {N, Position, Zero}, {});
  b.state(StateOpKind::Keep, 0, First);
  b.state(StateOpKind::Keep, 0, Second);
  b.leave({});
  EXPECT_EQ(tiny.tables.functions.size(), size_t(Round));
  tiny.tables.functions.push_back(
      makeFunction("round", {"first", "second"}, 0, Registers, std::move(b)));
  return tiny;
}

/// Rows of a draft, of which some are kept.
struct Rows final : Host {
  explicit Rows(const Ids &ids) : ids(ids) {}
  const Ids &ids;
  uint32_t takeInput(int32_t *out, uint32_t room) override {
    EXPECT_LE(ids.size(), room);
    std::copy(ids.begin(), ids.end(), out);
    return uint32_t(ids.size());
  }
  Status emitToken(int32_t, bool &) override { return Status(); }
  Status emitLogits(float *, uint32_t, uint32_t) override { return Status(); }
};

class Recurrent : public testing::Test {
protected:
  TinyPlan tiny = recurrentPlan();
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner session = openSession(plan, 200);
  std::mt19937 random{11};

  Ids someIds(uint32_t count) {
    Ids ids(count);
    for (int32_t &id : ids)
      id = int32_t(random() % 256);
    return ids;
  }
  /// One forward; false: it failed.
  bool round(const Ids &rows, int64_t first, int64_t second) {
    Rows host(rows);
    const int64_t arguments[] = {first, second};
    std::atomic<bool> cancel{false};
    Status status =
        execute(plan->loaded, session->memory, Round, arguments, host, cancel);
    EXPECT_TRUE(status.ok()) << status.message();
    return status.ok();
  }
  /// Logits of one more id, after the ids one by one.
  std::vector<float> sequential(const Ids &ids) {
    SessionOwner fresh = openSession(plan, 200);
    for (int32_t id : ids)
      score(fresh, {id});
    return score(fresh, {7});
  }
  /// The same of the session, which is as before.
  std::vector<float> next() {
    std::vector<float> logits = score(session, {7});
    EXPECT_EQ(messageOf(sinter_session_truncate(
                  session.get(), sinter_session_position(session.get()) - 1)),
              "");
    return logits;
  }
};

TEST_F(Recurrent, AnyChunksGiveTheSameBits) {
  Ids ids = someIds(60);
  std::vector<float> expected = score(openSession(plan, 100, 1), ids);
  for (uint32_t chunk = 2; chunk <= TinyPlan::kRows; ++chunk)
    EXPECT_EQ(score(openSession(plan, 100, chunk), ids), expected) << chunk;
}

TEST_F(Recurrent, WhatIsKeptOfADraftIsPlayed) {
  Ids text;
  for (int turn = 0; turn < 120; ++turn) {
    Ids rows = someIds(1 + random() % TinyPlan::kRows);
    int64_t first = int64_t(random() % (rows.size() + 1));
    int64_t second = int64_t(random() % (rows.size() + 1 - size_t(first)));
    if (text.size() + rows.size() > 190)
      break;
    ASSERT_TRUE(round(rows, first, second));
    text.insert(text.end(), rows.begin(), rows.begin() + first + second);
    ASSERT_EQ(sinter_session_position(session.get()), text.size());
    if (turn % 3 == 0) {
      ASSERT_EQ(next(), sequential(text)) << "turn " << turn;
    }
  }
  EXPECT_EQ(next(), sequential(text));
}

TEST_F(Recurrent, AForwardThatNothingIsKeptOfWasNeverThere) {
  Ids text = someIds(5);
  ASSERT_TRUE(round(text, 5, 0));
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(round(someIds(6), 0, 0));
  EXPECT_EQ(next(), sequential(text));
}

TEST_F(Recurrent, TheLastRowsOrAllOfThemCanBeForgotten) {
  Ids text = someIds(12);
  ASSERT_TRUE(round({text.begin(), text.begin() + 6}, 6, 0));
  ASSERT_TRUE(round({text.begin() + 6, text.end()}, 6, 0));
  text.resize(8);
  ASSERT_EQ(messageOf(sinter_session_truncate(session.get(), 8)), "");
  EXPECT_EQ(next(), sequential(text));
  // Rows of the forward before are in S. next() has played the last ones, too.
  StatusOwner refused(sinter_session_truncate(session.get(), 5));
  EXPECT_EQ(sinter_status_code(refused.get()), SINTER_UNSUPPORTED);
  EXPECT_NE(std::string(sinter_status_message(refused.get()))
                .find("from position 8 to 5: a recurrent state"),
            std::string::npos)
      << sinter_status_message(refused.get());
  EXPECT_EQ(next(), sequential(text));
  ASSERT_EQ(messageOf(sinter_session_truncate(session.get(), 0)), "");
  EXPECT_EQ(next(), sequential({}));
}

TEST_F(Recurrent, AnotherPromptBeginsAnew) {
  Ids one = {1, 2, 3, 4, 5}, other = {1, 2, 9, 4, 5};
  generate(session, one, greedy(20));
  EXPECT_EQ(generate(session, other, greedy(20)).ids,
            generate(openSession(plan), other, greedy(20)).ids);
}

TEST_F(Recurrent, ForksAndSnapshotsHaveWhatIsUnplayed) {
  Ids text = someIds(7);
  ASSERT_TRUE(round({text.begin(), text.begin() + 3}, 3, 0));
  ASSERT_TRUE(round({text.begin() + 3, text.end()}, 4, 0));
  std::vector<uint8_t> bytes(sinter_session_snapshot_bytes(session.get()));
  ASSERT_EQ(messageOf(sinter_session_snapshot(session.get(), bytes.data(),
                                              bytes.size())),
            "");
  sinter_session *copy = nullptr;
  ASSERT_EQ(messageOf(sinter_session_fork(session.get(), &copy)), "");
  SessionOwner forked(copy), restored = openSession(plan, 50);
  score(restored, {1, 2, 3});
  ASSERT_EQ(messageOf(sinter_session_restore(restored.get(), bytes.data(),
                                             bytes.size())),
            "");
  const std::vector<float> expected = sequential(text);
  EXPECT_EQ(score(forked, {7}), expected);
  EXPECT_EQ(score(restored, {7}), expected);
  EXPECT_EQ(next(), expected);
}

TEST_F(Recurrent, ANewSessionOfAPoolBeginsWithZeros) {
  sinter_pool_options options;
  sinter_pool_options_initialize(&options);
  options.sessions = 2;
  options.context = 100;
  options.positions = 100; // a page each, all the same
  PoolOwner pool = openPool(plan, options);
  for (int i = 0; i < 3; ++i) {
    SessionOwner one = sessionIn(plan, pool), two = sessionIn(plan, pool);
    Ids ids = someIds(9);
    score(one, someIds(20));
    EXPECT_EQ(score(two, ids), score(openSession(plan), ids));
  }
}

void expectRefused(TinyPlan &tiny, const char *message) {
  sinter_plan *opened = nullptr;
  std::string text =
      messageOf(sinter_plan_open(tiny.write().c_str(), nullptr, &opened));
  EXPECT_NE(text.find(message), std::string::npos) << text;
}

TEST_F(Recurrent, PlansThatMakeNoSenseAreRefused) {
  TinyPlan page = recurrentPlan();
  page.tables.states[0]->page_tokens = 16;
  expectRefused(page, "is recurrent and has a page of 16 positions");
  TinyPlan kind = recurrentPlan();
  kind.tables.states[0]->kind = plan::StateKind(4);
  expectRefused(kind, "is of unknown kind 4");
  TinyPlan half;
  BlockBuilder b;
  b.state(StateOpKind::Half, 0, 0);
  b.leave({});
  half.tables.functions.push_back(makeFunction("test", {}, 0, 1, std::move(b)));
  expectRefused(half, "state 0 is not recurrent");
  TinyPlan batch;
  batch.tables.states[0]->kind = plan::StateKind::Recurrent;
  batch.tables.states[0]->page_tokens = batch.tables.max_context;
  expectRefused(batch, "rows of a batch in state 0, which is recurrent");
}

} // namespace
