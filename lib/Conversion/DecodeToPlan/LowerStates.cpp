// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs over states: prompts, steps and batches, and what follows them.

#include "lib/Conversion/DecodeToPlan/BodyLowering.h"

using namespace mlir;
using namespace sinter;

/// while (rows = take_input(chunk)) { reserve; body; commit }
LogicalResult BodyLowering::prefill(decode::PrefillOp op) {
  auto made =
      planir::WhileOp::create(builder, loc, i64s(2), ValueRange{number(0)});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), 1);
  Value rows = planir::TakeInputOp::create(
      builder, loc, builder.getI64Type(), get(op.getChunk()),
      symbol(decode::kIdsBuffer), builder.getI64IntegerAttr(0));
  planir::ConditionOp::create(builder, loc, rows,
                              ValueRange{rows, before->getArgument(0)});
  Block *body = newBlock(made.getBody(), 2);
  Value taken = body->getArgument(0);
  Value position = planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                            op.getStateAttr());
  planir::ReserveOp::create(builder, loc, op.getStateAttr(), taken);
  values.map(op.getBody().getArgument(0), taken);
  values.map(op.getBody().getArgument(1), position);
  if (failed(block(op.getBody().front())))
    return failure();
  planir::YieldOp::create(builder, loc, taken);
  return set(op.getLast(), made.getResult(1));
}

/// while (rows = take_input(chunk)) { reserve; commit; body }
LogicalResult BodyLowering::readInput(decode::ReadInputOp op) {
  Type i64 = builder.getI64Type();
  auto made =
      planir::WhileOp::create(builder, loc, i64s(2), ValueRange{number(0)});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), 1);
  Value rows = planir::TakeInputOp::create(
      builder, loc, i64, get(op.getChunk()), symbol(decode::kIdsBuffer),
      builder.getI64IntegerAttr(0));
  planir::ConditionOp::create(builder, loc, rows,
                              ValueRange{rows, before->getArgument(0)});
  Block *body = newBlock(made.getBody(), 2);
  Value taken = body->getArgument(0);
  planir::ReserveOp::create(builder, loc, op.getTextAttr(), taken);
  planir::CommitOp::create(builder, loc, op.getTextAttr(), taken);
  if (!op.getBody().empty() && failed(block(op.getBody().front())))
    return failure();
  planir::YieldOp::create(
      builder, loc,
      binary(planir::ArithKind::Add, body->getArgument(1), taken));
  return set(op.getCount(), made.getResult(1));
}

/// The place of row 0 is free: no rows are reserved.
void BodyLowering::append(decode::AppendOp op) {
  planir::StoreI32Op::create(builder, loc, get(op.getToken()),
                             symbol(decode::kIdsBuffer),
                             builder.getI64IntegerAttr(0));
  planir::ReserveOp::create(builder, loc, op.getTextAttr(), number(1));
  planir::CommitOp::create(builder, loc, op.getTextAttr(), number(1));
}

/// Rows of a tree get room, and places that the host chooses.
void BodyLowering::placeTree(decode::StepOp op) {
  auto placed = planir::PlaceDraftOp::create(
      builder, loc, builder.getI64Type(), builder.getI64Type(),
      op.getStateAttr(), symbol(decode::kRunsBuffer),
      builder.getI64IntegerAttr(0));
  values.map(op.getBody().getArguments(), placed.getResults());
}

LogicalResult BodyLowering::step(decode::StepOp op) {
  if (op.getTree()) {
    placeTree(op);
    return stepBody(op);
  }
  Value position = planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                            op.getStateAttr());
  planir::ReserveOp::create(builder, loc, op.getStateAttr(), get(op.getRows()));
  values.map(op.getBody().getArgument(0), position);
  return stepBody(op);
}

LogicalResult BodyLowering::stepBody(decode::StepOp op) {
  if (failed(block(op.getBody().front())))
    return failure();
  auto commit = cast<decode::CommitOp>(op.getBody().front().getTerminator());
  values.map(op.getResults(), get(commit.getValues()));
  return success();
}

/// while (rows = min(to - length, chunk) > 0) { reserve; body; commit }
LogicalResult BodyLowering::catchUp(decode::CatchUpOp op) {
  auto made =
      planir::WhileOp::create(builder, loc, i64s(3), ValueRange{number(0)});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), 1);
  Value length = planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                          op.getStateAttr());
  Value rows = binary(planir::ArithKind::Min,
                      binary(planir::ArithKind::Sub, get(op.getTo()), length),
                      get(op.getChunk()));
  Value more = binary(planir::ArithKind::Lt, number(0), rows);
  planir::ConditionOp::create(builder, loc, more,
                              ValueRange{rows, length, before->getArgument(0)});
  Block *body = newBlock(made.getBody(), 3);
  planir::ReserveOp::create(builder, loc, op.getStateAttr(),
                            body->getArgument(0));
  values.map(op.getBody().getArguments(), body->getArguments().take_front(2));
  if (failed(block(op.getBody().front())))
    return failure();
  planir::YieldOp::create(builder, loc, body->getArgument(0));
  return set(op.getLast(), made.getResult(2));
}

/// take_rows; reserve_rows; body; commit_rows
LogicalResult BodyLowering::batch(decode::BatchOp op) {
  auto rows = planir::TakeRowsOp::create(builder, loc, i64s(3),
                                         symbol(decode::kRunsBuffer),
                                         builder.getI64IntegerAttr(0));
  planir::ReserveRowsOp::create(builder, loc, op.getStateAttr());
  values.map(op.getBody().getArguments(), rows.getResults());
  return block(op.getBody().front());
}

/// A function that takes no runs computes one sequence, as one that gets none.
LogicalResult BodyLowering::forward(decode::ForwardOp op) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<FunctionOpInterface>(
      op, op.getFunctionAttr());
  SmallVector<Value> arguments = {
      get(op.getRows()), op.getPosition() ? get(op.getPosition()) : number(0)};
  if (callee.getNumArguments() == 3)
    arguments.push_back(op.getRuns() ? get(op.getRuns()) : number(0));
  call(op.getFunctionAttr(), arguments);
  return success();
}
