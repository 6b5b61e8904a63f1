// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A tiny plan of each format, kept as bytes (it also feeds the fuzz target): an
// old plan must load and give the same answer for ever.  Never write these
// files again; add one a format.
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <fstream>

using namespace sinter::test;

namespace {

std::string frozenPath(const char *name) {
  return std::string(SINTER_FROZEN "/") + name;
}

TEST(Frozen, Format1) {
  PlanOwner plan = openPlan(frozenPath("tiny-format1"));
  ASSERT_NE(plan, nullptr);
  EXPECT_STREQ(sinter_plan_property(plan.get(), "name"), "tiny");
  EXPECT_EQ(sinter_plan_number(plan.get(), SINTER_VOCABULARY), 257u);
  std::vector<int32_t> expected = {111, 189, 47, 36, 84, 219, 218, 218};
  EXPECT_EQ(generate(openSession(plan), {10, 20, 30}, greedy(8)).ids, expected);
}

/// How the file was made; run by hand when a format is released.
TEST(Frozen, DISABLED_Write) {
  TinyPlan tiny;
  std::vector<uint8_t> bytes = tiny.bytes();
  std::ofstream out(frozenPath("tiny-next"), std::ios::binary);
  out.write(reinterpret_cast<const char *>(bytes.data()),
            std::streamsize(bytes.size()));
  PlanOwner plan = openPlan(tiny.write());
  for (int32_t id : generate(openSession(plan), {10, 20, 30}, greedy(8)).ids)
    std::printf("%d, ", id);
  std::printf("\n");
}

} // namespace
