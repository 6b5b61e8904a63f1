// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/capi/Objects.h"
#include "runtime/plan/Execute.h"
#include "test/runtime/TinyPlan.h"
#include "test/runtime/TinyProgram.h"

#include <gtest/gtest.h>

using namespace sinter::test;
using namespace sinter::runtime;
using sinter::plan::ServiceKind;
using sinter::plan::StateOpKind;
namespace plan = sinter::plan;

namespace {

/// Allows so many ids a draft.
struct Asked final : Host {
  explicit Asked(uint32_t allowed) : allowed(allowed) {}
  uint32_t allowed;
  std::vector<int32_t> proposed;
  std::vector<uint32_t> asked; // ids at most, draft by draft
  uint32_t takeInput(int32_t *, uint32_t) override { return 0; }
  Status emitToken(int32_t, bool &) override { return Status(); }
  Status emitLogits(float *, uint32_t, uint32_t) override { return Status(); }
  uint32_t draft(uint32_t, std::span<const int32_t>, const Recycled &,
                 int32_t *, uint32_t most) override {
    asked.push_back(most);
    return allowed < most ? allowed : most;
  }
  void propose(uint32_t row, int32_t id) override {
    EXPECT_EQ(row, proposed.size() + 1);
    proposed.push_back(id);
  }
};

constexpr uint32_t kTest = 6; // functions of the tiny plan

/// A plan whose second state belongs to a model that drafts.
TinyPlan twoModels(BlockBuilder body) {
  TinyPlan tiny;
  auto state = std::make_unique<plan::StateT>(*tiny.tables.states[0]);
  state->name = "draft.kv";
  tiny.tables.states.push_back(std::move(state));
  auto drafter = std::make_unique<plan::DrafterT>();
  drafter->name = "model";
  drafter->kind = plan::DrafterKind::Model;
  drafter->max_draft = 7;
  tiny.tables.drafters.push_back(std::move(drafter));
  tiny.tables.functions.push_back(
      makeFunction("test", {}, 0, 16, std::move(body)));
  return tiny;
}

void stateOp(BlockBuilder &b, StateOpKind kind, uint32_t state,
             uint32_t count) {
  plan::StateOpT op;
  op.kind = kind;
  op.state = state;
  op.count = count;
  b.add(op);
}

void propose(BlockBuilder &b, uint32_t row, uint32_t token) {
  plan::ServiceT op;
  op.kind = ServiceKind::Propose;
  op.args = {row, token};
  b.add(op);
}

/// Registers 0..9 hold 0..9; three positions are in both states, the ids of
/// which are 0.
BlockBuilder beginning() {
  BlockBuilder b;
  for (uint32_t i = 0; i < 10; ++i)
    b.constant(i, i);
  for (uint32_t state : {0u, 1u}) {
    stateOp(b, StateOpKind::Reserve, state, 3);
    stateOp(b, StateOpKind::Commit, state, 3);
  }
  b.service(ServiceKind::Draft, 5, 10);
  return b;
}

struct Ended {
  std::string message;
  uint32_t positions[2];
  std::vector<int32_t> history;
};

Ended run(BlockBuilder body, Asked &host) {
  TinyPlan tiny = twoModels(std::move(body));
  PlanOwner plan = openPlan(tiny.write());
  if (!plan)
    return {};
  SessionMemory session(plan->loaded);
  EXPECT_TRUE(session.create(64).ok());
  std::atomic<bool> cancel{false};
  Status status = execute(plan->loaded, session, kTest, {}, host, cancel);
  EXPECT_EQ(session.state(0).reserved() + session.state(1).reserved(), 0u);
  return {status.ok() ? "" : status.message(),
          {session.state(0).length(), session.state(1).length()},
          {session.history(), session.history() + 8}};
}

TEST(Draft, WhatTheProgramAsksIsNoPartOfAPriority) {
  for (plan::DrafterKind kind :
       {plan::DrafterKind::Model, plan::DrafterKind::Heads}) {
    BlockBuilder b;
    b.leave({});
    TinyPlan tiny = twoModels(std::move(b));
    tiny.tables.drafters[0]->kind = kind;
    auto drafter = std::make_unique<plan::DrafterT>();
    drafter->name = "both";
    drafter->kind = plan::DrafterKind::Priority;
    drafter->max_draft = 7;
    drafter->parts = {0};
    tiny.tables.drafters.push_back(std::move(drafter));
    sinter_plan *opened = nullptr;
    std::string message =
        messageOf(sinter_plan_open(tiny.write().c_str(), nullptr, &opened));
    EXPECT_NE(message.find("drafter 1 has the part 0 of kind " +
                           std::string(EnumNameDrafterKind(kind))),
              std::string::npos)
        << message;
    EXPECT_EQ(opened, nullptr);
  }
}

TEST(Draft, AProgramProposesWhatTheHostAllows) {
  BlockBuilder b = beginning();
  propose(b, 1, 8);
  propose(b, 2, 9);
  b.leave({});
  Asked host(2);
  Ended ended = run(std::move(b), host);
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(host.proposed, (std::vector<int32_t>{8, 9}));
  // Behind the id that was fed, which stands at position 3.
  EXPECT_EQ(ended.history[4], 8);
  EXPECT_EQ(ended.history[5], 9);
}

TEST(Draft, ARoundWithoutRoomForADraftIsARound) {
  // Otherwise its row would count as the first one of the draft before it.
  BlockBuilder b = beginning();
  b.service(ServiceKind::Draft, 0, 10);
  b.leave({});
  Asked host(2);
  EXPECT_EQ(run(std::move(b), host).message, "");
  EXPECT_EQ(host.asked, (std::vector<uint32_t>{5, 0}));
}

TEST(Draft, NeitherMoreNorOutOfOrderNorOutsideOfTheVocabulary) {
  struct Case {
    uint32_t rows[2];
    int64_t token;
    const char *message;
  };
  for (const Case &c :
       {Case{{1, 2}, 7, "a draft longer than was allowed"},
        Case{{2, 1}, 7, "out of order"}, Case{{0, 1}, 7, "out of order"},
        Case{{1, 1}, 257, "outside of the vocabulary"}}) {
    BlockBuilder b = beginning();
    b.constant(11, c.token);
    for (uint32_t row : c.rows)
      propose(b, row, 11);
    b.leave({});
    Asked host(1);
    EXPECT_NE(run(std::move(b), host).message.find(c.message),
              std::string::npos)
        << c.message;
  }
}

TEST(Draft, NoStateIsAheadOfTheFirstOneWhenACallHasFailed) {
  BlockBuilder b = beginning();
  stateOp(b, StateOpKind::Reserve, 1, 4); // the draft runs ahead
  stateOp(b, StateOpKind::Commit, 1, 4);
  stateOp(b, StateOpKind::Reserve, 1, 2);
  b.arith(plan::ArithKind::Div, 12, 1, 0);
  Asked host(2);
  Ended ended = run(std::move(b), host);
  EXPECT_NE(ended.message.find("division by zero"), std::string::npos);
  EXPECT_EQ(ended.positions[0], 3u);
  EXPECT_EQ(ended.positions[1], 3u);
}

TEST(Draft, AStateThatLagsBehindIsTruncatedWhereItReaches) {
  TinyPlan tiny = twoModels(beginning());
  PlanOwner plan = openPlan(tiny.write());
  SessionMemory session(plan->loaded);
  ASSERT_TRUE(session.create(64).ok());
  ASSERT_TRUE(session.reserve(0, 9).ok() && session.state(0).commit(9));
  ASSERT_TRUE(session.reserve(1, 4).ok() && session.state(1).commit(4));
  EXPECT_TRUE(session.truncate(6));
  EXPECT_EQ(session.state(1).length(), 4u);
  EXPECT_TRUE(session.truncate(2));
  EXPECT_EQ(session.state(0).length(), 2u);
  EXPECT_EQ(session.state(1).length(), 2u);
  EXPECT_FALSE(session.truncate(3));
}

} // namespace
