// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Decode/Generator.h"

using namespace mlir;
using namespace sinter::decode;

ProgramOp Generator::begin(StringRef name, ArrayRef<StringRef> params,
                           unsigned results) {
  auto program = ProgramOp::create(builder, loc, name, params, results);
  builder.setInsertionPointToStart(&program.getBody().front());
  return program;
}

Block *Generator::enter(Region &region, unsigned arguments) {
  SmallVector<Type> types(arguments, builder.getI64Type());
  SmallVector<Location> locations(arguments, loc);
  return builder.createBlock(&region, region.end(), types, locations);
}

/// A forward holds between 1 and maxRows rows, whatever the host asks for.
Value Generator::clampChunk(Value chunk) {
  Value upper =
      arith::MinSIOp::create(builder, loc, chunk, constant(options.maxRows));
  return arith::MaxSIOp::create(builder, loc, upper, constant(1));
}

Value Generator::prefillWith(Value chunk,
                             function_ref<void(Value rows)> afterForward) {
  auto op = PrefillOp::create(builder, loc, builder.getI64Type(), options.state,
                              clampChunk(chunk));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = enter(op.getBody(), 2);
  Value rows = body->getArgument(0);
  ForwardOp::create(builder, loc, options.forward, rows, body->getArgument(1),
                    /*runs=*/Value());
  afterForward(rows);
  CommitOp::create(builder, loc, rows);
  return op.getLast();
}

void Generator::prefill() {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = begin("prefill", {"chunk"}, 1);
  Value last = prefillWith(program.getArgument(0), [](Value) {});
  ReturnOp::create(builder, loc, last);
}

/// Logits of the first rows of a forward, as many at a time as the buffer
/// holds.
void Generator::handOutLogits(Value rows) {
  Value step = constant(options.logitsRows);
  auto loop = scf::ForOp::create(builder, loc, constant(0), rows, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value first = loop.getInductionVar();
  Value left = arith::SubIOp::create(builder, loc, rows, first);
  Value count = arith::MinSIOp::create(builder, loc, left, step);
  HeadOp::create(builder, loc, options.head, first, count);
  EmitLogitsOp::create(builder, loc, count);
}

void Generator::score() {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = begin("score", {"chunk"}, 0);
  prefillWith(program.getArgument(0), [&](Value rows) { handOutLogits(rows); });
  ReturnOp::create(builder, loc, ValueRange());
}

/// What a draw takes beside the row.
SmallVector<Value> sinter::decode::drawArguments(ProgramOp program,
                                                 Value position) {
  SmallVector<Value> args = {position};
  llvm::append_range(args, program.getArguments().drop_front(2));
  return args;
}

Generator::Drawn Generator::drawAndEmit(ProgramOp program, Value row,
                                        Value position, Value made) {
  Value token =
      SampleOp::create(builder, loc, builder.getI64Type(), options.sample, row,
                       drawArguments(program, position));
  return emit(program, token, made);
}

/// Hands a token out, and finds out whether it was the last one.
Generator::Drawn Generator::emit(ProgramOp program, Value token, Value made) {
  Value maxNew = program.getArgument(0);
  Value count = arith::AddIOp::create(builder, loc, made, constant(1));
  Value told = EmitOp::create(builder, loc, builder.getI1Type(), token);
  Value enough = compare(arith::CmpIPredicate::eq, count, maxNew);
  Value room = RoomOp::create(builder, loc, builder.getI64Type(), lead());
  Value full = compare(arith::CmpIPredicate::eq, room, constant(0));
  Value stop = arith::OrIOp::create(builder, loc, told, enough);
  stop = arith::OrIOp::create(builder, loc, stop, full);
  return {token, count, stop};
}

void Generator::round(ProgramOp program, Value made) {
  Value length =
      LengthOp::create(builder, loc, builder.getI64Type(), options.state);
  Drawn drawn = drawAndEmit(program, constant(0), length, made);
  StopOp::create(builder, loc, drawn.stop, ValueRange{drawn.token, drawn.made});
}

/// Puts the token of the last round into the state; its logits are next.
void Generator::advance(Value token, Value made) {
  Value one = constant(1);
  FeedOp::create(builder, loc, token);
  auto step = StepOp::create(builder, loc, TypeRange(), options.state, one);
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = enter(step.getBody(), 1);
    ForwardOp::create(builder, loc, options.forward, one, body->getArgument(0),
                      /*runs=*/Value());
    CommitOp::create(builder, loc, one);
  }
  HeadOp::create(builder, loc, options.head, constant(0), one);
  NextOp::create(builder, loc, made);
}

Value Generator::decodeLoop(ProgramOp program) {
  Type i64 = builder.getI64Type();
  auto loop = LoopOp::create(builder, loc, TypeRange{i64, i64}, constant(0));
  OpBuilder::InsertionGuard guard(builder);
  round(program, enter(loop.getRound(), 1)->getArgument(0));
  Block *body = enter(loop.getAdvance(), 2);
  advance(body->getArgument(0), body->getArgument(1));
  return loop.getResult(1);
}

Value Generator::loopFromPrompt(ProgramOp program, ValueRange more,
                                function_ref<void(ValueRange)> round) {
  Type i64 = builder.getI64Type();
  Value length = LengthOp::create(builder, loc, i64, options.state);
  Drawn first = drawAndEmit(program, constant(0), length, constant(0));
  auto branch = scf::IfOp::create(builder, loc, i64, first.stop,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, first.made);
  builder.setInsertionPointToStart(branch.elseBlock());
  SmallVector<Value> inits = {first.token, first.made};
  llvm::append_range(inits, more);
  auto loop =
      LoopOp::create(builder, loc, SmallVector<Type>(inits.size(), i64), inits);
  scf::YieldOp::create(builder, loc, loop.getResult(1));
  round(enter(loop.getRound(), inits.size())->getArguments());
  Block *advance = enter(loop.getAdvance(), inits.size());
  NextOp::create(builder, loc, advance->getArguments());
  return branch.getResult(0);
}

ProgramOp Generator::beginGenerate(StringRef name) {
  return begin(name,
               {"max_new", "chunk", "seed", "temperature", "top_k", "top_p",
                "min_p", "penalty", "window"},
               1);
}

void Generator::generate(StringRef name, bool plain) {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = beginGenerate(name);
  Value last = prefillWith(program.getArgument(1), [](Value) {});
  Value zero = constant(0);
  Value any = compare(arith::CmpIPredicate::ne, last, zero);
  auto branch = scf::IfOp::create(builder, loc, builder.getI64Type(), any,
                                  /*withElseRegion=*/true);
  {
    // Of a prompt only the last position needs logits.
    OpBuilder::InsertionGuard inner(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value one = constant(1);
    Value row = arith::SubIOp::create(builder, loc, last, one);
    HeadOp::create(builder, loc, options.head, row, one);
    Value made = plain                   ? decodeLoop(program)
                 : options.exits.empty() ? draftingLoop(program, row)
                                         : exitingLoop(program);
    scf::YieldOp::create(builder, loc, made);
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, zero);
  }
  ReturnOp::create(builder, loc, branch.getResult(0));
}

bool Generator::forwardTakesRuns() {
  auto forward = SymbolTable::lookupNearestSymbolFrom<FunctionOpInterface>(
      builder.getInsertionBlock()->getParentOp(),
      builder.getStringAttr(options.forward));
  return forward && forward.getNumArguments() == 3;
}

/// One forward over the rows of a batch.
void Generator::step() {
  OpBuilder::InsertionGuard guard(builder);
  begin("step", {}, 0);
  auto batch = BatchOp::create(builder, loc, options.state);
  {
    OpBuilder::InsertionGuard inner(builder);
    Block *body = enter(batch.getBody(), 3);
    Value rows = body->getArgument(0);
    ForwardOp::create(builder, loc, options.forward, rows, /*position=*/Value(),
                      body->getArgument(1));
    handOutLogits(body->getArgument(2));
    CommitOp::create(builder, loc, rows);
  }
  ReturnOp::create(builder, loc, ValueRange());
}

void sinter::decode::buildGenerationProgram(ModuleOp module,
                                            const GenerationOptions &options) {
  module.getContext()
      ->loadDialect<DecodeDialect, arith::ArithDialect, scf::SCFDialect>();
  Generator generator(module, options);
  if (options.modelSwitch)
    return generator.switchModels();
  generator.prefill();
  generator.score();
  bool plain = options.drafters.empty() && options.exits.empty();
  generator.declareDrafters();
  generator.declareExits();
  generator.generate("generate", plain);
  if (!plain)
    generator.generate("generate_plain", /*plain=*/true);
  if (!options.exits.empty())
    generator.measureExits();
  if (generator.forwardTakesRuns())
    generator.step();
}
