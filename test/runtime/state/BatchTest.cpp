// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/Batch.h"
#include "runtime/capi/Objects.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

using namespace sinter::runtime;
using namespace sinter::test;

namespace {

TEST(Batch, WantedRowsComeFirst) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  PoolMemory pool(plan->loaded);
  ASSERT_TRUE(
      pool.create({.sessions = 2, .context = 64, .batches = true}).ok());
  SessionMemory one(plan->loaded), two(plan->loaded);
  ASSERT_TRUE(one.create(pool, 64).ok() && two.create(pool, 64).ok());
  ASSERT_TRUE(two.reserve(0, 30).ok() && two.state(0).commit(30));
  int32_t there = int32_t(two.tableDistance());
  EXPECT_NE(there, 0);

  Batch batch(pool);
  batch.add(one, 10, false);
  batch.add(one, 11, false);
  batch.add(one, 12, true); // the last of a prompt
  batch.add(two, 20, true);
  batch.add(two, 21, true);
  batch.add(one, 13, false);
  int32_t ids[6];
  RowPlace places[6];
  Batch::Counts counts = batch.take(ids, places);
  EXPECT_EQ(counts.rows, 6u);
  EXPECT_EQ(counts.runs, 4u);
  EXPECT_EQ(counts.wanted, 3u);
  const int32_t expected[6][5] = {
      {12, 0, 1, 2, 0}, {20, 1, 2, 30, there}, {21, 1, 2, 31, there},
      {10, 3, 2, 0, 0}, {11, 3, 2, 1, 0},      {13, 5, 1, 3, 0},
  };
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(ids[i], expected[i][0]);
    EXPECT_EQ(places[i].firstRow, expected[i][1]);
    EXPECT_EQ(places[i].rows, expected[i][2]);
    EXPECT_EQ(places[i].position, expected[i][3]);
    EXPECT_EQ(places[i].pages, expected[i][4]);
  }
  EXPECT_EQ(batch.nextWanted(-1), 2);
  EXPECT_EQ(batch.nextWanted(2), 3);
  EXPECT_EQ(batch.nextWanted(4), -1);

  EXPECT_FALSE(batch.commit(0)); // not reserved
  ASSERT_TRUE(batch.reserve(0).ok());
  EXPECT_TRUE(batch.commit(0));
  EXPECT_EQ(one.position(), 4u);
  EXPECT_EQ(two.position(), 32u);
  EXPECT_EQ(one.history()[3], 13);
  EXPECT_EQ(two.history()[31], 21);
}

} // namespace
