// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Speculation.h"
#include "runtime/schema/plan_generated.h"

#include <gtest/gtest.h>

#include <vector>

using namespace sinter;
using namespace sinter::runtime;

namespace {

using Ids = std::vector<int32_t>;

/// A bandit over two drafters that propose different ids.
class Choice {
public:
  Choice() {
    add(plan::DrafterKind::Copy, 2, 4);
    add(plan::DrafterKind::Lookup, 1, 1);
    add(plan::DrafterKind::Bandit, 0, 0);
    tables.drafters[2]->parts = {0, 1};
    tables.costs = std::make_unique<plan::CostsT>();
  }
  /// The ids of a round that begins a call, in which each further row costs so
  /// much.
  Ids draft(float row) {
    for (tables.costs->rows = {1}; tables.costs->rows.size() < 16;)
      tables.costs->rows.push_back(tables.costs->rows.back() + row);
    builder.Clear();
    builder.Finish(plan::Plan::Pack(builder, &tables));
    const auto &plan =
        *flatbuffers::GetRoot<plan::Plan>(builder.GetBufferPointer());
    speculation.begin(0, plan.costs());
    int32_t ids[16];
    uint32_t count = speculation.draft(plan, 2, kText, {}, ids, 1);
    return Ids(ids, ids + count);
  }

  Speculation speculation;

private:
  /// `copy` says 3, `lookup` 4.
  inline static const Ids kText = {1, 2, 3, 7, 2, 4, 2, 4, 9, 1, 2};

  void add(plan::DrafterKind kind, uint32_t least, uint32_t most) {
    auto drafter = std::make_unique<plan::DrafterT>();
    drafter->kind = kind;
    drafter->min_match = least;
    drafter->max_match = most;
    drafter->max_draft = 15;
    drafter->policy = plan::PolicyKind::Goodput;
    tables.drafters.push_back(std::move(drafter));
  }
  plan::PlanT tables;
  flatbuffers::FlatBufferBuilder builder;
};

constexpr float kFree = 0.001f, kDear = 100;

TEST(Speculation, ADraftThatItsPolicyDeclinedIsARoundOfItsArm) {
  Choice choice;
  EXPECT_EQ(choice.draft(kDear), Ids{}) << "it does not pay";
  EXPECT_EQ(choice.draft(kFree), Ids{4}) << "the other one's turn";
}

/// No forward has computed it.
TEST(Speculation, ADraftThatNobodyVerifiedIsNone) {
  Choice choice;
  EXPECT_EQ(choice.draft(kFree), Ids{3});
  EXPECT_EQ(choice.draft(kFree), Ids{3});
  EXPECT_EQ(choice.speculation.figures().rounds, 0u);
}

TEST(Speculation, AnArmIsPaidByTokensForItsCost) {
  Choice choice;
  EXPECT_EQ(choice.draft(kFree), Ids{3});
  EXPECT_EQ(choice.speculation.follow(0, 3), 1); // two tokens
  EXPECT_EQ(choice.speculation.follow(1, 5), -1);
  EXPECT_EQ(choice.speculation.figures().accepted, 1u);
  EXPECT_EQ(choice.draft(kFree), Ids{4}) << "was never tried";
  EXPECT_EQ(choice.speculation.follow(0, 5), -1); // one
  choice.speculation.figures();
  EXPECT_EQ(choice.draft(kFree), Ids{3});
}

} // namespace
