// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs of two models that write one text in turns.

#include "dialects/Decode/Generator.h"

using namespace mlir;
using namespace sinter::decode;

std::string Generator::nameOf(Writer writer, StringRef name) const {
  return (writer == Writer::Large ? "" : options.draft) + name.str();
}

/// A model reads what it lacks of the text; rows of the last forward.
Value Generator::readText(Writer writer, Value chunk,
                          function_ref<void(Value rows)> afterForward) {
  Type i64 = builder.getI64Type();
  Value end = LengthOp::create(builder, loc, i64, options.text);
  auto read = CatchUpOp::create(builder, loc, i64,
                                nameOf(writer, options.state), end, chunk);
  OpBuilder::InsertionGuard guard(builder);
  Block *body = enter(read.getBody(), 2);
  Value rows = body->getArgument(0);
  ForwardOp::create(builder, loc, nameOf(writer, options.forward), rows,
                    body->getArgument(1), /*runs=*/Value());
  afterForward(rows);
  CommitOp::create(builder, loc, rows);
  return read.getLast();
}

/// Logits of the last position of the text.
void Generator::ask(Writer writer, Value chunk) {
  Value last = readText(writer, chunk, [](Value) {});
  Value one = constant(1);
  Value row = arith::SubIOp::create(builder, loc, last, one);
  HeadOp::create(builder, loc, nameOf(writer, options.head), row, one);
}

void Generator::askChosen(Value model, Value chunk) {
  Value large = compare(arith::CmpIPredicate::ne, model, constant(0));
  auto branch = scf::IfOp::create(builder, loc, TypeRange(), large,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  ask(Writer::Large, chunk);
  builder.setInsertionPointToStart(branch.elseBlock());
  ask(Writer::Small, chunk);
}

/// The model that wrote last says how sure it is; another one may take over.
Value Generator::chooseWriter(Value model, Value chunk) {
  Type i64 = builder.getI64Type();
  askChosen(model, chunk);
  Value entropy = SummarizeOp::create(builder, loc, i64, i64, i64,
                                      options.summarize, constant(0))
                      .getEntropy();
  // The one that was asked lacks nothing.
  Value length = LengthOp::create(builder, loc, i64, options.text);
  Value behind = constant(0);
  for (Writer writer : {Writer::Small, Writer::Large}) {
    Value held =
        LengthOp::create(builder, loc, i64, nameOf(writer, options.state));
    Value lacks = arith::SubIOp::create(builder, loc, length, held);
    behind = arith::AddIOp::create(builder, loc, behind, lacks);
  }
  Value chosen =
      ChooseModelOp::create(builder, loc, i64, kModelSwitch, entropy, behind);
  Value other = compare(arith::CmpIPredicate::ne, chosen, model);
  auto branch = scf::IfOp::create(builder, loc, TypeRange(), other,
                                  /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  askChosen(chosen, chunk);
  return chosen;
}

/// A round: a model reads what came before, a token is drawn and becomes part
/// of the text. `plain`: the large model writes everything.
Value Generator::writingLoop(ProgramOp program, bool plain) {
  Type i64 = builder.getI64Type();
  Value chunk = clampChunk(program.getArgument(1)), zero = constant(0);
  auto loop = LoopOp::create(builder, loc, TypeRange{i64, i64, i64},
                             ValueRange{zero, zero});
  OpBuilder::InsertionGuard guard(builder);
  Block *round = enter(loop.getRound(), 2);
  Value made = round->getArgument(0), model = round->getArgument(1);
  if (plain)
    ask(Writer::Large, chunk);
  else
    model = chooseWriter(model, chunk);
  Value position = LengthOp::create(builder, loc, i64, options.text);
  Drawn drawn = drawAndEmit(program, constant(0), position, made);
  StopOp::create(builder, loc, drawn.stop,
                 ValueRange{drawn.token, drawn.made, model});
  Block *advance = enter(loop.getAdvance(), 3);
  AppendOp::create(builder, loc, options.text, advance->getArgument(0));
  NextOp::create(builder, loc, advance->getArguments().drop_front());
  return loop.getResult(1);
}

void Generator::generateWriting(StringRef name, bool plain) {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = beginGenerate(name);
  Type i64 = builder.getI64Type();
  Value count = readInput();
  Value zero = constant(0);
  Value any = compare(arith::CmpIPredicate::ne, count, zero);
  auto branch =
      scf::IfOp::create(builder, loc, i64, any, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard inner(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value made = writingLoop(program, plain);
    scf::YieldOp::create(builder, loc, made);
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, zero);
  }
  ReturnOp::create(builder, loc, branch.getResult(0));
}

/// All of it.
Value Generator::readInput() {
  return ReadInputOp::create(builder, loc, builder.getI64Type(), options.text,
                             constant(options.maxRows))
      .getCount();
}

/// The model that begins a text is ready for it.
void Generator::prefillWriting() {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = begin("prefill", {"chunk"}, 1);
  readInput();
  Value last =
      readText(Writer::Small, clampChunk(program.getArgument(0)), [](Value) {});
  ReturnOp::create(builder, loc, last);
}

/// The large model's logits of what waits alone, whatever it lacked before.
void Generator::scoreWriting() {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = begin("score", {"chunk"}, 0);
  Value chunk = clampChunk(program.getArgument(0));
  readText(Writer::Large, chunk, [](Value) {});
  auto read = ReadInputOp::create(builder, loc, builder.getI64Type(),
                                  options.text, chunk);
  {
    // A caller that has enough drops what waits.
    OpBuilder::InsertionGuard inner(builder);
    enter(read.getBody(), 0);
    readText(Writer::Large, chunk, [&](Value rows) { handOutLogits(rows); });
  }
  ReturnOp::create(builder, loc, ValueRange());
}

void Generator::switchModels() {
  const ModelSwitch &rule = *options.modelSwitch;
  ModelSwitchOp::create(builder, loc, kModelSwitch,
                        llvm::APFloat(rule.threshold), rule.window, rule.least);
  prefillWriting();
  scoreWriting();
  generateWriting("generate", /*plain=*/false);
  generateWriting("generate_plain", /*plain=*/true);
}
