// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depths that are looked up: a loop over the ids that wait, and what the store
// says of their key.

#include "lib/Conversion/DecodeToPlan/BodyLowering.h"

using namespace mlir;
using namespace sinter;
using planir::ArithKind;

void sinter::lowerRetrieval(decode::RetrievalOp op, OpBuilder &builder) {
  MLIRContext *context = builder.getContext();
  auto symbol = [&](StringRef name) {
    return FlatSymbolRefAttr::get(context, name);
  };
  auto module = op->getParentOfType<ModuleOp>();
  auto key = module.lookupSymbol<tile::BufferOp>(decode::kKeyBuffer);
  bool any = op.getEntries() > 0;
  planir::RetrievalOp::create(
      builder, op.getLoc(), builder.getI64IntegerAttr(key.getBytes() / 4),
      op.getEntriesAttr(), op.getNearestAttr(), op.getSimilarAttr(),
      op.getKeepAttr(), symbol(decode::kKeyBuffer),
      symbol(decode::kChoiceBuffer),
      any ? symbol(tile::kRetrievalKeys) : FlatSymbolRefAttr(),
      any ? symbol(tile::kRetrievalLaws) : FlatSymbolRefAttr());
}

/// at = 0; while (rows = peek_input(max, at)) { pools(rows, at); at += rows }
void BodyLowering::pool(decode::RetrieveOp op, FlatSymbolRefAttr pools) {
  auto made =
      planir::WhileOp::create(builder, loc, i64s(2), ValueRange{number(0)});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), 1);
  Value at = before->getArgument(0);
  Value rows = planir::PeekInputOp::create(builder, loc, builder.getI64Type(),
                                           get(op.getRows()), at,
                                           symbol(decode::kIdsBuffer));
  planir::ConditionOp::create(builder, loc, rows, ValueRange{rows, at});
  Block *body = newBlock(made.getBody(), 2);
  call(pools, body->getArguments());
  planir::YieldOp::create(
      builder, loc,
      binary(ArithKind::Add, body->getArgument(0), body->getArgument(1)));
}

/// nearest = depth = 0; if (empty) { pool; vote }
/// number = (similar <= nearest) * depth
LogicalResult BodyLowering::retrieve(decode::RetrieveOp op) {
  auto store = SymbolTable::lookupNearestSymbolFrom<decode::RetrievalOp>(
      op, op.getStoreAttr());
  Type i64 = builder.getI64Type();
  FlatSymbolRefAttr words = symbol(decode::kChoiceBuffer);
  IntegerAttr nearest = builder.getI64IntegerAttr(0),
              depth = builder.getI64IntegerAttr(decode::kChoiceOffset);
  Value zero = number(0);
  for (IntegerAttr word : {nearest, depth})
    planir::StoreI32Op::create(builder, loc, zero, words, word);
  Value length = planir::LengthOp::create(builder, loc, i64, op.getStateAttr());
  auto made = planir::IfOp::create(builder, loc, TypeRange(),
                                   binary(ArithKind::Eq, length, zero));
  {
    OpBuilder::InsertionGuard guard(builder);
    newBlock(made.getThenBlock(), 0);
    pool(op, store.getPoolsAttr());
    if (store.getVotes())
      call(store.getVotesAttr(), {});
    planir::YieldOp::create(builder, loc);
  }
  // Cosines and their bound are not negative: their bits have their order.
  APInt bound = store.getSimilar().bitcastToAPInt();
  Value isNear =
      binary(ArithKind::Le, number(int64_t(bound.getZExtValue())),
             planir::LoadI32Op::create(builder, loc, i64, words, nearest));
  return set(
      op, binary(ArithKind::Mul, isNear,
                 planir::LoadI32Op::create(builder, loc, i64, words, depth)));
}
