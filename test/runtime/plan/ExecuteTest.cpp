// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Execute.h"
#include "runtime/capi/Objects.h"
#include "runtime/state/Batch.h"
#include "test/runtime/TinyPlan.h"
#include "test/runtime/TinyProgram.h"

#include <gtest/gtest.h>

using namespace sinter::test;
using namespace sinter::runtime;
using sinter::plan::ArithKind;
using sinter::plan::StateOpKind;

namespace {

/// Hands results out as tokens.
struct Collector final : Host {
  std::vector<int32_t> tokens;
  uint32_t takeInput(int32_t *, uint32_t) override { return 0; }
  Status emitToken(int32_t id, bool &) override {
    tokens.push_back(id);
    return Status();
  }
  Status emitLogits(float *, uint32_t, uint32_t) override { return Status(); }
};

struct Outcome {
  std::vector<int32_t> tokens;
  sinter_code code;
  std::string message;
};

constexpr uint32_t kTest = 6; // functions of the tiny plan

/// Adds function "test" (index kTest) and functions after it, and runs it.
Outcome run(BlockBuilder body, std::vector<int64_t> arguments = {},
            std::vector<std::unique_ptr<sinter::plan::FunctionT>> more = {}) {
  TinyPlan tiny;
  std::vector<std::string> names(arguments.size(), "p");
  tiny.tables.functions.push_back(
      makeFunction("test", names, 0, 16, std::move(body)));
  for (auto &function : more)
    tiny.tables.functions.push_back(std::move(function));
  PlanOwner plan = openPlan(tiny.write());
  if (!plan)
    return {};
  SessionMemory session(plan->loaded);
  EXPECT_TRUE(session.create(64).ok());
  Collector host;
  std::atomic<bool> cancel{false};
  Status status =
      execute(plan->loaded, session, kTest, arguments, host, cancel);
  return {host.tokens, status.code(), status.message()};
}

void emit(BlockBuilder &b, uint32_t value) {
  b.service(sinter::plan::ServiceKind::EmitToken, value, 15);
}

TEST(Execute, Arithmetic) {
  struct Case {
    ArithKind kind;
    int64_t lhs, rhs, expected;
  };
  const Case cases[] = {
      {ArithKind::Add, 2, 3, 5},
      {ArithKind::Sub, 9, 3, 6},
      {ArithKind::Mul, 7, 6, 42},
      {ArithKind::Div, 17, 5, 3},
      {ArithKind::Div, INT64_MIN, -1, INT64_MIN},
      {ArithKind::Rem, 17, 5, 2},
      {ArithKind::Rem, INT64_MIN, -1, 0},
      {ArithKind::Add, INT64_MAX, 1, INT64_MIN},
      {ArithKind::Min, -3, 4, -3},
      {ArithKind::Max, -3, 4, 4},
      {ArithKind::Eq, 4, 4, 1},
      {ArithKind::Ne, 4, 4, 0},
      {ArithKind::Lt, -1, 0, 1},
      {ArithKind::Le, 1, 0, 0},
      {ArithKind::And, 6, 3, 2},
      {ArithKind::Or, 6, 3, 7},
  };
  BlockBuilder b;
  for (const Case &c : cases) {
    b.constant(0, c.lhs);
    b.constant(1, c.rhs);
    b.arith(c.kind, 2, 0, 1);
    b.constant(3, c.expected);
    b.arith(ArithKind::Eq, 2, 2, 3);
    emit(b, 2);
  }
  b.leave({});
  Outcome result = run(std::move(b));
  EXPECT_EQ(result.message, "");
  EXPECT_EQ(result.tokens, std::vector<int32_t>(std::size(cases), 1));
}

TEST(Execute, DivisionByZero) {
  BlockBuilder b;
  b.arith(ArithKind::Div, 0, 0, 1);
  EXPECT_NE(run(std::move(b)).message.find("division by zero"),
            std::string::npos);
}

TEST(Execute, LoopsAndBranches) {
  // for (i = 0; i < n; ++i) emit(i odd ? i : 100), leaving from inside at 5.
  BlockBuilder before, odd, even, out, none, body, b;
  before.arith(ArithKind::Lt, 2, 1, 0);
  odd.copy(4, 1);
  even.constant(4, 100);
  body.constant(5, 2);
  body.arith(ArithKind::Rem, 3, 1, 5);
  body.branch(3, std::move(odd), std::move(even));
  emit(body, 4);
  body.constant(6, 1);
  body.arith(ArithKind::Add, 1, 1, 6);
  body.constant(7, 5);
  body.arith(ArithKind::Eq, 7, 1, 7);
  out.leave({});
  body.branch(7, std::move(out), std::move(none));
  b.loop(std::move(before), 2, std::move(body));
  b.constant(8, 200);
  emit(b, 8);
  Outcome result = run(std::move(b), {50});
  EXPECT_EQ(result.tokens, (std::vector<int32_t>{100, 1, 100, 3, 100}));
}

TEST(Execute, CallsKeepTheirRegisters) {
  // test calls swap(1, 2) which calls twice(x) -> 2x.
  BlockBuilder b, swap, twice;
  b.constant(0, 3);
  b.constant(1, 4);
  b.call(kTest + 1, {0, 1}, {1, 0}); // results cross over
  emit(b, 0);
  emit(b, 1);
  swap.call(kTest + 2, {0}, {2});
  swap.call(kTest + 2, {1}, {3});
  swap.leave({2, 3});
  twice.arith(ArithKind::Add, 1, 0, 0);
  twice.leave({1});
  std::vector<std::unique_ptr<sinter::plan::FunctionT>> more;
  more.push_back(makeFunction("swap", {"a", "b"}, 2, 4, std::move(swap)));
  more.push_back(makeFunction("twice", {"a"}, 1, 2, std::move(twice)));
  EXPECT_EQ(run(std::move(b), {}, std::move(more)).tokens,
            (std::vector<int32_t>{8, 6}));
}

TEST(Execute, MissingResults) {
  BlockBuilder b;
  b.call(kTest + 1, {}, {0});
  std::vector<std::unique_ptr<sinter::plan::FunctionT>> more;
  more.push_back(makeFunction("nothing", {}, 1, 4, BlockBuilder()));
  EXPECT_NE(run(std::move(b), {}, std::move(more))
                .message.find("ended without its results"),
            std::string::npos);
}

TEST(Execute, MemoryAndState) {
  BlockBuilder b;
  b.constant(0, 77);
  b.store(0, 1, 4); // ids[1]
  b.load(1, 1, 4);
  emit(b, 1);
  b.state(StateOpKind::Capacity, 2, 0);
  emit(b, 2);
  b.constant(3, 3);
  b.state(StateOpKind::Reserve, 0, 3);
  b.state(StateOpKind::Commit, 0, 3);
  b.state(StateOpKind::Length, 4, 0);
  emit(b, 4);
  b.load(5, 2, 0); // history[0]
  b.constant(6, 1);
  b.state(StateOpKind::Truncate, 0, 6);
  b.state(StateOpKind::Length, 4, 0);
  emit(b, 4);
  EXPECT_EQ(run(std::move(b)).tokens, (std::vector<int32_t>{77, 64, 3, 1}));
}

TEST(Execute, StateErrors) {
  struct Case {
    StateOpKind kind;
    int64_t count;
    sinter_code code;
  };
  for (Case c : {Case{StateOpKind::Reserve, 65, SINTER_CONTEXT_FULL},
                 Case{StateOpKind::Reserve, -1, SINTER_CORRUPT},
                 Case{StateOpKind::Reserve, INT64_MAX, SINTER_CONTEXT_FULL},
                 Case{StateOpKind::Commit, 1, SINTER_CORRUPT},
                 Case{StateOpKind::Truncate, 1, SINTER_CORRUPT},
                 Case{StateOpKind::ReserveRows, 0, SINTER_CORRUPT},
                 Case{StateOpKind::CommitRows, 0, SINTER_CORRUPT}}) {
    BlockBuilder b;
    b.constant(0, c.count);
    b.state(c.kind, 0, 0);
    EXPECT_EQ(run(std::move(b)).code, c.code);
  }
}

TEST(Execute, RowsNeedABatch) {
  BlockBuilder b;
  b.takeRows({0, 1, 2}, 5);
  EXPECT_NE(run(std::move(b)).message.find("no batch of rows"),
            std::string::npos);
}

TEST(Execute, ABatchHasNoOneState) {
  for (StateOpKind kind :
       {StateOpKind::Length, StateOpKind::Capacity, StateOpKind::Reserve,
        StateOpKind::Commit, StateOpKind::Truncate}) {
    TinyPlan tiny;
    BlockBuilder b;
    b.state(kind, 0, 0);
    tiny.tables.functions.push_back(
        makeFunction("test", {}, 0, 1, std::move(b)));
    PlanOwner plan = openPlan(tiny.write());
    PoolMemory pool(plan->loaded);
    ASSERT_TRUE(
        pool.create({.sessions = 1, .context = 16, .batches = true}).ok());
    Batch batch(pool);
    Collector host;
    std::atomic<bool> cancel{false};
    Status status = executeBatch(plan->loaded, batch, kTest, host, cancel);
    EXPECT_EQ(status.code(), SINTER_CORRUPT);
  }
}

TEST(Execute, TokensAndLogitsInRange) {
  BlockBuilder token, logits;
  token.constant(0, TinyPlan::kVocabulary);
  emit(token, 0);
  EXPECT_EQ(run(std::move(token)).code, SINTER_CORRUPT);
  logits.constant(0, TinyPlan::kLogitsRows + 1);
  logits.service(sinter::plan::ServiceKind::EmitLogits, 0, 0, 3);
  EXPECT_EQ(run(std::move(logits)).code, SINTER_CORRUPT);
}

TEST(Execute, UnknownParameter) {
  TinyPlan tiny;
  tiny.tables.functions[4]->params[2] = "mirostat";
  PlanOwner plan = openPlan(tiny.write());
  Generated result = generate(openSession(plan), {1}, greedy(1));
  EXPECT_EQ(result.code, SINTER_VERSION);
  EXPECT_NE(result.message.find("'mirostat'"), std::string::npos);
}

TEST(Execute, MissingFunction) {
  TinyPlan tiny;
  tiny.tables.functions[4]->name = "other";
  PlanOwner plan = openPlan(tiny.write());
  EXPECT_EQ(generate(openSession(plan), {1}, greedy(1)).code,
            SINTER_UNSUPPORTED);
}

} // namespace
