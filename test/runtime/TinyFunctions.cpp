// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/runtime/TinyFunctions.h"
#include "test/runtime/TinyPlan.h"
#include "test/runtime/TinyProgram.h"

namespace sinter::test {

using plan::ArithKind;
using plan::ServiceKind;
using plan::StateOpKind;

namespace {

/// The forward over n rows of one session.
void forwardAt(BlockBuilder &b, uint32_t n, uint32_t position, uint32_t zero) {
  b.constant(zero, 0);
  b.call(0, {n, position, zero}, {});
}

/// while (n = take(chunk)) { reserve n; forward; `each`; commit n }; last = n.
void prefillLoop(BlockBuilder &b, uint32_t chunk, uint32_t n, uint32_t last,
                 uint32_t position, uint32_t zero, BlockBuilder each) {
  BlockBuilder take, body;
  take.service(ServiceKind::TakeInput, chunk, n);
  body.copy(last, n);
  body.state(StateOpKind::Length, position, 0);
  body.state(StateOpKind::Reserve, 0, n);
  forwardAt(body, n, position, zero);
  for (auto &op : each.block->ops)
    body.block->ops.push_back(std::move(op));
  body.state(StateOpKind::Commit, 0, n);
  b.constant(last, 0);
  b.loop(std::move(take), n, std::move(body));
}

std::unique_ptr<plan::FunctionT> forwardFunction() {
  BlockBuilder b;
  b.dispatch(Forward,
             {bufferBinding(Arena), bufferBinding(Ids), planeBinding(0, 0),
              planeBinding(0, 1), pagesBinding(), bufferBinding(Runs)},
             {0, 1, 2});
  return makeFunction("forward", {"rows", "pos", "runs"}, 0, 3, std::move(b));
}

std::unique_ptr<plan::FunctionT> headFunction() {
  BlockBuilder b;
  b.dispatch(Head,
             {bufferBinding(Arena), sectionBinding(0), bufferBinding(Logits)},
             {0, 1});
  return makeFunction("head", {"first", "rows"}, 0, 2, std::move(b));
}

std::unique_ptr<plan::FunctionT> prefillFunction() {
  BlockBuilder b;
  prefillLoop(b, 0, 1, 2, 3, 4, BlockBuilder());
  b.leave({2});
  return makeFunction("prefill", {"chunk"}, 1, 5, std::move(b));
}

/// Logits of rows [0, n), as many at a time as their buffer holds.
void handOutLogits(BlockBuilder &b, uint32_t n, uint32_t first, uint32_t count,
                   uint32_t most, uint32_t test) {
  BlockBuilder before, body;
  before.arith(ArithKind::Lt, test, first, n);
  body.arith(ArithKind::Sub, count, n, first);
  body.arith(ArithKind::Min, count, count, most);
  body.call(1, {first, count}, {});
  body.service(ServiceKind::EmitLogits, count, 0, Logits);
  body.arith(ArithKind::Add, first, first, count);
  b.constant(first, 0);
  b.constant(most, TinyPlan::kLogitsRows);
  b.loop(std::move(before), test, std::move(body));
}

std::unique_ptr<plan::FunctionT> scoreFunction() {
  enum : uint32_t {
    Chunk,
    N,
    Last,
    Position,
    Zero,
    First,
    Count,
    Most,
    Test,
    Registers
  };
  BlockBuilder each, b;
  handOutLogits(each, N, First, Count, Most, Test);
  prefillLoop(b, Chunk, N, Last, Position, Zero, std::move(each));
  b.leave({});
  return makeFunction("score", {"chunk"}, 0, Registers, std::move(b));
}

std::unique_ptr<plan::FunctionT> stepFunction() {
  enum : uint32_t {
    Rows,
    Count,
    Wanted,
    Zero,
    First,
    Now,
    Most,
    Test,
    Registers
  };
  BlockBuilder b;
  b.takeRows({Rows, Count, Wanted}, Runs);
  b.state(StateOpKind::ReserveRows, 0, 0);
  b.call(0, {Rows, Zero, Count}, {});
  handOutLogits(b, Wanted, First, Now, Most, Test);
  b.state(StateOpKind::CommitRows, 0, 0);
  b.leave({});
  return makeFunction("step", {}, 0, Registers, std::move(b));
}

std::unique_ptr<plan::FunctionT> generateFunction() {
  enum : uint32_t {
    MaxNew,
    Chunk,
    Seed,
    Temperature,
    N,
    Last,
    Position,
    Go,
    One,
    Zero,
    Token_,
    Made,
    Stop,
    Test,
    Registers
  };
  BlockBuilder b, before, body;
  prefillLoop(b, Chunk, N, Last, Position, Zero, BlockBuilder());
  b.constant(Zero, 0);
  b.constant(One, 1);
  b.constant(Go, 1);
  b.arith(ArithKind::Sub, Last, Last, One);
  b.call(1, {Last, One}, {});
  before.state(StateOpKind::Length, Position, 0);
  before.dispatch(
      Sample,
      {bufferBinding(Logits), bufferBinding(Token), bufferBinding(History)},
      {Position, Seed, Temperature});
  before.load(Token_, Token);
  before.service(ServiceKind::EmitToken, Token_, Stop);
  before.arith(ArithKind::Add, Made, Made, One);
  before.arith(ArithKind::Eq, Test, Made, MaxNew);
  before.arith(ArithKind::Or, Stop, Stop, Test);
  before.arith(ArithKind::Eq, Go, Stop, Zero);
  body.store(Token_, Ids);
  body.state(StateOpKind::Reserve, 0, One);
  forwardAt(body, One, Position, Zero);
  body.state(StateOpKind::Commit, 0, One);
  body.call(1, {Zero, One}, {});
  b.loop(std::move(before), Go, std::move(body));
  b.leave({Made});
  return makeFunction("generate", {"max_new", "chunk", "seed", "temperature"},
                      1, Registers, std::move(b));
}

} // namespace

void makeRecurrent(plan::PlanT &tables) {
  constexpr uint64_t kChannelBytes = 16 * sizeof(float);
  plan::StateT &state = *tables.states[0];
  state.name = "rnn";
  state.kind = plan::StateKind::Recurrent;
  state.page_tokens = tables.max_context;
  state.page_bytes = {2 * kChannelBytes, 2 * TinyPlan::kRows * kChannelBytes};
  enum : uint32_t { Rows, Position, Runs_, Half, Unplayed, Registers };
  BlockBuilder b;
  b.state(StateOpKind::Half, Half, 0);
  b.state(StateOpKind::Unplayed, Unplayed, 0);
  b.dispatch(Recur,
             {bufferBinding(Arena), bufferBinding(Ids), planeBinding(0, 0),
              planeBinding(0, 1), pagesBinding()},
             {Rows, Position, Half, Unplayed});
  tables.functions[0] = makeFunction("forward", {"rows", "pos", "runs"}, 0,
                                     Registers, std::move(b));
  tables.functions.pop_back(); // "step" takes rows of several sessions
}

void addFunctions(plan::PlanT &tables) {
  for (auto make : {forwardFunction, headFunction, prefillFunction,
                    scoreFunction, generateFunction, stepFunction})
    tables.functions.push_back(make());
}

} // namespace sinter::test
