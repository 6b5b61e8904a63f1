// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A tree that a program grows with a model: what the runtime keeps of it.
#include "runtime/capi/Objects.h"
#include "runtime/plan/Execute.h"
#include "runtime/plan/Program.h"
#include "test/runtime/TinyPlan.h"
#include "test/runtime/TinyProgram.h"

#include <gtest/gtest.h>

using namespace sinter::test;
using namespace sinter::runtime;
using sinter::plan::ServiceKind;
using sinter::plan::StateOpKind;
namespace plan = sinter::plan;

namespace {

constexpr uint32_t kTest = 6; // functions of the tiny plan
constexpr uint32_t kBase = 3; // positions in both states
enum Register : uint32_t { kPosition = 10, kAgreed, kRows };

/// Asks for these paths, then says that the draft are two ids, each right after
/// the text.
struct Growing final : Host {
  std::vector<std::vector<int32_t>> paths;
  size_t asked = 0;
  DraftTree made;
  std::vector<int32_t> best;
  std::vector<float> behind;

  explicit Growing(std::vector<std::vector<int32_t>> paths) : paths(paths) {}
  uint32_t takeInput(int32_t *, uint32_t) override { return 0; }
  Status emitToken(int32_t, bool &) override { return Status(); }
  Status emitLogits(float *, uint32_t, uint32_t) override { return Status(); }
  uint32_t draft(uint32_t, std::span<const int32_t>, const Recycled &,
                 int32_t *, uint32_t most) override {
    made = DraftTree::chain(most + 1);
    return most;
  }
  const DraftTree *tree() const override { return &made; }
  int64_t expand(int32_t *path, int32_t *ids) override {
    if (asked < paths.size()) {
      std::copy(paths[asked].begin(), paths[asked].end(), path);
      return int64_t(paths[asked++].size());
    }
    made = DraftTree();
    made.add(0);
    made.add(0);
    ids[0] = 11;
    ids[1] = 12;
    return -1;
  }
  void proposeBest(std::span<const int32_t> ids,
                   std::span<const float> far) override {
    best.assign(ids.begin(), ids.end());
    behind.assign(far.begin(), far.end());
  }
};

void stateOp(BlockBuilder &b, StateOpKind kind, uint32_t state,
             uint32_t count) {
  plan::StateOpT op;
  op.kind = kind;
  op.state = state;
  op.dst = count;
  op.count = count;
  b.add(op);
}

void expand(BlockBuilder &b, uint32_t state = 1) {
  plan::ServiceT op;
  op.kind = ServiceKind::Expand;
  op.index = state;
  op.results = {kPosition, kAgreed, kRows};
  b.add(std::move(op));
}

/// Registers 0..9 hold 0..9.
BlockBuilder beginning() {
  BlockBuilder b;
  for (uint32_t i = 0; i < 10; ++i)
    b.constant(i, i);
  for (uint32_t state : {0u, 1u}) {
    stateOp(b, StateOpKind::Reserve, state, kBase);
    stateOp(b, StateOpKind::Commit, state, kBase);
  }
  b.service(ServiceKind::Draft, 5, 14);
  return b;
}

/// Results of the last Expand, and what is left behind.
struct Ended {
  std::string message;
  int64_t position = 0, agreed = 0, rows = 0;
  uint32_t positions[2] = {};
  std::vector<int32_t> history, ids;
};

Ended run(BlockBuilder body, Growing &host) {
  TinyPlan tiny;
  auto state = std::make_unique<plan::StateT>(*tiny.tables.states[0]);
  state->name = "draft.kv";
  tiny.tables.states.push_back(std::move(state));
  auto drafter = std::make_unique<plan::DrafterT>();
  drafter->name = "model";
  drafter->kind = plan::DrafterKind::Model;
  drafter->max_draft = 3;
  drafter->branches = 1;
  tiny.tables.drafters.push_back(std::move(drafter));
  tiny.tables.functions.push_back(
      makeFunction("test", {}, 0, 16, std::move(body)));
  sinter_plan *opened = nullptr;
  std::string message =
      messageOf(sinter_plan_open(tiny.write().c_str(), nullptr, &opened));
  PlanOwner plan(opened);
  Ended ended;
  ended.message = message;
  if (!plan)
    return ended;
  SessionMemory session(plan->loaded);
  EXPECT_TRUE(session.create(64).ok());
  std::atomic<bool> cancel{false};
  Status status = execute(plan->loaded, session, kTest, {}, host, cancel);
  ended.message = status.ok() ? "" : status.message();
  const int64_t *registers = session.pool().registers();
  ended.position = registers[kPosition];
  ended.agreed = registers[kAgreed];
  ended.rows = registers[kRows];
  ended.positions[0] = session.state(0).length();
  ended.positions[1] = session.state(1).length();
  ended.history.assign(session.history(), session.history() + 8);
  const auto *ids = reinterpret_cast<const int32_t *>(
      session.buffer(plan->loaded.tables().input_buffer()));
  ended.ids.assign(ids, ids + 4);
  return ended;
}

TEST(DraftTree, ThePathIsInTheHistory) {
  BlockBuilder b = beginning();
  expand(b);
  b.leave({});
  Growing host({{21, 22}});
  Ended ended = run(std::move(b), host);
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.position, kBase + 3);
  EXPECT_EQ(ended.rows, 0);
  EXPECT_EQ(ended.history[kBase + 1], 21);
  EXPECT_EQ(ended.history[kBase + 2], 22);
}

TEST(DraftTree, OfAnotherPathTheStateHoldsWhatIsTheSame) {
  for (auto [second, agreed] :
       {std::make_pair(std::vector<int32_t>{21, 22, 23}, kBase + 3),
        std::make_pair(std::vector<int32_t>{21, 30}, kBase + 2),
        std::make_pair(std::vector<int32_t>{31, 22}, kBase + 1),
        // The last row is computed in any case.
        std::make_pair(std::vector<int32_t>{21}, kBase + 1)}) {
    BlockBuilder b = beginning();
    expand(b);
    expand(b);
    b.leave({});
    Growing host({{21, 22}, second});
    EXPECT_EQ(run(std::move(b), host).agreed, agreed) << second.size();
  }
}

TEST(DraftTree, WhereThereIsEnoughTheRowsAreThoseOfTheHost) {
  BlockBuilder b = beginning();
  expand(b);
  expand(b);
  b.leave({});
  Growing host(std::vector<std::vector<int32_t>>{{}});
  Ended ended = run(std::move(b), host);
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.position, -1);
  EXPECT_EQ(ended.rows, 3);
  EXPECT_EQ(ended.ids[1], 11);
  EXPECT_EQ(ended.ids[2], 12);
}

TEST(DraftTree, WhatTheModelSaysComesFromTheBuffer) {
  BlockBuilder b = beginning();
  expand(b);
  for (uint32_t i = 0; i < Program::kChildren; ++i)
    b.store(i % 10, 0, i * sizeof(int32_t)); // its register holds as much
  plan::ServiceT op;
  op.kind = ServiceKind::ProposeBest;
  b.add(op);
  b.leave({});
  Growing host(std::vector<std::vector<int32_t>>{{}});
  EXPECT_EQ(run(std::move(b), host).message, "");
  ASSERT_FALSE(host.best.empty());
  EXPECT_EQ(host.best.size(), host.behind.size());
  EXPECT_EQ(host.best[1], 1);
}

TEST(DraftTree, NoIdOutsideOfTheVocabulary) {
  BlockBuilder b = beginning();
  expand(b);
  b.constant(15, TinyPlan::kVocabulary);
  b.store(15, 0);
  plan::ServiceT op;
  op.kind = ServiceKind::ProposeBest;
  b.add(op);
  b.leave({});
  Growing host(std::vector<std::vector<int32_t>>{{}});
  EXPECT_NE(run(std::move(b), host).message.find("outside of the vocabulary"),
            std::string::npos);
}

TEST(DraftTree, APathThatIsTooLong) {
  BlockBuilder b = beginning();
  expand(b);
  b.leave({});
  Growing host({std::vector<int32_t>(DraftTree::kRows - 1, 1)});
  EXPECT_NE(run(std::move(b), host).message.find("too long"),
            std::string::npos);
}

TEST(DraftTree, TheFirstStateIsNoneOfAModelThatDrafts) {
  for (uint32_t state : {0u, 2u}) {
    BlockBuilder b = beginning();
    expand(b, state);
    b.leave({});
    Growing host({});
    EXPECT_NE(run(std::move(b), host).message.find("grows a tree in state"),
              std::string::npos);
  }
}

/// What was kept is another path than the one in the drafting state.
TEST(DraftTree, ACallThatFailsLeavesNothingOfAnotherPath) {
  BlockBuilder b = beginning();
  expand(b); // {21, 22}
  stateOp(b, StateOpKind::Reserve, 1, 3);
  stateOp(b, StateOpKind::Commit, 1, 3); // the id that was fed, 21 and 22
  expand(b);                             // enough
  plan::ServiceT place;
  place.kind = ServiceKind::PlaceDraft;
  place.results = {kPosition, kAgreed};
  b.add(std::move(place));
  stateOp(b, StateOpKind::KeepRow, 0, 0);
  stateOp(b, StateOpKind::KeepRow, 0, 2); // 12
  b.arith(plan::ArithKind::Div, 12, 1, 0);
  Growing host({{21, 22}});
  Ended ended = run(std::move(b), host);
  EXPECT_NE(ended.message.find("division by zero"), std::string::npos)
      << ended.message;
  EXPECT_EQ(ended.positions[0], kBase + 2);
  EXPECT_EQ(ended.history[kBase + 1], 12);
  EXPECT_EQ(ended.positions[1], kBase + 1);
}

} // namespace
