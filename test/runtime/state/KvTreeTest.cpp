// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/capi/Objects.h"
#include "runtime/state/KvCache.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

using namespace sinter::runtime;
using namespace sinter::test;

namespace {

constexpr uint32_t kPaths = 7, kPage = 16, kContext = 96;

/// A cache whose planes hold, instead of keys, which id stands at a position.
class Cache {
public:
  Cache() : plan(openPlan(tiny.write())) {
    const sinter::plan::State &table = *plan->loaded.tables().states()->Get(0);
    constexpr uint32_t pages = kContext / kPage, spares = 2 * kPaths;
    uint64_t planes, freeList;
    EXPECT_TRUE(PagePool::bytes(table, pages, spares, planes, freeList));
    memory.resize(planes);
    list.resize(freeList / 2 + 1);
    pool.place(table, pages, spares, memory.data(),
               reinterpret_cast<uint8_t *>(list.data()));
    tables.resize((kPaths + 1) * (pages + 1));
    cache.place(pool, tables.data(), kContext);
    cache.placePaths(tables.data() + pages + 1, pages + 1);
  }

  /// The id at a position of a run's path.
  int32_t &at(int32_t distance, uint32_t position) {
    int32_t page = tables[uint32_t(distance) + position / kPage];
    return reinterpret_cast<int32_t *>(
        pool.plane(0, 1))[uint32_t(page) * kPage + position % kPage];
  }
  std::vector<int32_t> text() {
    std::vector<int32_t> ids;
    for (uint32_t i = 0; i < cache.length(); ++i)
      ids.push_back(at(0, i));
    return ids;
  }
  void append(const std::vector<int32_t> &ids) {
    ASSERT_EQ(cache.reserve(ids.size()), KvCache::Room::Enough);
    for (uint32_t i = 0; i < ids.size(); ++i)
      at(0, cache.length() + i) = ids[i];
    ASSERT_TRUE(cache.commit(ids.size()));
  }

  TinyPlan tiny;
  PlanOwner plan;
  std::vector<uint8_t> memory;
  std::vector<uint16_t> list;
  std::vector<int32_t> tables;
  PagePool pool;
  KvCache cache;
};

/// Rows in the order of a walk; no more leaves than there are paths.
DraftTree randomTree(std::mt19937 &random, uint32_t depth) {
  DraftTree tree;
  uint32_t rows = 1 + random() % DraftTree::kRows;
  while (tree.rows < rows) {
    // Any row of the path that ends at the last one.
    uint32_t parent = tree.rows - 1;
    while (parent > 0 && (random() % 4 == 0 || tree.depths[parent] >= depth))
      parent = tree.parents[parent];
    bool branches = parent + 1 != tree.rows;
    if (tree.depths[parent] >= depth || (branches && tree.runCount() > kPaths))
      break;
    tree.add(parent);
  }
  return tree;
}

/// A row sees its own path and nothing else, wherever it stands; what is kept
/// is what plain decoding leaves.
TEST(KvTree, EveryRowSeesItsPath) {
  std::mt19937 random(5);
  Cache paged;
  std::vector<int32_t> text;
  int32_t id = 0;
  std::vector<RowPlace> places(DraftTree::kRows * (kPaths + 1));
  uint32_t branched = 0, left = 0;
  for (int round = 0; round < 4000; ++round) {
    uint32_t room = kContext - uint32_t(text.size());
    if (room == 0 || random() % 40 == 0) {
      text.resize(random() % (text.size() + 1));
      ASSERT_TRUE(paged.cache.truncate(text.size()));
      continue;
    }
    DraftTree tree = randomTree(random, room - 1);
    branched += !tree.isChain();
    std::vector<int32_t> ids(tree.rows);
    std::iota(ids.begin(), ids.end(), id);
    id += int32_t(tree.rows);
    ASSERT_EQ(paged.cache.reserveTree(tree), KvCache::Room::Enough);
    uint32_t copies = paged.cache.placeTree(tree, places.data());
    ASSERT_LE(tree.rows + copies, places.size());
    for (uint32_t i = 0; i < tree.rows + copies; ++i) {
      uint32_t row = i < tree.rows ? i : uint32_t(places[i].firstRow);
      paged.at(places[i].pages, uint32_t(places[i].position)) = ids[row];
    }
    for (uint32_t row = 0; row < tree.rows; ++row) {
      const RowPlace &place = places[row];
      ASSERT_EQ(uint32_t(place.position), text.size() + tree.depths[row]);
      ASSERT_LE(uint32_t(place.firstRow), row);
      ASSERT_LT(row, uint32_t(place.firstRow + place.rows));
      for (uint32_t on = row;; on = tree.parents[on]) {
        ASSERT_EQ(paged.at(place.pages, text.size() + tree.depths[on]),
                  ids[on]);
        if (on == 0)
          break;
      }
      for (uint32_t i = 0; i < text.size(); ++i)
        ASSERT_EQ(paged.at(place.pages, i), text[i]);
    }
    // Some path of it is kept, from row 0 on, or nothing.
    for (uint32_t row = 0; row < tree.rows;) {
      left += tree.runs[row] > 0;
      ASSERT_TRUE(paged.cache.keepRow(tree, row));
      text.push_back(ids[row]);
      std::vector<uint32_t> next;
      for (uint32_t child = row + 1; child < tree.rows; ++child)
        if (tree.parents[child] == row)
          next.push_back(child);
      if (next.empty() || random() % 5 == 0)
        break;
      row = next[random() % next.size()];
    }
    ASSERT_TRUE(paged.cache.commit(0));
    ASSERT_EQ(paged.text(), text) << "round " << round;
    ASSERT_EQ(paged.cache.pages(), (text.size() + kPage - 1) / kPage);
    ASSERT_EQ(paged.pool.available(), paged.pool.size() - paged.cache.pages());
  }
  EXPECT_GT(branched, 1000u);
  EXPECT_GT(left, 1000u);
}

TEST(KvTree, NothingKeptLeavesNothing) {
  Cache paged;
  paged.append({1, 2, 3});
  DraftTree tree;
  for (uint32_t parent : {0, 0, 0, 3})
    tree.add(parent);
  ASSERT_EQ(paged.cache.reserveTree(tree), KvCache::Room::Enough);
  paged.cache.dropReserved();
  EXPECT_EQ(paged.text(), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(paged.cache.reserved(), 0u);
}

TEST(KvTree, ATreeBeyondTheContextFindsNoRoom) {
  Cache paged;
  paged.append(std::vector<int32_t>(kContext - 2, 7));
  DraftTree tree;
  for (uint32_t parent : {0, 1, 0})
    tree.add(parent);
  EXPECT_EQ(paged.cache.reserveTree(tree), KvCache::Room::SessionFull);
  tree = DraftTree();
  for (uint32_t parent : {0, 0, 0})
    tree.add(parent);
  EXPECT_EQ(paged.cache.reserveTree(tree), KvCache::Room::Enough);
}

} // namespace
