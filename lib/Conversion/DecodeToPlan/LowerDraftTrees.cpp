// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Drafts of a model that are trees.

#include "lib/Conversion/DecodeToPlan/BodyLowering.h"

using namespace mlir;
using namespace sinter;

/// while (position, agreed, rows = expand; position >= 0)
///   { truncate the state to what agrees; body; propose }
LogicalResult BodyLowering::draftTree(decode::DraftOp op) {
  auto drafter = SymbolTable::lookupNearestSymbolFrom<decode::DrafterOp>(
      op, op.getDrafterAttr());
  FlatSymbolRefAttr state = drafter.getStateAttr();
  Type i64 = builder.getI64Type();
  auto made =
      planir::WhileOp::create(builder, loc, i64s(3), ValueRange{number(0)});
  OpBuilder::InsertionGuard guard(builder);
  newBlock(made.getBefore(), 1);
  auto expand = planir::ExpandOp::create(builder, loc, i64, i64, i64, state);
  Value goesOn = binary(planir::ArithKind::Le, number(0), expand.getPosition());
  planir::ConditionOp::create(builder, loc, goesOn, expand.getResults());
  Block *again = newBlock(made.getBody(), 3);
  Value own = planir::LengthOp::create(builder, loc, i64, state);
  planir::TruncateOp::create(
      builder, loc, state,
      binary(planir::ArithKind::Min, own, again->getArgument(1)));
  Block &body = op.getBody().front();
  values.map(body.getArgument(0), again->getArgument(0));
  for (Operation &inner : body.without_terminator()) {
    loc = inner.getLoc();
    if (failed(lower(&inner)))
      return failure();
  }
  auto propose = cast<decode::ProposeBestOp>(body.getTerminator());
  SmallVector<Value> arguments = {get(propose.getRow())};
  llvm::append_range(arguments, get(propose.getArgs()));
  call(propose.getFunctionAttr(), arguments);
  planir::ProposeBestOp::create(builder, loc, symbol(decode::kBestBuffer));
  planir::YieldOp::create(builder, loc, number(0));
  builder.setInsertionPointAfter(made);
  return set(op, made.getResult(2));
}

/// Whether trees are drafted in a state: what it holds may be another path than
/// the one that was kept.
static bool holdsTrees(Operation *op, FlatSymbolRefAttr state) {
  auto drafters = op->getParentOfType<ModuleOp>().getOps<decode::DrafterOp>();
  return llvm::any_of(drafters, [&](decode::DrafterOp drafter) {
    return drafter.getBranches() > 0 && drafter.getStateAttr() == state;
  });
}

LogicalResult BodyLowering::cutBack(decode::CutBackOp op) {
  Type i64 = builder.getI64Type();
  FlatSymbolRefAttr state = op.getStateAttr();
  Value own = planir::LengthOp::create(builder, loc, i64, state);
  Value kept = planir::LengthOp::create(builder, loc, i64, op.getToAttr());
  if (holdsTrees(op, state))
    kept = binary(planir::ArithKind::Min, kept,
                  planir::AgreedOp::create(builder, loc, i64));
  planir::TruncateOp::create(builder, loc, state,
                             binary(planir::ArithKind::Min, own, kept));
  return success();
}
