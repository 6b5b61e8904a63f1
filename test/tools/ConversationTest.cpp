// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-bench/Conversation.h"
#include "sinter/JsonDepth.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace sinter::tools;

TEST(JsonDepth, StringsDoNotCount) {
  using sinter::nestsDeeper;
  EXPECT_FALSE(nestsDeeper(R"([{"a":[1]},[[2]]])", 3));
  EXPECT_TRUE(nestsDeeper(R"([{"a":[[1]]}])", 3));
  EXPECT_FALSE(nestsDeeper(R"(["[[\"[[", "\\"])", 1));
  EXPECT_TRUE(nestsDeeper(R"(["\\", []])", 1));
  EXPECT_FALSE(nestsDeeper("", 0));
  EXPECT_FALSE(nestsDeeper("]]\"[\\", 0));
  EXPECT_TRUE(nestsDeeper(std::string(101, '[')));
}

/// 40 ids without repetition, then `period` ids `times` times.
static std::vector<int32_t> ending(int period, int times) {
  std::vector<int32_t> ids(40);
  std::iota(ids.begin(), ids.end(), 1000);
  for (int i = 0; i < period * times; ++i)
    ids.push_back(i % period);
  return ids;
}

TEST(Loops, ThreeTimesAndThirtyTwoIds) {
  EXPECT_TRUE(loops(ending(31, 3)));
  EXPECT_TRUE(loops(ending(11, 3)));
  EXPECT_TRUE(loops(ending(1, 32)));
  EXPECT_FALSE(loops(ending(31, 2)));
  EXPECT_FALSE(loops(ending(10, 3))); // 30 ids
  EXPECT_FALSE(loops(ending(1, 31)));
  EXPECT_FALSE(loops(ending(32, 4))); // too long for a loop
  EXPECT_FALSE(loops({}));
}

TEST(Loops, AnywhereInTheText) {
  std::vector<int32_t> ids = ending(4, 10);
  ids.insert(ids.end(), {7001, 7002, 7003});
  EXPECT_TRUE(loops(ids));
}
