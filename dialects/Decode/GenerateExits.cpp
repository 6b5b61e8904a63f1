// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rounds in which rows may leave before the last layer.

#include "dialects/Decode/Generator.h"

using namespace mlir;
using namespace sinter::decode;

ArrayAttr Generator::numbered(StringRef name, unsigned from, unsigned count) {
  SmallVector<Attribute> names;
  for (unsigned i = from; i < from + count; ++i)
    names.push_back(FlatSymbolRefAttr::get(builder.getContext(),
                                           (name + "." + Twine(i)).str()));
  return builder.getArrayAttr(names);
}

void Generator::declareExits() {
  for (auto [index, exit] : llvm::enumerate(options.exits)) {
    std::string number = std::to_string(index + 1);
    FlatSymbolRefAttr asks;
    if (exit.probe != ProbeKind::Chance)
      asks =
          FlatSymbolRefAttr::get(builder.getContext(), "exit.probe." + number);
    auto positive = [&](double value) {
      return value > 0 ? builder.getF32FloatAttr(value) : FloatAttr();
    };
    IntegerAttr tokens =
        exit.tokens > 0 ? builder.getI64IntegerAttr(exit.tokens) : nullptr;
    ExitOp::create(builder, loc, "exit." + number, exit.probe, tokens,
                   exit.after, llvm::APFloat(float(exit.threshold)), asks,
                   positive(exit.stop), positive(exit.decay), exit.over);
  }
}

/// Takes the last token through the layers; the one that comes next is drawn
/// where it leaves them.
void Generator::exitingRound(ProgramOp program, ValueRange carried) {
  Type i64 = builder.getI64Type(), i1 = builder.getI1Type();
  unsigned exits = options.exits.size();
  FeedOp::create(builder, loc, carried[0]);
  auto descend = DescendOp::create(
      builder, loc, i64, i1, SmallVector<Type>(1 + exits, i64), options.state,
      carried[0], numbered("exit.segment", 0, exits + 1),
      numbered("exit", 1, exits), options.head, carried.drop_front(2),
      options.mostWaiting, options.exactExits, ValueRange{carried[1]});
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = enter(descend.getBody(), 3);
    Drawn drawn = drawAndEmit(program, body->getArgument(0),
                              body->getArgument(1), body->getArgument(2));
    DrawnOp::create(builder, loc, drawn.token, drawn.stop, drawn.made);
  }
  SmallVector<Value> next = {descend.getNext()};
  llvm::append_range(next, descend.getRest());
  StopOp::create(builder, loc, descend.getStop(), next);
}

Value Generator::exitingLoop(ProgramOp program) {
  SmallVector<Value> waiting(options.exits.size(), constant(0));
  return loopFromPrompt(program, waiting, [&](ValueRange carried) {
    exitingRound(program, carried);
  });
}

/// Row by row, as tokens are decoded.
void Generator::measureExits() {
  OpBuilder::InsertionGuard guard(builder);
  begin("measure_exits", {}, 0);
  auto op = PrefillOp::create(builder, loc, builder.getI64Type(), options.state,
                              constant(1));
  {
    OpBuilder::InsertionGuard inner(builder);
    Block *body = enter(op.getBody(), 2);
    Value rows = body->getArgument(0);
    unsigned exits = options.exits.size();
    MeasureOp::create(builder, loc, numbered("exit.segment", 0, exits + 1),
                      numbered("exit", 1, exits), options.head, rows,
                      body->getArgument(1));
    CommitOp::create(builder, loc, rows);
  }
  ReturnOp::create(builder, loc, ValueRange());
}
