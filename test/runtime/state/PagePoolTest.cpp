// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/capi/Objects.h"
#include "runtime/state/KvCache.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

using namespace sinter::runtime;
using namespace sinter::test;

namespace {

/// A pool of one state with pages of 16 positions.
struct Pages {
  explicit Pages(uint32_t pages) : plan(openPlan(tiny.write())) {
    const sinter::plan::State &table = *plan->loaded.tables().states()->Get(0);
    uint64_t planes, freeList;
    EXPECT_TRUE(PagePool::bytes(table, pages, 0, planes, freeList));
    memory.resize(planes);
    list.resize(freeList / 2);
    pool.place(table, pages, 0, memory.data(),
               reinterpret_cast<uint8_t *>(list.data()));
  }
  TinyPlan tiny;
  PlanOwner plan;
  std::vector<uint8_t> memory;
  std::vector<uint16_t> list;
  PagePool pool;
};

/// A cache of the pool with its page table.
struct Sequence {
  Sequence(PagePool &pool, uint32_t positions) : table(positions / 16 + 1) {
    cache.place(pool, table.data(), positions);
  }
  bool append(uint32_t count) {
    return cache.reserve(count) == KvCache::Room::Enough && cache.commit(count);
  }
  std::vector<int32_t> ids() const {
    return {table.begin(), table.begin() + cache.pages()};
  }
  std::vector<int32_t> table;
  KvCache cache;
};

std::vector<int32_t> range(int32_t first, int32_t count) {
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < count; ++i)
    ids.push_back(first + i);
  return ids;
}

/// The machine's pages are exchanged behind a context that grows long.
TEST(PagePool, LongContextsKeepWhatTheyHold) {
  Pages one(1);
  Pages pages(uint32_t((size_t(40) << 20) / one.memory.size()));
  ASSERT_GT(pages.pool.size(), PagePool::kLargeFrom + 1);
  for (size_t i = 0; i < pages.memory.size(); ++i)
    pages.memory[i] = uint8_t(i * 37 + i / 4096);
  std::vector<uint8_t> before = pages.memory;
  Sequence sequence(pages.pool, 16 * (PagePool::kLargeFrom + 2));
  ASSERT_TRUE(sequence.append(16 * (PagePool::kLargeFrom + 2)));
  EXPECT_TRUE(pages.memory == before);
}

TEST(PagePool, AloneIdsAreInOrder) {
  Pages pages(40);
  Sequence one(pages.pool, 640);
  for (uint32_t i = 0; i < 64; ++i)
    ASSERT_TRUE(one.append(10));
  EXPECT_EQ(one.ids(), range(0, 40));
  EXPECT_EQ(pages.pool.available(), 0u);
  ASSERT_TRUE(one.cache.truncate(17));
  EXPECT_EQ(pages.pool.available(), 38u);
  ASSERT_TRUE(one.append(400));
  EXPECT_EQ(one.ids(), range(0, 27));
}

TEST(PagePool, SequencesHaveRunsOfTheirOwn) {
  Pages pages(64);
  Sequence one(pages.pool, 1024), two(pages.pool, 1024);
  for (uint32_t i = 0; i < 32; ++i)
    ASSERT_TRUE(one.append(16) && two.append(16));
  std::vector<int32_t> expected = range(0, 16);
  for (int32_t id : range(32, 16))
    expected.push_back(id);
  EXPECT_EQ(one.ids(), expected);
}

TEST(PagePool, TheLastPagesAreUsedToo) {
  // 20 pages: a whole run and a short one, for three sequences.
  Pages pages(20);
  Sequence one(pages.pool, 1024), two(pages.pool, 1024), three(pages.pool, 64);
  ASSERT_TRUE(one.append(16) && two.append(16) && three.append(40));
  EXPECT_EQ(one.ids(), range(0, 1));
  EXPECT_EQ(two.ids(), range(16, 1));
  // The far end of a run that another sequence grows into.
  EXPECT_EQ(three.ids(), (std::vector<int32_t>{15, 14, 13}));
  ASSERT_TRUE(one.append(16 * 12));
  EXPECT_EQ(one.ids(), range(0, 13));
  EXPECT_EQ(pages.pool.available(), 3u);
  EXPECT_EQ(one.cache.room(), 48u) << "what the pool has, not the context";
  EXPECT_EQ(one.cache.reserve(49), KvCache::Room::PoolFull);
  EXPECT_EQ(pages.pool.available(), 3u); // nothing was taken
  EXPECT_TRUE(one.append(48));
  EXPECT_EQ(two.cache.room(), 0u);
  EXPECT_EQ(two.cache.reserve(1), KvCache::Room::PoolFull);
  EXPECT_EQ(two.cache.length(), 16u);
}

TEST(PagePool, ReservedPagesComeBack) {
  Pages pages(4);
  Sequence one(pages.pool, 64);
  ASSERT_EQ(one.cache.reserve(64), KvCache::Room::Enough);
  EXPECT_EQ(pages.pool.available(), 0u);
  ASSERT_TRUE(one.cache.commit(17));
  EXPECT_EQ(pages.pool.available(), 2u);
  ASSERT_EQ(one.cache.reserve(30), KvCache::Room::Enough);
  one.cache.dropReserved();
  EXPECT_EQ(pages.pool.available(), 2u);
  EXPECT_EQ(one.cache.length(), 17u);
}

TEST(PagePool, RandomUseNeverSharesAPage) {
  Pages pages(53);
  std::mt19937 random(1);
  std::vector<Sequence> sequences;
  sequences.reserve(7);
  for (uint32_t i = 0; i < 7; ++i)
    sequences.emplace_back(pages.pool, 400);
  for (uint32_t step = 0; step < 20000; ++step) {
    Sequence &sequence = sequences[random() % 7];
    uint32_t before = sequence.cache.length();
    if (random() % 3)
      sequence.append(random() % 60);
    else
      ASSERT_TRUE(sequence.cache.truncate(random() % (before + 1)));
    std::set<int32_t> used;
    uint32_t held = 0;
    for (const Sequence &other : sequences) {
      ASSERT_EQ(other.cache.pages(), (other.cache.length() + 15) / 16);
      for (int32_t id : other.ids()) {
        ASSERT_TRUE(id >= 0 && id < 53 && used.insert(id).second);
        ++held;
      }
    }
    ASSERT_EQ(held + pages.pool.available(), 53u);
  }
}

} // namespace
