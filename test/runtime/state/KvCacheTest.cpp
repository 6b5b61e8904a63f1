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

TEST(KvCache, PlanesAreDisjointAndAligned) {
  TinyPlan tiny = twoStates();
  PlanOwner plan = openPlan(tiny.write());
  SessionMemory memory(plan->loaded);
  ASSERT_TRUE(memory.create(23).ok());
  struct Range {
    uint8_t *start;
    size_t bytes;
  };
  std::vector<Range> ranges;
  for (uint32_t i = 0; i < 5; ++i)
    ranges.push_back({memory.buffer(i), memory.bufferBytes(i)});
  for (uint32_t s = 0; s < 2; ++s) {
    const auto &table = *tiny.tables.states[s];
    uint32_t pages = (23 + table.page_tokens - 1) / table.page_tokens;
    for (uint32_t layer = 0; layer < table.layers; ++layer)
      for (uint32_t p = 0; p < 2; ++p)
        ranges.push_back({memory.state(s).plane(layer, p),
                          size_t(pages * table.page_bytes[p])});
    ranges.push_back(
        {reinterpret_cast<uint8_t *>(memory.state(s).pageTable()), pages * 4u});
    for (uint32_t page = 0; page < pages; ++page)
      EXPECT_EQ(memory.state(s).pageTable()[page], int32_t(page));
  }
  // Each byte once: write a mark everywhere, then look.
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(ranges[i].start) % 64, 0u);
    memset(ranges[i].start, int(i + 1), ranges[i].bytes);
  }
  for (size_t i = 0; i < ranges.size(); ++i)
    for (size_t b = 0; b < ranges[i].bytes; ++b)
      ASSERT_EQ(ranges[i].start[b], i + 1) << i << " at " << b;
}

TEST(KvCache, ReserveCommitTruncate) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionMemory memory(plan->loaded);
  ASSERT_TRUE(memory.create(20).ok());
  KvCache &cache = memory.state(0);
  EXPECT_EQ(cache.capacity(), 20u);
  EXPECT_TRUE(cache.reserve(8));
  EXPECT_TRUE(cache.reserve(12));
  EXPECT_FALSE(cache.reserve(1));
  EXPECT_FALSE(cache.commit(21));
  // What is not committed is given back.
  EXPECT_TRUE(cache.commit(7));
  EXPECT_EQ(cache.length(), 7u);
  EXPECT_FALSE(cache.commit(1));
  EXPECT_TRUE(cache.reserve(13));
  EXPECT_FALSE(cache.reserve(1));
  EXPECT_FALSE(cache.truncate(8));
  EXPECT_TRUE(cache.truncate(3));
  EXPECT_EQ(cache.reserved(), 0u);
  EXPECT_FALSE(cache.reserve(uint64_t(1) << 40));
}

TEST(KvCache, ForkCopiesUsedPages) {
  TinyPlan tiny = twoStates();
  PlanOwner plan = openPlan(tiny.write());
  SessionMemory one(plan->loaded), two(plan->loaded);
  ASSERT_TRUE(one.create(23).ok());
  ASSERT_TRUE(two.create(23).ok());
  for (uint32_t s = 0; s < 2; ++s) {
    ASSERT_TRUE(one.state(s).reserve(6) && one.state(s).commit(6));
    for (uint32_t layer = 0; layer < tiny.tables.states[s]->layers; ++layer)
      memset(one.state(s).plane(layer, 1), int(10 * s + layer + 1), 64);
  }
  one.history()[5] = 77;
  two.copyFrom(one);
  EXPECT_EQ(two.position(), 6u);
  EXPECT_EQ(two.history()[5], 77);
  for (uint32_t s = 0; s < 2; ++s)
    for (uint32_t layer = 0; layer < tiny.tables.states[s]->layers; ++layer)
      EXPECT_EQ(memcmp(two.state(s).plane(layer, 1),
                       one.state(s).plane(layer, 1), 64),
                0);
  EXPECT_FALSE(two.truncate(7));
  EXPECT_TRUE(two.truncate(2));
  EXPECT_EQ(two.state(1).length(), 2u);
  EXPECT_EQ(one.state(1).length(), 6u);
}

} // namespace
