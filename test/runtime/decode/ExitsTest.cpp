// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Exits.h"
#include "runtime/schema/plan_generated.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace sinter::runtime;
namespace plan = sinter::plan;

namespace {

/// A plan of ten layers with exits after 3, 6 and 9 of them, and so on.
class WithExits {
public:
  WithExits(plan::ProbeKind probe, float threshold, uint32_t count = 1,
            float stop = 0, float decay = 0, uint32_t tokens = 0) {
    plan::PlanT tables;
    tables.vocabulary = 100;
    tables.states.push_back(std::make_unique<plan::StateT>());
    tables.states[0]->layers = 10;
    for (uint32_t i = 1; i <= count; ++i) {
      auto exit = std::make_unique<plan::ExitT>();
      exit->probe = probe;
      exit->after = 3 * i;
      exit->threshold = threshold;
      exit->stop = stop;
      exit->decay = decay;
      exit->over = 100;
      exit->tokens = tokens;
      tables.exits.push_back(std::move(exit));
    }
    builder.Finish(plan::Plan::Pack(builder, &tables));
  }
  const plan::Plan &get() const {
    return *flatbuffers::GetRoot<plan::Plan>(builder.GetBufferPointer());
  }

private:
  flatbuffers::FlatBufferBuilder builder;
};

ExitAction ask(Exits &exits, const WithExits &plan, float score,
               int64_t room = 7, uint64_t token = 0, uint32_t exit = 0) {
  return exits.decide(plan.get(), exit, {score, 0}, room, 50, token);
}

TEST(Exits, MoreThanTheThresholdLeaves) {
  const WithExits plan(plan::ProbeKind::Similarity, 0.5f);
  Exits exits;
  exits.begin(0);
  EXPECT_EQ(ask(exits, plan, 0.6f), ExitAction::Leave);
  EXPECT_EQ(ask(exits, plan, 0.5f), ExitAction::GoOn);
  EXPECT_EQ(ask(exits, plan, 0.4f), ExitAction::GoOn);
  EXPECT_EQ(ask(exits, plan, NAN), ExitAction::GoOn);
  EXPECT_EQ(ask(exits, plan, 0.9f, /*room=*/0), ExitAction::GoOn);
  const sinter_exits figures = exits.figures(plan.get());
  EXPECT_EQ(figures.rows, 5u);
  EXPECT_EQ(figures.layers, 3u + 4 * 10);
  EXPECT_EQ(figures.left[0], 1u);
  EXPECT_EQ(figures.kept[0], 1u);
  EXPECT_EQ(figures.owed, 1u);
}

TEST(Exits, NothingPassesOne) {
  const WithExits plan(plan::ProbeKind::MaxProb, 0.5f);
  Exits exits;
  exits.begin(1);
  EXPECT_EQ(ask(exits, plan, 1), ExitAction::GoOn);
}

TEST(Exits, ARowThatGoesOnComesToTheNextExit) {
  const WithExits plan(plan::ProbeKind::Similarity, 0.5f, 3);
  Exits exits;
  exits.begin(0);
  EXPECT_EQ(ask(exits, plan, 0.1f), ExitAction::GoOn);
  EXPECT_EQ(ask(exits, plan, 0.6f, 7, 0, 1), ExitAction::Leave);
  const sinter_exits figures = exits.figures(plan.get());
  EXPECT_EQ(figures.rows, 1u);
  EXPECT_EQ(figures.layers, 6u);
  EXPECT_EQ(figures.exits, 3u);
  EXPECT_EQ(figures.asked[0], 1u);
  EXPECT_EQ(figures.asked[1], 1u);
  EXPECT_EQ(figures.asked[2], 0u);
  EXPECT_EQ(figures.after[2], 9u);
}

TEST(Exits, ThresholdsFallAlongTheText) {
  const WithExits plan(plan::ProbeKind::Similarity, 0.8f, 1, 0, 4);
  Exits exits;
  exits.begin(0);
  EXPECT_EQ(ask(exits, plan, 0.79f, 7, 0), ExitAction::GoOn);
  EXPECT_EQ(ask(exits, plan, 0.73f, 7, 1000), ExitAction::Leave);
  EXPECT_EQ(ask(exits, plan, 0.71f, 7, 1000), ExitAction::GoOn);
  // 0.9 x 0.8 + 0.1 x 0.8 e^-1 at a quarter.
  EXPECT_EQ(ask(exits, plan, 0.75f, 7, 25), ExitAction::Leave);
  EXPECT_EQ(ask(exits, plan, 0.749f, 7, 25), ExitAction::GoOn);
}

TEST(Exits, WhatNothingPassesDoesNotFall) {
  const WithExits plan(plan::ProbeKind::Similarity, 1, 1, 0, 4);
  Exits exits;
  exits.begin(0);
  EXPECT_EQ(ask(exits, plan, 1, 7, 1000), ExitAction::GoOn);
  const WithExits low(plan::ProbeKind::Similarity, 0.5f, 1, 0, 4);
  exits.begin(1);
  EXPECT_EQ(ask(exits, low, 1, 7, 1000), ExitAction::GoOn);
}

TEST(Exits, ATextThatIsHopelessEnds) {
  const WithExits plan(plan::ProbeKind::MaxProb, 0.5f, 1, 0.2f);
  Exits exits;
  exits.begin(0);
  EXPECT_EQ(ask(exits, plan, 0.1f), ExitAction::Stop);
  EXPECT_EQ(ask(exits, plan, 0.3f), ExitAction::GoOn);
}

TEST(Exits, ScoresOfAllProbesAreFromZeroToOne) {
  auto score = [](plan::ProbeKind kind, float first, float second) {
    const WithExits plan(kind, 0.5f);
    return scoreOf(plan.get(), 0, {first, second}, 0);
  };
  EXPECT_FLOAT_EQ(score(plan::ProbeKind::MaxProb, 0.7f, 0), 0.7f);
  EXPECT_FLOAT_EQ(score(plan::ProbeKind::Margin, 0.7f, 0.2f), 0.5f);
  EXPECT_FLOAT_EQ(score(plan::ProbeKind::Entropy, 0, 0), 1);
  EXPECT_NEAR(score(plan::ProbeKind::Entropy, std::log(100.0f), 0), 0, 1e-6);
  EXPECT_FLOAT_EQ(score(plan::ProbeKind::Similarity, 0.9f, 0), 0.9f);
  EXPECT_FLOAT_EQ(score(plan::ProbeKind::Linear, 0.4f, 0), 0.4f);
  // Of a head that knows 64 tokens.
  const WithExits some(plan::ProbeKind::Entropy, 1, 1, 0, 0, 64);
  EXPECT_NEAR(scoreOf(some.get(), 0, {std::log(64.0f), 0}, 5), 0, 1e-6);
  Exits exits;
  EXPECT_EQ(exits.figures(some.get()).tokens[0], 64u);
}

TEST(Exits, ChanceKnowsThePositionAlone) {
  const WithExits plan(plan::ProbeKind::Chance, 0.5f, 2);
  double sum = 0, both = 0;
  for (uint32_t position = 0; position < 10000; ++position) {
    const float here = scoreOf(plan.get(), 0, {0, 0}, position);
    EXPECT_EQ(here, scoreOf(plan.get(), 0, {1, 1}, position));
    EXPECT_TRUE(here >= 0 && here < 1);
    sum += here;
    both += here * scoreOf(plan.get(), 1, {0, 0}, position);
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.01);
  EXPECT_NEAR(both / 10000, 0.25, 0.01);
}

} // namespace
