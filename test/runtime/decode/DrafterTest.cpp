// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::runtime;

namespace {

/// A plan of drafters alone.
class Drafters {
public:
  uint32_t add(plan::DrafterKind kind, uint32_t least, uint32_t most,
               uint32_t draft = 15, std::vector<uint32_t> parts = {}) {
    auto drafter = std::make_unique<plan::DrafterT>();
    drafter->kind = kind;
    drafter->min_match = least;
    drafter->max_match = most;
    drafter->max_draft = draft;
    drafter->parts = std::move(parts);
    tables.drafters.push_back(std::move(drafter));
    return uint32_t(tables.drafters.size() - 1);
  }
  std::vector<int32_t> propose(uint32_t index, std::vector<int32_t> text,
                               uint32_t most, Proposal *out = nullptr) {
    builder.Clear();
    builder.Finish(plan::Plan::Pack(builder, &tables));
    std::vector<int32_t> ids(most);
    Proposal made = runtime::propose(
        *flatbuffers::GetRoot<plan::Plan>(builder.GetBufferPointer()), index,
        text, ids.data(), most);
    if (out)
      *out = made;
    ids.resize(made.count);
    return ids;
  }

private:
  plan::PlanT tables;
  flatbuffers::FlatBufferBuilder builder;
};

using Ids = std::vector<int32_t>;

TEST(Drafter, CopyTakesTheLongestMatchAndOfThoseTheLatest) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 2, 4);
  Proposal made;
  // 1 2 3 follows twice; before the first one stands 9, as at the end.
  EXPECT_EQ(drafters.propose(
                copy, {9, 1, 2, 3, 40, 41, 1, 2, 3, 50, 9, 1, 2, 3}, 2, &made),
            (Ids{40, 41}));
  EXPECT_EQ(made.match, 4u);
  EXPECT_EQ(drafters.propose(copy, {1, 2, 3, 40, 1, 2, 3, 50, 1, 2, 3}, 1),
            Ids{50});
  EXPECT_EQ(drafters.propose(copy, {1, 2, 7, 3, 2}, 4), Ids{})
      << "one id is too short a match";
  EXPECT_EQ(drafters.propose(copy, {5}, 4), Ids{});
}

TEST(Drafter, CopyGoesOnWithWhatItWrote) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 2, 4);
  EXPECT_EQ(drafters.propose(copy, {1, 2, 3, 1, 2, 3}, 7),
            (Ids{1, 2, 3, 1, 2, 3, 1}));
  EXPECT_EQ(drafters.propose(copy, {8, 8, 8}, 3), (Ids{8, 8, 8}));
}

TEST(Drafter, LookupTakesTheMostFrequentAndOfThoseTheLatest) {
  Drafters drafters;
  uint32_t lookup = drafters.add(plan::DrafterKind::Lookup, 1, 2);
  Proposal made;
  // After 1: 2, 3, 2; then after "1 2": 5 and 6, the latest is 6.
  EXPECT_EQ(drafters.propose(lookup, {1, 2, 5, 1, 3, 1, 2, 6, 9, 1}, 2, &made),
            (Ids{2, 6}));
  EXPECT_EQ(made.match, 1u);
  EXPECT_EQ(drafters.propose(lookup, {1, 2, 3}, 5), Ids{});
}

TEST(Drafter, PriorityAsksInOrder) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 3, 4);
  uint32_t lookup = drafters.add(plan::DrafterKind::Lookup, 1, 1);
  uint32_t both =
      drafters.add(plan::DrafterKind::Priority, 0, 0, 15, {copy, lookup});
  Proposal made;
  EXPECT_EQ(drafters.propose(both, {7, 1, 9, 7}, 1, &made), Ids{1});
  EXPECT_EQ(made.drafter, lookup);
  EXPECT_EQ(drafters.propose(both, {1, 2, 3, 4, 3, 5, 1, 2, 3}, 1, &made),
            Ids{4});
  EXPECT_EQ(made.drafter, copy);
}

TEST(Drafter, NeverMoreThanItsOwnLimit) {
  Drafters drafters;
  uint32_t copy = drafters.add(plan::DrafterKind::Copy, 1, 4, 3);
  EXPECT_EQ(drafters.propose(copy, Ids(20, 6), 15), (Ids{6, 6, 6}));
}

} // namespace
