// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What ops of the dialect expect of the states, drafters and functions that
// they name.

#include "dialects/Decode/ProgramWalk.h"
#include "dialects/Tile/VerifyRule.h"

using namespace mlir;
using namespace sinter::decode;

static constexpr llvm::StringLiteral kRecurrence = "recurrence";

/// The text that all models of a plan follow; null: its first state leads.
static Operation *textOf(Operation *op) {
  for (Operation &other : *op->getParentOfType<ModuleOp>().getBody())
    if (isText(&other))
      return &other;
  return nullptr;
}

/// States are declared by the level below (`tile.state`, later `plan.state`).
static LogicalResult verifyState(Operation *op, FlatSymbolRefAttr state,
                                 SymbolTableCollection &tables) {
  Operation *found = tables.lookupNearestSymbolFrom(op, state);
  if (found && (found->getName().stripDialect() == "state" ||
                found->getName().stripDialect() == kRecurrence))
    return success();
  return op->emitOpError("no state named '") << state.getValue() << "'";
}

/// What positions have become part of cannot be had without them again.
static bool isRecurrent(Operation *op, FlatSymbolRefAttr state,
                        SymbolTableCollection &tables) {
  Operation *found = tables.lookupNearestSymbolFrom(op, state);
  return found && found->getName().stripDialect() == kRecurrence;
}

/// The state whose pages a view has; null: it has pages of its own.
static FlatSymbolRefAttr viewOf(Operation *op, FlatSymbolRefAttr state,
                                SymbolTableCollection &tables) {
  Operation *found = tables.lookupNearestSymbolFrom(op, state);
  return found ? found->getAttrOfType<FlatSymbolRefAttr>("of")
               : FlatSymbolRefAttr();
}

/// Rows of a view are only drafted, and ids of rows become part of the text by
/// the state that leads.
static LogicalResult verifyOwnPages(Operation *op, FlatSymbolRefAttr state,
                                    SymbolTableCollection &tables) {
  if (Operation *text = textOf(op))
    return op->emitOpError("commits rows of '")
           << state.getValue() << "', which follows the text '"
           << SymbolTable::getSymbolName(text).getValue()
           << "': decode.catch_up reads it";
  if (auto leader = viewOf(op, state, tables))
    return op->emitOpError("commits rows of '")
           << state.getValue() << "', a view of '" << leader.getValue()
           << "', where rows are only drafted";
  return verifyState(op, state, tables);
}

LogicalResult PrefillOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyOwnPages(*this, getStateAttr(), tables);
}
LogicalResult StepOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyOwnPages(*this, getStateAttr(), tables);
}
LogicalResult BatchOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (isRecurrent(*this, getStateAttr(), tables))
    return emitOpError("takes rows of several sessions; the state '")
           << getState() << "' is recurrent and plays rows of one";
  return verifyOwnPages(*this, getStateAttr(), tables);
}
static LogicalResult verifyPositions(Operation *op, FlatSymbolRefAttr state,
                                     SymbolTableCollection &tables) {
  return isText(tables.lookupNearestSymbolFrom(op, state))
             ? success()
             : verifyState(op, state, tables);
}
LogicalResult LengthOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyPositions(*this, getStateAttr(), tables);
}
LogicalResult RoomOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyPositions(*this, getStateAttr(), tables);
}

static LogicalResult verifyDrafter(Operation *op, FlatSymbolRefAttr name,
                                   SymbolTableCollection &tables) {
  if (tables.lookupNearestSymbolFrom<DrafterOp>(op, name))
    return success();
  return op->emitOpError("no decode.drafter named '") << name.getValue() << "'";
}
LogicalResult DrafterOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (getStateAttr() && failed(verifyState(*this, getStateAttr(), tables)))
    return failure();
  if (!getParts())
    return success();
  for (auto part : getParts()->getAsRange<FlatSymbolRefAttr>()) {
    if (failed(verifyDrafter(*this, part, tables)))
      return failure();
    auto drafter = tables.lookupNearestSymbolFrom<DrafterOp>(*this, part);
    if (!drafter->isBeforeInBlock(*this))
      return emitOpError("has the part '")
             << part.getValue() << "', which must be declared before";
    if (getKind() != DrafterKind::Bandit &&
        (drafter.getKind() == DrafterKind::Model ||
         drafter.getKind() == DrafterKind::Heads))
      return emitOpError("has the part '")
             << part.getValue() << "', "
             << (drafter.getKind() == DrafterKind::Model ? "a model" : "heads")
             << ", which a 'decode.draft' of its own must ask";
  }
  return success();
}
/// A chain grows by one id at a time, a tree by several. A chain is given what
/// its policy looks at.
static LogicalResult verifyProposal(DrafterOp drafter, Operation *end) {
  const bool branches = drafter.getBranches() > 0;
  if (branches != isa<ProposeBestOp>(end))
    return end->emitOpError("proposes ")
           << (branches ? "one id" : "several ids") << ", but '"
           << drafter.getSymName() << "' makes "
           << (branches ? "trees" : "chains");
  auto propose = dyn_cast<ProposeOp>(end);
  if (propose && looksAtIds(drafter.getPolicy()) && propose.getGiven().empty())
    return propose.emitOpError("is given nothing that policy ")
           << stringifyPolicyKind(drafter.getPolicy()) << " could look at";
  return success();
}

/// A model drafts in a body of its own, which writes the drafter's state.
LogicalResult DraftOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyDrafter(*this, getDrafterAttr(), tables)))
    return failure();
  auto drafter =
      tables.lookupNearestSymbolFrom<DrafterOp>(*this, getDrafterAttr());
  bool asksModel = drafter.getKind() == DrafterKind::Model;
  bool asks = asksModel || drafter.getKind() == DrafterKind::Heads;
  if (asks == getBody().empty())
    return emitOpError("'")
           << getDrafter() << "' is of kind "
           << stringifyDrafterKind(drafter.getKind())
           << (asks ? ", which needs a body" : ", which takes no body");
  if (!asks)
    return success();
  if (failed(verifyState(*this, getAfterAttr(), tables)) ||
      failed(verifyProposal(drafter, getBody().front().getTerminator())))
    return failure();
  if (!asksModel) {
    for (auto inner : getBody().front().getOps<CatchUpOp>())
      return inner.emitOpError("computes what a state lacks, but heads have "
                               "none: they read what the model has computed");
    return success();
  }
  if (getAfterAttr() == drafter.getStateAttr())
    return emitOpError("drafts for the state it writes, '")
           << *drafter.getState() << "'";
  FlatSymbolRefAttr leader = viewOf(*this, drafter.getStateAttr(), tables);
  if (leader && leader != getAfterAttr())
    return emitOpError("drafts in '")
           << *drafter.getState() << "', a view of '" << leader.getValue()
           << "', for '" << *getAfter() << "'";
  for (auto inner : getBody().front().getOps<CatchUpOp>())
    if (inner.getStateAttr() != drafter.getStateAttr())
      return inner.emitOpError("writes '")
             << inner.getState() << "'; the state of '" << getDrafter()
             << "' is '" << *drafter.getState() << "'";
  return success();
}
LogicalResult CatchUpOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, getStateAttr(), tables);
}
LogicalResult CutBackOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (getStateAttr() == getToAttr())
    return emitOpError("takes two states");
  if (isRecurrent(*this, getStateAttr(), tables))
    return emitOpError("cuts '")
           << getState()
           << "', which is recurrent: of several forwards it forgets nothing";
  auto leader = viewOf(*this, getStateAttr(), tables);
  if (leader && leader != getToAttr())
    return emitOpError("cuts '")
           << getState() << "', a view of '" << leader.getValue()
           << "', back to '" << getTo() << "'";
  if (failed(verifyState(*this, getStateAttr(), tables)))
    return failure();
  return verifyState(*this, getToAttr(), tables);
}
/// The rule that a function says it follows.
static StringRef ruleOf(Operation *op, FlatSymbolRefAttr name,
                        SymbolTableCollection &tables) {
  Operation *function = tables.lookupNearestSymbolFrom(op, name);
  auto rule = function ? function->getAttrOfType<StringAttr>(sinter::kRuleAttr)
                       : StringAttr();
  return rule ? rule.getValue().split(':').first : StringRef();
}

/// Rule reject keeps the law of the tokens only if it knows nothing of the
/// noise that drafted them.
LogicalResult VerifyOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyState(*this, getStateAttr(), tables)))
    return failure();
  if (getRule() != RuleKind::Reject)
    return success();
  SampleOp shared;
  ProposeBestOp siblings;
  (*this)->getParentOfType<ProgramOp>().walk(
      [&](ProposeBestOp best) { siblings = best; });
  if (siblings)
    return siblings.emitOpError("drafts siblings: rule reject needs to know "
                                "what each of them was drawn from");
  (*this)->getParentOfType<ProgramOp>().walk([&](SampleOp sample) {
    if (sample->getParentOfType<DraftOp>() &&
        ruleOf(sample, sample.getFunctionAttr(), tables) !=
            sinter::kProposalRule)
      shared = sample;
  });
  if (!shared)
    return success();
  return shared.emitOpError("drafts with the noise of the text: rule reject "
                            "needs noise of its own, as a function with "
                            "tile.rule = \"proposal\" has");
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
LogicalResult DecideOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyFunction(*this, getFunctionAttr(), getArgs().size() + 2,
                            tables)))
    return failure();
  StringRef rule = ruleOf(*this, getFunctionAttr(), tables);
  if (rule == stringifyRuleKind(getRule()))
    return success();
  return emitOpError("of rule ")
         << stringifyRuleKind(getRule()) << " calls '" << getFunction()
         << "', whose tile.rule is '" << rule << "'";
}
LogicalResult JudgeOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyFunction(*this, getFunctionAttr(), 1, tables);
}
LogicalResult RecycleOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyFunction(*this, getFunctionAttr(), 1, tables);
}
LogicalResult SummarizeOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyFunction(*this, getFunctionAttr(), 1, tables);
}
LogicalResult ProposeBestOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyFunction(*this, getFunctionAttr(), getArgs().size() + 1, tables);
}
LogicalResult SampleOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyFunction(*this, getFunctionAttr(),
                        getArgs().size() + (getRow() ? 1 : 0), tables);
}
