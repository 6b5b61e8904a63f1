// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Two models that write in turns: who does, and tables that make no sense.
#include "runtime/decode/ModelSwitch.h"
#include "test/runtime/TinyPlan.h"
#include "test/runtime/TinyProgram.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>

using namespace sinter::runtime;
using namespace sinter::test;
namespace plan = sinter::plan;

namespace {

constexpr float kBit = 0.6931472f; // in nats

class Rule {
public:
  Rule(float threshold, uint32_t window, uint32_t least) {
    plan::ModelSwitchT table;
    table.threshold = threshold;
    table.window = window;
    table.least = least;
    builder.Finish(plan::ModelSwitch::Pack(builder, &table));
  }
  const plan::ModelSwitch &get() const {
    return *flatbuffers::GetRoot<plan::ModelSwitch>(builder.GetBufferPointer());
  }

private:
  flatbuffers::FlatBufferBuilder builder;
};

/// Who writes where rows have so many bits: "s" the small model, "L" the large.
std::string writers(ModelSwitch &models, const Rule &rule,
                    const std::vector<float> &bits) {
  models.begin();
  std::string text;
  for (float row : bits) {
    text += models.choose(rule.get(), row * kBit, 3) ? 'L' : 's';
    models.drawn();
  }
  return text;
}

TEST(ModelSwitch, TheMeanOfTheLastRowsDecides) {
  ModelSwitch models;
  const Rule rule(2, 3, 1);
  // Means of up to three rows: 1, 1.5, 2 ...
  EXPECT_EQ(writers(models, rule, {1, 2, 3}), "ssL");
  // ... and of those of the large model alone: 1.9.
  EXPECT_EQ(writers(models, rule, {1, 2, 3, 1.9f}), "ssLs");
  EXPECT_EQ(writers(models, rule, {1, 2, 3, 2.1f, 2.1f, 1.7f}), "ssLLLs");
  EXPECT_EQ(writers(models, rule, {0, 0, 0, 0, 5.9f, 0, 0}), "sssssss");
  EXPECT_EQ(writers(models, rule, {0, 0, 0, 0, 6.1f}), "ssssL");
}

TEST(ModelSwitch, EachWritesForAWhileAfterASwitch) {
  ModelSwitch models;
  const Rule rule(2, 1, 4);
  // The model that begins was not switched to.
  EXPECT_EQ(writers(models, rule, {9, 0, 0, 0, 0, 9, 9, 9, 9, 9}),
            "LLLLssssLL");
  const sinter_switching &figures = models.figures();
  EXPECT_EQ(figures.large_tokens, 6u);
  EXPECT_EQ(figures.small_tokens, 4u);
  EXPECT_EQ(figures.switches, 3u);
  EXPECT_EQ(figures.catch_up_tokens, 9u);
  EXPECT_GT(figures.catch_up_ns, 0u);
  models.begin();
  EXPECT_EQ(models.figures().large_tokens, 0u);
}

TEST(ModelSwitch, TheEndsAreTheTwoModels) {
  ModelSwitch models;
  const std::vector<float> bits = {0, 0, -1e-7f, 3, 16, 0};
  EXPECT_EQ(writers(models, Rule(0, 5, 10), bits), "LLLLLL");
  EXPECT_EQ(writers(models, Rule(INFINITY, 5, 10), bits), "ssssss");
  // What is no number is no certainty.
  EXPECT_EQ(writers(models, Rule(1, 1, 1), {NAN, NAN}), "LL");
  EXPECT_EQ(writers(models, Rule(0, 1, 1), {NAN, NAN}), "LL");
}

TEST(ModelSwitch, AsManyRowsAsThereMayBe) {
  ModelSwitch models;
  std::vector<float> bits(200, 1.0f);
  bits[199] = 65;
  EXPECT_EQ(writers(models, Rule(2, 64, 1), bits).back(), 'L');
  bits[199] = 64.5f;
  EXPECT_EQ(writers(models, Rule(2, 64, 1), bits).back(), 's');
}

/// A text before the cache, which becomes state 1.
void addText(TinyPlan &tiny) {
  auto text = std::make_unique<plan::StateT>(*tiny.tables.states[0]);
  text->name = "text";
  text->kind = plan::StateKind::Text;
  text->layers = 1;
  text->page_bytes = {0, 0};
  tiny.tables.states.insert(tiny.tables.states.begin(), std::move(text));
}

void addRule(TinyPlan &tiny, float threshold, uint32_t window, uint32_t least) {
  auto models = std::make_unique<plan::ModelSwitchT>();
  models->threshold = threshold;
  models->window = window;
  models->least = least;
  tiny.tables.model_switch = std::move(models);
}

void callService(TinyPlan &tiny, plan::ServiceKind kind) {
  BlockBuilder body;
  plan::ServiceT op;
  op.kind = kind;
  op.args = {0, 0};
  body.add(op);
  tiny.tables.functions[2]->body = std::move(body.block);
}

struct Forgery {
  const char *message;
  std::function<void(TinyPlan &)> change;
};

const Forgery kForgeries[] = {
    {"models switch at -1 bits", [](TinyPlan &t) { addRule(t, -1, 5, 10); }},
    {"models switch at nan bits", [](TinyPlan &t) { addRule(t, NAN, 5, 10); }},
    {"bits of the last 0 rows", [](TinyPlan &t) { addRule(t, 1, 0, 10); }},
    {"bits of the last 65 rows", [](TinyPlan &t) { addRule(t, 1, 65, 10); }},
    {"for 0 tokens", [](TinyPlan &t) { addRule(t, 1, 5, 0); }},
    {"expected a text", [](TinyPlan &t) { addRule(t, 1, 5, 10); }},
    {"state 1 is a text, which is the first state",
     [](TinyPlan &t) {
       addText(t);
       std::swap(t.tables.states[0], t.tables.states[1]);
     }},
    {"a text 0",
     [](TinyPlan &t) {
       addText(t);
       t.tables.states[0]->page_bytes[1] = 64;
     }},
    {"a text 0", [](TinyPlan &t) { t.tables.states[0]->page_bytes[1] = 0; }},
    {"are of a model that does",
     [](TinyPlan &t) {
       addText(t);
       t.tables.depths.push_back(std::make_unique<plan::DepthT>());
       t.tables.depths[0]->percent = 100;
     }},
    // Its kernels still name state 0.
    {"names nothing", addText},
    {"chooses a model, and no rule says which",
     [](TinyPlan &t) { callService(t, plan::ServiceKind::ChooseModel); }},
    {"calls a service that is no longer there",
     [](TinyPlan &t) { callService(t, plan::ServiceKind::Retired); }},
};

TEST(ModelSwitch, ForgedTables) {
  for (const Forgery &forgery : kForgeries) {
    TinyPlan tiny;
    forgery.change(tiny);
    sinter_plan *opened = nullptr;
    StatusOwner status(
        sinter_plan_open(tiny.write().c_str(), nullptr, &opened));
    PlanOwner owner(opened);
    EXPECT_EQ(sinter_status_code(status.get()), SINTER_CORRUPT)
        << forgery.message;
    const std::string message = sinter_status_message(status.get());
    EXPECT_NE(message.find(forgery.message), std::string::npos)
        << "got " << message << "\nfor " << forgery.message;
  }
}

} // namespace
