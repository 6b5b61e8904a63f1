// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bodies of programs and launch lists: values, control flow, and which method
// an op has.

#include "lib/Conversion/DecodeToPlan/BodyLowering.h"
#include "lib/Conversion/DecodeToPlan/LowerExits.h"
#include "lib/Conversion/DecodeToPlan/LowerFfns.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;

LogicalResult BodyLowering::run(Block &from) {
  values.map(from.getArguments(), function.getBody().getArguments());
  return block(from);
}

LogicalResult BodyLowering::block(Block &from) {
  for (Operation &op : from) {
    loc = op.getLoc();
    if (failed(lower(&op)))
      return failure();
  }
  return success();
}

Value BodyLowering::number(int64_t value) {
  Value &found = numbers[value];
  if (!found) {
    OpBuilder::InsertionGuard guard(builder);
    Block *entry = &function.getBody().front();
    builder.setInsertionPointToStart(entry);
    while (builder.getInsertionPoint() != entry->end() &&
           isa<planir::ConstOp>(*builder.getInsertionPoint()))
      builder.setInsertionPointAfter(&*builder.getInsertionPoint());
    found = planir::ConstOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  }
  return found;
}

Block *BodyLowering::newBlock(Region &region, unsigned arguments) {
  return builder.createBlock(&region, region.end(), i64s(arguments),
                             SmallVector<Location>(arguments, loc));
}

LogicalResult BodyLowering::region(Region &from, Region &to) {
  OpBuilder::InsertionGuard guard(builder);
  Block &source = from.front();
  Block *target = newBlock(to, source.getNumArguments());
  values.map(source.getArguments(), target->getArguments());
  return block(source);
}

//===-- arithmetic --------------------------------------------------------===//

BodyLowering::BinaryKind BodyLowering::kindOf(Operation *op) {
  using planir::ArithKind;
  return TypeSwitch<Operation *, BinaryKind>(op)
      .Case([](arith::AddIOp) { return ArithKind::Add; })
      .Case([](arith::SubIOp) { return ArithKind::Sub; })
      .Case([](arith::MulIOp) { return ArithKind::Mul; })
      .Case([](arith::DivSIOp) { return ArithKind::Div; })
      .Case([](arith::RemSIOp) { return ArithKind::Rem; })
      .Case([](arith::MinSIOp) { return ArithKind::Min; })
      .Case([](arith::MaxSIOp) { return ArithKind::Max; })
      .Case([](arith::AndIOp) { return ArithKind::And; })
      .Case([](arith::OrIOp) { return ArithKind::Or; })
      .Default(std::nullopt);
}

LogicalResult BodyLowering::constant(arith::ConstantOp op) {
  if (auto integer = dyn_cast<IntegerAttr>(op.getValue())) {
    bool flag = op.getType().isInteger(1);
    return set(op, number(flag ? integer.getValue().getZExtValue()
                               : integer.getValue().getSExtValue()));
  }
  // A float travels as its bits in the low half.
  if (auto real = dyn_cast<FloatAttr>(op.getValue());
      real && op.getType().isF32())
    return set(op, number(real.getValue().bitcastToAPInt().getZExtValue()));
  return op.emitOpError("has no counterpart in a plan");
}

LogicalResult BodyLowering::compare(arith::CmpIOp op) {
  using planir::ArithKind;
  Value lhs = get(op.getLhs()), rhs = get(op.getRhs());
  switch (op.getPredicate()) {
  case arith::CmpIPredicate::eq:
    return set(op, binary(ArithKind::Eq, lhs, rhs));
  case arith::CmpIPredicate::ne:
    return set(op, binary(ArithKind::Ne, lhs, rhs));
  case arith::CmpIPredicate::slt:
    return set(op, binary(ArithKind::Lt, lhs, rhs));
  case arith::CmpIPredicate::sle:
    return set(op, binary(ArithKind::Le, lhs, rhs));
  case arith::CmpIPredicate::sgt:
    return set(op, binary(ArithKind::Lt, rhs, lhs));
  case arith::CmpIPredicate::sge:
    return set(op, binary(ArithKind::Le, rhs, lhs));
  default:
    return op.emitOpError("compares unsigned; a plan has signed numbers only");
  }
}

//===-- launches ----------------------------------------------------------===//

LogicalResult BodyLowering::launch(tile::LaunchOp op) {
  SmallVector<Attribute> bindings;
  for (Attribute binding : op.getBindings()) {
    bindings.push_back(lowerBinding(binding));
    if (!bindings.back())
      return op.emitOpError("cannot bind ") << binding << " in a plan";
  }
  planir::DispatchOp::create(builder, loc, op.getCalleeAttr(),
                             builder.getArrayAttr(bindings),
                             get(op.getScalars()));
  return success();
}

//===-- control flow ------------------------------------------------------===//

LogicalResult BodyLowering::branch(scf::IfOp op) {
  auto made = planir::IfOp::create(builder, loc, i64s(op.getNumResults()),
                                   get(op.getCondition()));
  if (failed(region(op.getThenRegion(), made.getThenBlock())))
    return failure();
  if (!op.getElseRegion().empty() &&
      failed(region(op.getElseRegion(), made.getElseBlock())))
    return failure();
  values.map(op.getResults(), made.getResults());
  return success();
}

/// for: carries the index and the values of the loop.
LogicalResult BodyLowering::count(scf::ForOp op) {
  SmallVector<Value> inits = {get(op.getLowerBound())};
  llvm::append_range(inits, get(op.getInits()));
  unsigned carried = inits.size();
  auto made = planir::WhileOp::create(builder, loc, i64s(carried), inits);
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), carried);
  Value more = binary(planir::ArithKind::Lt, before->getArgument(0),
                      get(op.getUpperBound()));
  planir::ConditionOp::create(builder, loc, more, before->getArguments());
  Block *body = newBlock(made.getBody(), carried);
  values.map(op.getBody()->getArguments(), body->getArguments());
  for (Operation &inner : op.getBody()->without_terminator()) {
    loc = inner.getLoc();
    if (failed(lower(&inner)))
      return failure();
  }
  SmallVector<Value> next = {
      binary(planir::ArithKind::Add, body->getArgument(0), get(op.getStep()))};
  llvm::append_range(next, get(op.getYieldedValues()));
  planir::YieldOp::create(builder, loc, next);
  values.map(op.getResults(), made.getResults().drop_front());
  return success();
}

LogicalResult BodyLowering::loop(decode::LoopOp op) {
  auto made = planir::WhileOp::create(builder, loc, i64s(op.getNumResults()),
                                      get(op.getInits()));
  if (failed(region(op.getRound(), made.getBefore())) ||
      failed(region(op.getAdvance(), made.getBody())))
    return failure();
  values.map(op.getResults(), made.getResults());
  return success();
}

LogicalResult BodyLowering::keeps(decode::KeepsOp op) {
  auto numbers = [&](int64_t value) { return number(value); };
  Value skipped = skippedBit(builder, loc, op.getLayer(), numbers);
  return set(op, binary(planir::ArithKind::Eq, skipped, number(0)));
}

//===-- exits -------------------------------------------------------------===//

LogicalResult BodyLowering::descend(decode::DescendOp op) {
  Block &block = op.getBody().front();
  auto drawn = cast<decode::DrawnOp>(block.getTerminator());
  auto body = [&](ValueRange arguments) -> FailureOr<SmallVector<Value>> {
    values.map(block.getArguments(), arguments);
    for (Operation &inner : block.without_terminator()) {
      loc = inner.getLoc();
      if (failed(lower(&inner)))
        return failure();
    }
    return get(drawn->getOperands());
  };
  auto draw = [&](ValueRange arguments) {
    values.map(block.getArguments().take_front(2), arguments);
    auto drawer = drawn.getToken().getDefiningOp<decode::SampleOp>();
    sample(drawer);
    return get(drawer);
  };
  auto numbers = [&](int64_t value) { return number(value); };
  auto lookUp = [&](Value value) { return get(value); };
  FailureOr<SmallVector<Value>> results =
      ExitLowering(builder, loc, {numbers, lookUp, body, draw}).descend(op);
  if (failed(results))
    return failure();
  values.map(op.getResults(), *results);
  return success();
}

void BodyLowering::measure(decode::MeasureOp op) {
  auto numbers = [&](int64_t value) { return number(value); };
  auto lookUp = [&](Value value) { return get(value); };
  ExitLowering(builder, loc, {numbers, lookUp, nullptr, nullptr}).measure(op);
}

//===-- feed-forward blocks -----------------------------------------------===//

LogicalResult BodyLowering::ffns(Operation *op) {
  auto numbers = [&](int64_t value) { return number(value); };
  auto lookUp = [&](Value value) { return get(value); };
  auto body = [&](Block &inner) { return block(inner); };
  return FfnLowering(builder, loc, {numbers, lookUp, body}).lower(op);
}

//===-- one op ------------------------------------------------------------===//

/// Ops of `decode` that stand for work.
LogicalResult BodyLowering::lowerWork(Operation *op) {
  Type i64 = builder.getI64Type();
  IntegerAttr start = builder.getI64IntegerAttr(0);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](decode::FeedOp feed) {
        planir::StoreI32Op::create(builder, loc, get(feed.getToken()),
                                   symbol(decode::kIdsBuffer), start);
        return success();
      })
      .Case([&](decode::ForwardOp inner) { return forward(inner); })
      .Case([&](decode::HeadOp head) {
        call(head.getFunctionAttr(),
             {get(head.getFirst()), get(head.getRows())});
        return success();
      })
      .Case([&](decode::DraftOp inner) { return draft(inner); })
      .Case([&](decode::KeepsOp inner) { return keeps(inner); })
      .Case<decode::FfnOp, decode::BeginFfnsOp, decode::SkippingOp>(
          [&](Operation *inner) { return ffns(inner); })
      .Case([&](decode::RetrieveOp inner) { return retrieve(inner); })
      .Case([&](decode::WaitingOp waiting) {
        return set(waiting, planir::WaitingOp::create(builder, loc, i64));
      })
      .Case([&](decode::ChooseDepthOp choose) {
        planir::ChooseDepthOp::create(builder, loc, get(choose.getPrefer()),
                                      symbol(decode::kSkippedBuffer));
        return success();
      })
      .Case([&](decode::MeasureOp inner) {
        measure(inner);
        return success();
      })
      .Case([&](decode::SampleOp inner) {
        sample(inner);
        return success();
      })
      .Case([&](decode::DecideOp inner) {
        decide(inner);
        return success();
      })
      .Case([&](decode::JudgeOp judge) {
        call(judge.getFunctionAttr(), {get(judge.getRows())});
        return success();
      })
      .Case([&](decode::RecycleOp recycle) {
        Value rows = get(recycle.getRows());
        call(recycle.getFunctionAttr(), {rows});
        planir::RecycleOp::create(builder, loc, rows,
                                  symbol(decode::kRankedBuffer));
        return success();
      })
      .Case([&](decode::SummarizeOp inner) {
        summarize(inner);
        return success();
      })
      .Case([&](decode::EmitOp emit) {
        return set(emit, planir::EmitTokenOp::create(builder, loc, i64,
                                                     get(emit.getToken())));
      })
      .Case([&](decode::EmitLogitsOp emit) {
        planir::EmitLogitsOp::create(builder, loc, get(emit.getRows()),
                                     symbol(decode::kLogitsBuffer), start);
        return success();
      })
      .Default([&](Operation *other) -> LogicalResult {
        return other->emitOpError("has no counterpart in a plan");
      });
}

/// Ops of `decode` that ask or change the state.
LogicalResult BodyLowering::lowerState(Operation *op) {
  Type i64 = builder.getI64Type();
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](decode::PrefillOp inner) { return prefill(inner); })
      .Case([&](decode::StepOp inner) { return step(inner); })
      .Case([&](decode::BatchOp inner) { return batch(inner); })
      .Case([&](decode::VerifyOp inner) { return verify(inner); })
      .Case([&](decode::DescendOp inner) { return descend(inner); })
      .Case([&](decode::CatchUpOp inner) { return catchUp(inner); })
      .Case([&](decode::CutBackOp inner) { return cutBack(inner); })
      .Case([&](decode::ReadInputOp inner) { return readInput(inner); })
      .Case([&](decode::AppendOp inner) {
        append(inner);
        return success();
      })
      .Case([&](decode::ChooseModelOp choose) {
        return set(choose, planir::ChooseModelOp::create(
                               builder, loc, i64, get(choose.getEntropy()),
                               get(choose.getBehind())));
      })
      .Case([&](decode::CommitOp commit) {
        if (auto batch = dyn_cast<decode::BatchOp>(commit->getParentOp())) {
          planir::CommitRowsOp::create(builder, loc, batch.getStateAttr());
          return success();
        }
        auto state =
            commit->getParentOp()->getAttrOfType<FlatSymbolRefAttr>("state");
        planir::CommitOp::create(builder, loc, state, get(commit.getCount()));
        return success();
      })
      .Case([&](decode::LengthOp length) {
        return set(length, planir::LengthOp::create(builder, loc, i64,
                                                    length.getStateAttr()));
      })
      .Case([&](decode::RoomOp room) {
        FlatSymbolRefAttr state = room.getStateAttr();
        Value capacity = planir::CapacityOp::create(builder, loc, i64, state);
        // Rows that wait are reserved; the token comes behind them.
        auto descend = room->getParentOfType<decode::DescendOp>();
        Value length = descend
                           ? get(descend.getBody().getArgument(1))
                           : planir::LengthOp::create(builder, loc, i64, state);
        return set(room, binary(planir::ArithKind::Sub, capacity, length));
      })
      .Default([&](Operation *other) { return lowerWork(other); });
}

LogicalResult BodyLowering::lower(Operation *op) {
  if (BinaryKind kind = kindOf(op))
    return set(op->getResult(0),
               binary(*kind, get(op->getOperand(0)), get(op->getOperand(1))));
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](arith::ConstantOp inner) { return constant(inner); })
      .Case([&](arith::CmpIOp inner) { return compare(inner); })
      .Case<arith::IndexCastOp, arith::ExtUIOp>([&](Operation *cast) {
        return set(cast->getResult(0), get(cast->getOperand(0)));
      })
      .Case([&](tile::LaunchOp inner) { return launch(inner); })
      .Case([&](tile::HalfOp half) {
        return set(half,
                   planir::HalfOp::create(builder, loc, builder.getI64Type(),
                                          half.getStateAttr()));
      })
      .Case([&](tile::UnplayedOp unplayed) {
        return set(unplayed, planir::UnplayedOp::create(
                                 builder, loc, builder.getI64Type(),
                                 unplayed.getStateAttr()));
      })
      .Case([&](scf::IfOp inner) { return branch(inner); })
      .Case([&](scf::ForOp inner) { return count(inner); })
      .Case([&](decode::LoopOp inner) { return loop(inner); })
      .Case([&](decode::StopOp stop) {
        Value more =
            binary(planir::ArithKind::Eq, get(stop.getWhen()), number(0));
        planir::ConditionOp::create(builder, loc, more, get(stop.getValues()));
        return success();
      })
      .Case<decode::NextOp, scf::YieldOp>([&](Operation *end) {
        planir::YieldOp::create(builder, loc, get(end->getOperands()));
        return success();
      })
      .Case<decode::ReturnOp, func::ReturnOp>([&](Operation *end) {
        planir::ReturnOp::create(builder, loc, get(end->getOperands()));
        return success();
      })
      .Default([&](Operation *other) { return lowerState(other); });
}

//===-- functions ---------------------------------------------------------===//

LogicalResult sinter::lowerFunction(func::FuncOp function, OpBuilder &builder) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("is neither a region nor a launch list of one "
                                "block");
  auto made = planir::FuncOp::create(
      builder, function.getLoc(), function.getSymName(),
      toRefs(parameterNames(function)), function.getNumResults());
  return BodyLowering(made).run(function.getBody().front());
}

LogicalResult sinter::lowerProgram(decode::ProgramOp program,
                                   OpBuilder &builder) {
  auto names =
      llvm::to_vector(program.getParams().getAsValueRange<StringAttr>());
  auto made =
      planir::FuncOp::create(builder, program.getLoc(), program.getSymName(),
                             names, program.getNumResults());
  return BodyLowering(made).run(program.getBody().front());
}
