// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Decode/DecodeOps.h"
#include "dialects/Common/NumberFunction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace sinter::decode;

#include "dialects/Decode/DecodeDialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Decode/DecodeOps.cpp.inc"

void DecodeDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Decode/DecodeOps.cpp.inc"
      >();
}

//===-- decode.program ----------------------------------------------------===//

LogicalResult ProgramOp::verifyRegions() {
  if (!isa<ReturnOp>(getBody().front().getTerminator()))
    return emitOpError("must end in decode.return");
  return verifyFlow(*this);
}

LogicalResult ReturnOp::verify() {
  unsigned wanted =
      cast<ProgramOp>((*this)->getParentOp()).getResultTypes().size();
  if (getValues().size() != wanted)
    return emitOpError("gives ")
           << getValues().size() << " values where the program has " << wanted
           << " results";
  return success();
}

//===-- control flow and state --------------------------------------------===//

LogicalResult LoopOp::verify() {
  auto stop = dyn_cast<StopOp>(getRound().front().getTerminator());
  if (!stop)
    return emitOpError("round must end in decode.stop");
  auto next = dyn_cast<NextOp>(getAdvance().front().getTerminator());
  if (!next)
    return emitOpError("second block must end in decode.next");
  if (getRound().getNumArguments() != getInits().size() ||
      next.getValues().size() != getInits().size())
    return emitOpError("carries ")
           << getInits().size() << " values; the round takes "
           << getRound().getNumArguments() << " and decode.next gives "
           << next.getValues().size();
  if (getAdvance().getNumArguments() != stop.getValues().size() ||
      getNumResults() != stop.getValues().size())
    return emitOpError("stop passes ")
           << stop.getValues().size() << " values; the second block takes "
           << getAdvance().getNumArguments() << " and there are "
           << getNumResults() << " results";
  for (Region *region : getRegions())
    for (BlockArgument argument : region->getArguments())
      if (!argument.getType().isInteger(64))
        return emitOpError("carries i64 only, not ") << argument.getType();
  return success();
}

/// Body of decode.step, decode.prefill and decode.batch: `arguments` i64, and a
/// commit.
static LogicalResult verifyBody(Operation *op, Region &body,
                                unsigned arguments) {
  if (body.getNumArguments() != arguments ||
      !llvm::all_of(body.getArgumentTypes(),
                    [](Type type) { return type.isInteger(64); }))
    return op->emitOpError("body takes ") << arguments << " i64 values";
  if (!isa<CommitOp>(body.front().getTerminator()))
    return op->emitOpError("reserves rows that no decode.commit ends");
  return success();
}

LogicalResult PrefillOp::verify() { return verifyBody(*this, getBody(), 2); }
LogicalResult StepOp::verify() { return verifyBody(*this, getBody(), 1); }

LogicalResult BatchOp::verify() {
  if (failed(verifyBody(*this, getBody(), 3)))
    return failure();
  auto commit = cast<CommitOp>(getBody().front().getTerminator());
  if (commit.getCount() != getBody().getArgument(0))
    return emitOpError("keeps all of its rows or none");
  return success();
}

LogicalResult ForwardOp::verify() {
  if (!getPosition() == !getRuns())
    return emitOpError("needs the position of its first row, or runs");
  return success();
}

//===-- symbols -----------------------------------------------------------===//

/// States are declared by the level below (`tile.state`, later `plan.state`).
static LogicalResult verifyState(Operation *op, FlatSymbolRefAttr state,
                                 SymbolTableCollection &tables) {
  Operation *found = tables.lookupNearestSymbolFrom(op, state);
  if (found && found->getName().stripDialect() == "state")
    return success();
  return op->emitOpError("no state named '") << state.getValue() << "'";
}

LogicalResult PrefillOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, getStateAttr(), tables);
}
LogicalResult StepOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, getStateAttr(), tables);
}
LogicalResult BatchOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, getStateAttr(), tables);
}
LogicalResult LengthOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, getStateAttr(), tables);
}
LogicalResult RoomOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, getStateAttr(), tables);
}

static LogicalResult verifyFunction(Operation *op, FlatSymbolRefAttr name,
                                    unsigned arguments,
                                    SymbolTableCollection &tables) {
  auto function = tables.lookupNearestSymbolFrom<FunctionOpInterface>(op, name);
  if (!function)
    return op->emitOpError("no function named '") << name.getValue() << "'";
  if (function.getNumArguments() != arguments || function.getNumResults() != 0)
    return op->emitOpError("passes ")
           << arguments << " values; '" << name.getValue() << "' takes "
           << function.getNumArguments() << " and gives "
           << function.getNumResults();
  return success();
}

static bool takesRuns(ForwardOp op, SymbolTableCollection &tables) {
  auto function = tables.lookupNearestSymbolFrom<FunctionOpInterface>(
      op, op.getFunctionAttr());
  return function && function.getNumArguments() == 3;
}
LogicalResult ForwardOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyFunction(*this, getFunctionAttr(),
                        getRuns() || takesRuns(*this, tables) ? 3 : 2, tables);
}
LogicalResult HeadOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyFunction(*this, getFunctionAttr(), 2, tables);
}
LogicalResult SampleOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyFunction(*this, getFunctionAttr(), getArgs().size(), tables);
}
