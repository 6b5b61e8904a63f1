// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Decode/DecodeOps.h"
#include "dialects/Common/CostTable.h"
#include "dialects/Common/NumberFunction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace sinter::decode;

#include "dialects/Decode/DecodeDialect.cpp.inc"
#include "dialects/Decode/DecodeEnums.cpp.inc"
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

LogicalResult StepOp::verify() {
  if (failed(verifyBody(*this, getBody(), getTree() ? 2 : 1)))
    return failure();
  auto commit = cast<CommitOp>(getBody().front().getTerminator());
  if (getTree() && !matchPattern(commit.getCount(), m_Zero()))
    return commit.emitOpError("keeps rows of a tree, which decode.verify does: "
                              "it takes 0");
  if (commit.getValues().getTypes() != getResults().getTypes())
    return emitOpError("has ")
           << getNumResults() << " results; its decode.commit gives "
           << commit.getValues().size() << " values, or other types";
  return success();
}

//===-- drafts ------------------------------------------------------------===//

/// Policies that look at each id need a model, and numbers.
static LogicalResult verifyPolicy(DrafterOp op) {
  PolicyKind policy = op.getPolicy();
  if (looksAtIds(policy) && op.getKind() != DrafterKind::Model)
    return op.emitOpError("of kind ")
           << stringifyDrafterKind(op.getKind()) << " has no rows that policy "
           << stringifyPolicyKind(policy) << " could look at";
  size_t wanted = policy == PolicyKind::Entropy ? 3
                  : policy == PolicyKind::Disco ? 5
                                                : 0;
  size_t given = op.getSettings() ? op.getSettings()->size() : 0;
  if (given != wanted)
    return op.emitOpError("has ")
           << given << " settings; policy " << stringifyPolicyKind(policy)
           << " takes " << wanted;
  return success();
}

LogicalResult DrafterOp::verify() {
  bool merges = getKind() == DrafterKind::Merge;
  bool combines = merges || getKind() == DrafterKind::Priority ||
                  getKind() == DrafterKind::Bandit;
  bool asksModel = getKind() == DrafterKind::Model;
  if (combines != (getParts() && !getParts()->empty()))
    return emitOpError("of kind ")
           << stringifyDrafterKind(getKind())
           << (combines ? " needs parts" : " has no parts");
  if (asksModel != getState().has_value())
    return emitOpError("of kind ")
           << stringifyDrafterKind(getKind())
           << (asksModel ? " needs the state of its model" : " has no state");
  if (getBranches() != 0 && !merges && !asksModel)
    return emitOpError("of kind ")
           << stringifyDrafterKind(getKind()) << " makes chains, no branches";
  if (getBranches() != 0 && looksAtIds(getPolicy()))
    return emitOpError("has branches; policy ")
           << stringifyPolicyKind(getPolicy()) << " ends a chain";
  if (getBranches() >= getMaxDraft() && getBranches() != 0)
    return emitOpError("has ")
           << getBranches() << " branches, but no more than " << getMaxDraft()
           << " ids";
  bool matches =
      getKind() == DrafterKind::Copy || getKind() == DrafterKind::Lookup;
  if (!matches ? getMaxMatch() != 0
               : getMinMatch() == 0 || getMinMatch() > getMaxMatch())
    return emitOpError("matches ")
           << getMinMatch() << " to " << getMaxMatch() << " ids";
  return verifyPolicy(*this);
}

LogicalResult DraftOp::verify() {
  if (getBody().empty() != !getAfter())
    return emitOpError("has a body where a model drafts after a state");
  if (getBody().empty())
    return success();
  if (getBody().getNumArguments() != 1 ||
      !getBody().getArgument(0).getType().isInteger(64))
    return emitOpError("body takes the position of the id, an i64");
  if (!isa<ProposeOp, ProposeBestOp>(getBody().front().getTerminator()))
    return emitOpError("body must end in decode.propose or "
                       "decode.propose_best");
  return success();
}

LogicalResult CatchUpOp::verify() {
  if (failed(verifyBody(*this, getBody(), 2)))
    return failure();
  auto commit = cast<CommitOp>(getBody().front().getTerminator());
  if (commit.getCount() != getBody().getArgument(0))
    return emitOpError("keeps all of its rows");
  return success();
}

/// What makes a rule what it is: where its tokens come from.
static LogicalResult verifyDrawn(VerifyOp op, AcceptOp accept) {
  Value row = op.getBody().getArgument(0);
  Operation *drawn = accept.getToken().getDefiningOp();
  if (drawn && drawn->getParentOp() != op)
    drawn = nullptr;
  if (op.getRule() == RuleKind::Exact) {
    auto sample = dyn_cast_or_null<SampleOp>(drawn);
    if (sample && sample.getRow() == row)
      return success();
    return accept.emitOpError("rule exact accepts what decode.sample draws "
                              "from the row at hand, in the same body");
  }
  auto decide = dyn_cast_or_null<DecideOp>(drawn);
  if (decide && decide.getRow() == row && decide.getRule() == op.getRule())
    return success();
  return accept.emitOpError("rule ")
         << stringifyRuleKind(op.getRule())
         << " accepts what a decode.decide of that rule says of the row at "
            "hand, in the same body";
}

LogicalResult DecideOp::verify() {
  if (getRule() == RuleKind::Exact)
    return emitOpError("of rule exact is a decode.sample");
  if (!isa<VerifyOp>((*this)->getParentOp()))
    return emitOpError("stands in no decode.verify, which follows the draft");
  return success();
}

LogicalResult ProposeOp::verify() {
  if (!getGiven().empty() && getGiven().size() != 3)
    return emitOpError("is given ")
           << getGiven().size() << " numbers; decode.summarize says three";
  return success();
}

LogicalResult VerifyOp::verify() {
  auto accept = dyn_cast<AcceptOp>(getBody().front().getTerminator());
  if (!accept)
    return emitOpError("body must end in decode.accept");
  if (getBody().getNumArguments() != 2 + getInits().size() ||
      accept.getCarried().size() != getInits().size() ||
      getCarried().size() != getInits().size())
    return emitOpError("carries ")
           << getInits().size()
           << " values; the body takes row, position and those, and "
              "decode.accept gives "
           << accept.getCarried().size();
  for (Type type : getBody().getArgumentTypes())
    if (!type.isInteger(64))
      return emitOpError("carries i64 only, not ") << type;
  if (failed(verifyDrawn(*this, accept)))
    return failure();
  if (!isa<StepOp>((*this)->getParentOp()))
    return emitOpError("must stand in a decode.step: it keeps reserved rows");
  if ((*this)->getParentOfType<StepOp>().getStateAttr() != getStateAttr())
    return emitOpError("keeps rows of '")
           << getState() << "', which its decode.step does not reserve";
  return success();
}

LogicalResult BatchOp::verify() {
  if (failed(verifyBody(*this, getBody(), 3)))
    return failure();
  auto commit = cast<CommitOp>(getBody().front().getTerminator());
  if (commit.getCount() != getBody().getArgument(0))
    return emitOpError("keeps all of its rows or none");
  return success();
}

LogicalResult ForwardOp::verify() {
  if (!getPosition() && !getRuns())
    return emitOpError("needs the position of its first row, or runs");
  return success();
}
