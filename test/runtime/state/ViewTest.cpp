// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// States without memory: what is drafted behind the positions of another one.
#include "runtime/capi/Objects.h"
#include "runtime/state/Snapshot.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

using namespace sinter::runtime;
using namespace sinter::test;
namespace plan = sinter::plan;

namespace {

/// The second state is a view of the first.
TinyPlan viewOfFirst() {
  TinyPlan tiny;
  auto view = std::make_unique<plan::StateT>(*tiny.tables.states[0]);
  view->name = "draft.kv";
  view->kind = plan::StateKind::View;
  view->layers = 1;
  tiny.tables.states.push_back(std::move(view));
  return tiny;
}

TEST(View, IsAheadInThePagesOfItsLeader) {
  TinyPlan tiny = viewOfFirst();
  PlanOwner plan = openPlan(tiny.write());
  SessionMemory memory(plan->loaded);
  ASSERT_TRUE(memory.create(40).ok());
  KvCache &leader = memory.state(0), &view = memory.state(1);
  EXPECT_EQ(&memory.pool().pages(1), &memory.pool().pages(0));
  EXPECT_EQ(view.pageTable(), leader.pageTable());
  // It has what its leader has, without a row of its own.
  ASSERT_EQ(leader.reserve(15), KvCache::Room::Enough);
  ASSERT_TRUE(leader.commit(15));
  EXPECT_EQ(view.length(), 15u);
  EXPECT_EQ(leader.pages(), 1u);
  // Rows behind take a page of the leader, whose length stays.
  ASSERT_EQ(view.reserve(2), KvCache::Room::Enough);
  ASSERT_TRUE(view.commit(2));
  EXPECT_EQ(view.length(), 17u);
  EXPECT_EQ(leader.length(), 15u);
  EXPECT_EQ(leader.pages(), 2u);
  EXPECT_EQ(view.pages(), 0u);
  EXPECT_EQ(view.reserve(24), KvCache::Room::SessionFull);
  // The leader keeps one of two rows that it computes there, and the page that
  // it needs no more is free again.
  ASSERT_EQ(leader.reserve(3), KvCache::Room::Enough);
  ASSERT_TRUE(leader.commit(1));
  EXPECT_EQ(leader.pages(), 1u);
  EXPECT_EQ(view.length(), 17u);
  ASSERT_TRUE(view.truncate(leader.length()));
  EXPECT_EQ(view.length(), 16u);
  // Where the leader was ahead, the view goes on behind it.
  ASSERT_EQ(view.reserve(1), KvCache::Room::Enough);
  ASSERT_TRUE(view.commit(1));
  EXPECT_EQ(view.length(), 17u);
  memory.settle();
  EXPECT_EQ(view.length(), 16u);
  EXPECT_EQ(leader.pages(), 1u);
  EXPECT_TRUE(memory.truncate(3));
  EXPECT_EQ(view.length(), 3u);
}

/// Programs that the compiler does not write.
TEST(View, NeverReachesBeyondTheSession) {
  TinyPlan tiny = viewOfFirst();
  PlanOwner plan = openPlan(tiny.write());
  SessionMemory memory(plan->loaded);
  ASSERT_TRUE(memory.create(200).ok());
  KvCache &leader = memory.state(0), &view = memory.state(1);
  ASSERT_EQ(view.reserve(150), KvCache::Room::Enough);
  ASSERT_EQ(leader.reserve(100), KvCache::Room::Enough);
  ASSERT_TRUE(leader.commit(100));
  EXPECT_EQ(view.reserve(1), KvCache::Room::SessionFull);
  EXPECT_FALSE(view.keep(150));
  EXPECT_EQ(view.length(), 100u);
}

TEST(View, TakesNoMemoryAndNoSnapshot) {
  TinyPlan tiny = viewOfFirst(), alone;
  PlanOwner plan = openPlan(tiny.write()), other = openPlan(alone.write());
  PoolSize size = {.sessions = 2, .context = 4096};
  PoolLayout with, without;
  ASSERT_TRUE(PoolLayout::compute(plan->loaded, size, with));
  ASSERT_TRUE(PoolLayout::compute(other->loaded, size, without));
  // A page table of each session.
  EXPECT_LE(with.bytes,
            without.bytes + 2 * with.tableBytes + PoolLayout::kAlignment);
  SessionMemory one(plan->loaded), two(plan->loaded);
  ASSERT_TRUE(one.create(40).ok());
  ASSERT_TRUE(two.create(40).ok());
  ASSERT_EQ(one.state(0).reserve(20), KvCache::Room::Enough);
  ASSERT_TRUE(one.state(0).commit(20));
  for (uint32_t i = 0; i < 20; ++i)
    one.history()[i] = int32_t(i);
  EXPECT_EQ(one.state(1).bytesOf({.length = 20}), 0u);
  std::vector<uint8_t> saved(snapshotBytes(one));
  takeSnapshot(plan->loaded, one, saved.data());
  ASSERT_TRUE(restoreSnapshot(plan->loaded, two, saved).ok());
  EXPECT_EQ(two.state(1).length(), 20u);
  // A session that held more holds what the snapshot has, in all states.
  ASSERT_EQ(two.state(0).reserve(10), KvCache::Room::Enough);
  ASSERT_TRUE(two.state(0).commit(10));
  ASSERT_EQ(two.state(1).reserve(5), KvCache::Room::Enough);
  ASSERT_TRUE(two.state(1).commit(5));
  ASSERT_TRUE(restoreSnapshot(plan->loaded, two, saved).ok());
  EXPECT_EQ(two.state(1).length(), 20u);
  std::vector<uint8_t> again(snapshotBytes(two));
  takeSnapshot(plan->loaded, two, again.data());
  EXPECT_EQ(again, saved);
  ASSERT_EQ(two.state(1).reserve(15), KvCache::Room::Enough);
  ASSERT_TRUE(two.state(1).commit(15));
  SessionMemory three(plan->loaded);
  ASSERT_TRUE(three.create(40).ok());
  ASSERT_TRUE(three.copyFrom(two).ok());
  EXPECT_EQ(three.state(1).length(), 20u);
}

std::string messageOfOpening(TinyPlan &tiny) {
  sinter_plan *opened = nullptr;
  std::string message =
      messageOf(sinter_plan_open(tiny.write().c_str(), nullptr, &opened));
  EXPECT_EQ(opened, nullptr);
  return message;
}

TEST(View, IsOfAnEarlierStateThatHasPages) {
  const char *expected = "is a view of state 0, expected an earlier one";
  TinyPlan itself;
  itself.tables.states[0]->kind = plan::StateKind::View;
  EXPECT_NE(messageOfOpening(itself).find(expected), std::string::npos);
  TinyPlan later = viewOfFirst();
  std::swap(later.tables.states[0], later.tables.states[1]);
  EXPECT_NE(messageOfOpening(later).find(expected), std::string::npos);
  TinyPlan ofView = viewOfFirst();
  ofView.tables.states.push_back(
      std::make_unique<plan::StateT>(*ofView.tables.states[1]));
  ofView.tables.states[2]->of = 1;
  EXPECT_NE(messageOfOpening(ofView).find(
                "state 2 is a view of state 1, expected an earlier one"),
            std::string::npos);
}

/// Lets all kernels work on state 1.
uint32_t bindToSecond(plan::BlockT &block) {
  uint32_t changed = 0;
  for (auto &op : block.ops)
    if (auto *dispatch = op->op.AsDispatch())
      for (auto &binding : dispatch->bindings)
        if (binding->kind == plan::BindingKind::StatePlane ||
            binding->kind == plan::BindingKind::StatePages) {
          binding->index = 1;
          ++changed;
        }
  return changed;
}

TEST(View, KernelsNameTheStateWithThePages) {
  TinyPlan tiny = viewOfFirst();
  uint32_t changed = 0;
  for (auto &function : tiny.tables.functions)
    changed += bindToSecond(*function->body);
  ASSERT_GT(changed, 0u);
  EXPECT_NE(messageOfOpening(tiny).find("names nothing, or nothing aligned"),
            std::string::npos);
}

} // namespace
