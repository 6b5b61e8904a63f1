// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/capi/Objects.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

using namespace sinter::runtime;
using namespace sinter::test;

namespace {

/// Two states of different shape beside each other.
TinyPlan twoStates() {
  TinyPlan tiny;
  auto second = std::make_unique<sinter::plan::StateT>();
  second->name = "second";
  second->layers = 3;
  second->page_tokens = 5;
  second->page_bytes = {64, 192};
  tiny.tables.states.push_back(std::move(second));
  return tiny;
}

struct Range {
  uint8_t *start;
  size_t bytes;
};

TEST(KvCache, PartsAreDisjointAndAligned) {
  TinyPlan tiny = twoStates();
  PlanOwner plan = openPlan(tiny.write());
  PoolMemory pool(plan->loaded);
  PoolSize size = {
      .sessions = 3, .context = 23, .positions = 60, .batches = true};
  ASSERT_TRUE(pool.create(size).ok());
  SessionMemory sessions[] = {SessionMemory(plan->loaded),
                              SessionMemory(plan->loaded),
                              SessionMemory(plan->loaded)};
  std::vector<Range> ranges;
  auto add = [&](void *start, size_t bytes) {
    ranges.push_back({static_cast<uint8_t *>(start), bytes});
  };
  for (uint32_t i : {0, 1, 3, 4, 5}) // 2 is the history
    add(pool.buffer(i), pool.bufferBytes(i));
  add(pool.registers(), plan->loaded.program().maxRegisters * 8);
  add(pool.frames(),
      plan->loaded.program().maxDepth * sizeof(PoolMemory::Frame));
  add(pool.rows(), TinyPlan::kRows * sizeof(BatchRow));
  for (uint32_t s = 0; s < 2; ++s) {
    const auto &table = *tiny.tables.states[s];
    uint32_t pages = (60 + table.page_tokens - 1) / table.page_tokens;
    EXPECT_EQ(pool.pages(s).size(), pages);
    for (uint32_t layer = 0; layer < table.layers; ++layer)
      for (uint32_t p = 0; p < 2; ++p)
        add(pool.pages(s).plane(layer, p), pages * table.page_bytes[p]);
  }
  for (SessionMemory &session : sessions) {
    ASSERT_TRUE(session.create(pool, 23).ok());
    add(session.history(), 23 * 4);
    for (uint32_t s = 0; s < 2; ++s) {
      add(session.state(s).pageTable(), s ? 5 * 4 : 2 * 4);
      EXPECT_EQ(session.state(s).pageTable(),
                sessions[0].state(s).pageTable() + session.tableDistance());
    }
  }
  // Each byte once: write a mark everywhere, then look.
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(ranges[i].start) % 64, 0u);
    memset(ranges[i].start, int(i + 1), ranges[i].bytes);
  }
  for (size_t i = 0; i < ranges.size(); ++i)
    for (size_t b = 0; b < ranges[i].bytes; ++b)
      ASSERT_EQ(ranges[i].start[b], i + 1) << i << " at " << b;
  // Page tables are zeros again, so that the sessions end well.
  for (SessionMemory &session : sessions)
    for (uint32_t s = 0; s < 2; ++s)
      EXPECT_EQ(session.state(s).pages(), 0u);
}

TEST(KvCache, ReserveCommitTruncate) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionMemory memory(plan->loaded);
  ASSERT_TRUE(memory.create(20).ok());
  KvCache &cache = memory.state(0);
  EXPECT_EQ(cache.capacity(), 20u);
  EXPECT_EQ(cache.reserve(8), KvCache::Room::Enough);
  EXPECT_EQ(cache.room(), 12u);
  EXPECT_EQ(cache.reserve(12), KvCache::Room::Enough);
  EXPECT_EQ(cache.pages(), 2u);
  EXPECT_EQ(cache.reserve(1), KvCache::Room::SessionFull);
  EXPECT_FALSE(cache.commit(21));
  // What is not committed is given back.
  EXPECT_TRUE(cache.commit(7));
  EXPECT_EQ(cache.length(), 7u);
  EXPECT_EQ(cache.pages(), 1u);
  EXPECT_FALSE(cache.commit(1));
  EXPECT_EQ(cache.reserve(13), KvCache::Room::Enough);
  EXPECT_EQ(cache.reserve(1), KvCache::Room::SessionFull);
  EXPECT_FALSE(cache.truncate(8));
  EXPECT_TRUE(cache.truncate(3));
  EXPECT_EQ(cache.reserved(), 0u);
  EXPECT_EQ(cache.reserve(uint64_t(1) << 40), KvCache::Room::SessionFull);
}

TEST(KvCache, ForkCopiesUsedPages) {
  TinyPlan tiny = twoStates();
  PlanOwner plan = openPlan(tiny.write());
  SessionMemory one(plan->loaded), two(plan->loaded);
  ASSERT_TRUE(one.create(23).ok());
  ASSERT_TRUE(two.create(23).ok());
  for (uint32_t s = 0; s < 2; ++s) {
    ASSERT_EQ(one.state(s).reserve(6), KvCache::Room::Enough);
    ASSERT_TRUE(one.state(s).commit(6));
    for (uint32_t layer = 0; layer < tiny.tables.states[s]->layers; ++layer)
      memset(one.pool().pages(s).plane(layer, 1), int(10 * s + layer + 1), 64);
  }
  one.history()[5] = 77;
  ASSERT_TRUE(two.copyFrom(one).ok());
  EXPECT_EQ(two.position(), 6u);
  EXPECT_EQ(two.history()[5], 77);
  for (uint32_t s = 0; s < 2; ++s)
    for (uint32_t layer = 0; layer < tiny.tables.states[s]->layers; ++layer)
      EXPECT_EQ(memcmp(two.pool().pages(s).plane(layer, 1),
                       one.pool().pages(s).plane(layer, 1), 64),
                0);
  EXPECT_FALSE(two.truncate(7));
  EXPECT_TRUE(two.truncate(2));
  EXPECT_EQ(two.state(1).length(), 2u);
  EXPECT_EQ(one.state(1).length(), 6u);
}

} // namespace
