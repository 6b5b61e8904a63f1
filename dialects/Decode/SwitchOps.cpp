// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two models that write one text in turns.

#include "dialects/Decode/DecodeOps.h"
#include "dialects/Decode/ProgramWalk.h"

using namespace mlir;
using namespace sinter::decode;

LogicalResult ModelSwitchOp::verify() {
  // Written so that no number is refused, too.
  if (!(getThreshold().convertToFloat() >= 0))
    return emitOpError("has a threshold of ")
           << getThreshold().convertToFloat() << " bits, expected 0 or more";
  if (getWindow() > kMostTokens)
    return emitOpError("has a window of ")
           << getWindow() << " rows, expected at most " << kMostTokens;
  if (getLeast() > INT32_MAX)
    return emitOpError("lets a model write ")
           << getLeast() << " tokens at least, expected at most " << INT32_MAX;
  return success();
}

bool sinter::decode::isText(Operation *op) {
  return op && op->getName().getStringRef() == "tile.text";
}

static LogicalResult verifyText(Operation *op, FlatSymbolRefAttr name,
                                SymbolTableCollection &tables) {
  if (isText(tables.lookupNearestSymbolFrom(op, name)))
    return success();
  return op->emitOpError("no text named '") << name.getValue() << "'";
}
LogicalResult ReadInputOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyText(*this, getTextAttr(), tables);
}
LogicalResult AppendOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyText(*this, getTextAttr(), tables);
}
LogicalResult ChooseModelOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (tables.lookupNearestSymbolFrom<ModelSwitchOp>(*this, getPolicyAttr()))
    return success();
  return emitOpError("no decode.model_switch named '") << getPolicy() << "'";
}

/// What models say came before it.
LogicalResult Walk::grow(Operation *op, Facts &facts) {
  if (reserved)
    return refuse(op, "changes the text while rows are reserved");
  facts.hidden = facts.logits = false;
  return success();
}

/// The body runs once a chunk, or never.
LogicalResult Walk::readInput(ReadInputOp op, Facts &facts) {
  if (failed(grow(op, facts)))
    return failure();
  if (op.getBody().empty())
    return success();
  Facts before = facts;
  if (failed(loop(facts, [&](Facts &inside) {
        inside.hidden = inside.logits = false;
        return block(op.getBody().front(), inside);
      })))
    return failure();
  facts = facts.meet(before);
  return success();
}

/// Whether a state holds what a program says: up to the end of the text, as it
/// is now.
LogicalResult Walk::followsText(CatchUpOp op) {
  auto length = op.getTo().getDefiningOp<LengthOp>();
  if (!length || !isText(SymbolTable::lookupNearestSymbolFrom(
                     length, length.getStateAttr())))
    return refuse(op, "must stand in the body of a decode.draft, or go to the "
                      "decode.length of a text");
  Operation *at = length;
  while (at && at != op && !isa<ReadInputOp, AppendOp>(at))
    at = at->getNextNode();
  if (at == op)
    return success();
  return refuse(op, "goes to the decode.length of a text that has grown since, "
                    "or of another block");
}
