// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// plan.func and the ops that shape its control flow.

#include "dialects/Plan/PlanOps.h"

using namespace mlir;
using namespace sinter::planir;

//===-- plan.func ---------------------------------------------------------===//

/// How deep if and while nest below `op`.
static unsigned depthOf(Operation *op) {
  unsigned depth = 0;
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Operation &inner : block)
        if (isa<IfOp, WhileOp>(inner))
          depth = std::max(depth, 1 + depthOf(&inner));
  return depth;
}

LogicalResult FuncOp::verifyRegions() {
  if (!isa<ReturnOp>(getBody().front().getTerminator()))
    return emitOpError("must end in plan.return");
  unsigned depth = depthOf(*this);
  if (depth > kMaxDepth)
    return emitOpError("nests control flow ")
           << depth << " deep; a plan holds " << kMaxDepth;
  return success();
}

LogicalResult ReturnOp::verify() {
  unsigned wanted =
      cast<FuncOp>((*this)->getParentOp()).getResultTypes().size();
  if (getValues().size() != wanted)
    return emitOpError("gives ")
           << getValues().size() << " values where the function has " << wanted
           << " results";
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto callee =
      tables.lookupNearestSymbolFrom<FuncOp>(*this, getFunctionAttr());
  if (!callee)
    return emitOpError("no plan.func named '") << getFunction() << "'";
  if (callee.getArgumentTypes().size() != getArgs().size() ||
      callee.getResultTypes().size() != getResults().size())
    return emitOpError("passes ")
           << getArgs().size() << " and expects " << getResults().size()
           << " values; '" << getFunction() << "' takes "
           << callee.getArgumentTypes().size() << " and gives "
           << callee.getResultTypes().size();
  return success();
}

//===-- control flow ------------------------------------------------------===//

LogicalResult IfOp::verify() {
  for (Region *region : getRegions()) {
    if (region->empty()) {
      if (getNumResults() != 0)
        return emitOpError("with results needs an else block");
      continue;
    }
    auto yield = dyn_cast<YieldOp>(region->front().getTerminator());
    if (!yield)
      return emitOpError("blocks must end in plan.yield");
    if (yield.getValues().size() != getNumResults())
      return emitOpError("has ")
             << getNumResults() << " results but a block yields "
             << yield.getValues().size();
  }
  return success();
}

LogicalResult WhileOp::verify() {
  auto condition = dyn_cast<ConditionOp>(getBefore().front().getTerminator());
  if (!condition)
    return emitOpError("first block must end in plan.condition");
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield)
    return emitOpError("body must end in plan.yield");
  if (getBefore().getNumArguments() != getInits().size() ||
      yield.getValues().size() != getInits().size())
    return emitOpError("carries ")
           << getInits().size() << " values; the first block takes "
           << getBefore().getNumArguments() << " and the body yields "
           << yield.getValues().size();
  if (getBody().getNumArguments() != condition.getValues().size() ||
      getNumResults() != condition.getValues().size())
    return emitOpError("condition passes ")
           << condition.getValues().size() << " values; the body takes "
           << getBody().getNumArguments() << " and there are "
           << getNumResults() << " results";
  for (Region *region : getRegions())
    for (BlockArgument argument : region->getArguments())
      if (!argument.getType().isInteger(64))
        return emitOpError("carries i64 only, not ") << argument.getType();
  return success();
}
