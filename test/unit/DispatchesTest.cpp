// DispatchesTest.cpp - what a call of a plan runs.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Dispatches.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace sinter;
using namespace sinter::analysis;

namespace {

// A forward of two layers, a head for the last row, and as many tokens as are
// wanted.
const char *const kDeclarations = R"(
plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@ids) history(@history)
plan.buffer @ids bytes(32)
plan.buffer @runs bytes(128)
plan.buffer @history bytes(0) per_position(4)
plan.state @kv layers(2) page_tokens(16) page_bytes([512, 1024]) type("f16")
plan.kernel @layer bindings(["k", "ids"]) scalars(["rows", "position"])
plan.kernel @head bindings(["ids"]) scalars(["row"])
plan.func @forward(%rows: i64, %position: i64) attributes {params = ["rows", "position"]} {
  plan.dispatch @layer bindings([#plan.plane<@kv, 0, 0>, #plan.buffer<@ids>]) scalars(%rows, %position)
  plan.dispatch @layer bindings([#plan.plane<@kv, 1, 0>, #plan.buffer<@ids>]) scalars(%rows, %position)
  plan.return
}
)";

const char *const kGenerate = R"(
plan.func @generate(%max_new: i64, %chunk: i64, %seed: i64) -> i64 attributes {params = ["max_new", "chunk", "seed"]} {
  %zero = plan.const 0
  %one = plan.const 1
  %most = plan.const 8
  %few = plan.arith min %chunk, %most
  %last = plan.while init(%zero) {
  ^bb0(%before: i64):
    %n = plan.take_input %few, @ids at(0)
    %more = plan.arith ne %n, %zero
    %kept = plan.if %more -> i64 {
      plan.yield %n
    } else {
      plan.yield %before
    }
    plan.condition %more, %kept
  } do {
  ^bb0(%rows: i64):
    %position = plan.length @kv
    plan.reserve @kv, %rows
    plan.call @forward(%rows, %position)
    plan.commit @kv, %rows
    plan.yield %rows
  } -> i64
  %row = plan.arith sub %last, %one
  plan.dispatch @head bindings([#plan.buffer<@ids>]) scalars(%row)
  %made = plan.while init(%zero) {
  ^bb0(%made: i64):
    %id = plan.load_i32 @ids at(0)
    %told = plan.emit_token %id
    %more = plan.arith add %made, %one
    %done = plan.arith eq %more, %max_new
    %stop = plan.arith or %told, %done
    %go = plan.arith eq %stop, %zero
    plan.condition %go, %more
  } do {
  ^bb0(%made: i64):
    %position = plan.length @kv
    plan.call @forward(%one, %position)
    plan.yield %made
  } -> i64
  plan.return %made
}
)";

struct Dispatches : testing::Test {
  Dispatches() { context.loadDialect<planir::PlanDialect>(); }

  std::vector<Dispatch> of(Forward forward, const std::string &text) {
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    auto dispatches = dispatchesOf(*module, forward);
    if (dispatches)
      return *dispatches;
    error = llvm::toString(dispatches.takeError());
    return {};
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string error;
};

using Scalars = SmallVector<int64_t>;

TEST_F(Dispatches, OfAToken) {
  auto all =
      of({.position = 40, .rows = 1}, std::string(kDeclarations) + kGenerate);
  ASSERT_EQ(all.size(), 3u) << error;
  for (int layer : {0, 1}) {
    EXPECT_EQ(all[layer].kernel, "layer");
    EXPECT_EQ(all[layer].layer, layer);
    EXPECT_EQ(all[layer].scalars, (Scalars{1, 40}));
  }
  EXPECT_EQ(all[2].kernel, "head");
  EXPECT_EQ(all[2].layer, -1);
  EXPECT_EQ(all[2].scalars, (Scalars{0}));
}

TEST_F(Dispatches, OfAPromptInChunks) {
  auto all =
      of({.position = 3, .rows = 19}, std::string(kDeclarations) + kGenerate);
  ASSERT_EQ(all.size(), 7u) << error;
  EXPECT_EQ(all[0].scalars, (Scalars{8, 3}));
  EXPECT_EQ(all[2].scalars, (Scalars{8, 11}));
  EXPECT_EQ(all[4].scalars, (Scalars{3, 19}));
  EXPECT_EQ(all[6].scalars, (Scalars{2}));
}

// A depth is looked up in portions of 8 ids, and then none is left out.
TEST_F(Dispatches, DepthsAreOfAllLayers) {
  auto all = of({.position = 0, .rows = 19}, std::string(kDeclarations) + R"(
plan.buffer @skipped bytes(4)
plan.func @generate() attributes {params = []} {
  %zero = plan.const 0
  %most = plan.const 8
  %rest, %done = plan.while init(%zero) {
  ^bb0(%at: i64):
    %rows = plan.peek_input %most, %at, @ids
    plan.condition %rows, %rows, %at
  } do {
  ^bb0(%rows: i64, %at: i64):
    plan.dispatch @head bindings([#plan.buffer<@ids>]) scalars(%rows)
    %next = plan.arith add %rows, %at
    plan.yield %next
  } -> i64, i64
  %waiting = plan.waiting
  plan.choose_depth %waiting, @skipped
  %word = plan.load_i32 @skipped at(0)
  plan.dispatch @head bindings([#plan.buffer<@ids>]) scalars(%word)
  plan.return
}
)");
  ASSERT_EQ(all.size(), 4u) << error;
  for (auto [dispatch, scalar] : llvm::zip(all, Scalars{8, 8, 3, 0}))
    EXPECT_EQ(dispatch.scalars, (Scalars{scalar}));
}

TEST_F(Dispatches, ErrorsSayWhatCannotBeForetold) {
  of({}, kDeclarations);
  EXPECT_EQ(error, "the plan has no function 'generate'");
  auto generate = [&](const std::string &body) {
    error.clear();
    of({}, std::string(kDeclarations) +
               "plan.func @generate() attributes {params = []} {\n" + body +
               "plan.return\n}\n");
    return error;
  };
  EXPECT_EQ(generate("%r, %s, %w = plan.take_rows @runs at(0)\n"),
            "what the program dispatches cannot be foretold: 'plan.take_rows' "
            "depends on who calls");
  EXPECT_EQ(generate("%z = plan.const 0\n%x = plan.arith rem %z, %z\n"),
            "what the program dispatches cannot be foretold: 'plan.arith' "
            "divides by zero");
  EXPECT_EQ(generate("%o = plan.const 1\n"
                     "plan.while { plan.condition %o } do { plan.yield }\n"),
            "what the program dispatches cannot be foretold: 'plan.while' does "
            "not end");
}

TEST_F(Dispatches, ArithmeticIsThatOfTheRuntime) {
  const std::pair<const char *, int64_t> cases[] = {
      {"add", -4}, {"sub", -10}, {"mul", -21}, {"div", -2}, {"rem", -1},
      {"min", -7}, {"max", 3},   {"eq", 0},    {"ne", 1},   {"lt", 1},
      {"le", 1},   {"and", 1},   {"or", -5}};
  for (auto [kind, expected] : cases) {
    auto all =
        of({}, std::string(kDeclarations) +
                   "plan.func @generate() attributes {params = []} {\n"
                   "%a = plan.const -7\n%b = plan.const 3\n%c = plan.arith " +
                   kind +
                   " %a, %b\nplan.dispatch @head bindings([#plan.buffer<@ids>])"
                   " scalars(%c)\nplan.return\n}\n");
    ASSERT_EQ(all.size(), 1u) << kind << ": " << error;
    EXPECT_EQ(all[0].scalars, (Scalars{expected})) << kind;
  }
}

} // namespace
