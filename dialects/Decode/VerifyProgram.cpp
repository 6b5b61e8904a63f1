// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is in the session's buffers along every path of a program.

#include "dialects/Decode/ProgramWalk.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter::decode;

LogicalResult Walk::block(Block &block, Facts &facts) {
  for (Operation &op : block)
    if (failed(visit(&op, facts)))
      return failure();
  return success();
}

LogicalResult Walk::mayCompute(Operation *op, Value rows, const Facts &facts) {
  if (!reserved)
    return refuse(op, "must stand between reserve and commit, inside "
                      "decode.step or decode.prefill");
  if (rows != reserved)
    return refuse(op, "must run the rows that were reserved");
  if (facts.forwarded)
    return refuse(op, "runs a second time over the same reserved rows");
  return need(facts.ids, op, "needs ids: nothing feeds them on every path");
}

LogicalResult Walk::forward(ForwardOp op, Facts &facts) {
  if (failed(mayCompute(op, op.getRows(), facts)))
    return failure();
  if (place && (op.getRuns() != runs || op.getPosition() != place))
    return refuse(op, "must take the place and the runs of the tree");
  if (op.getRuns() != runs)
    return refuse(op, runs ? "must run the runs of the batch"
                           : "has runs, but its rows are of one session");
  if (runs && !place && op.getPosition())
    return refuse(op, "has one position, but its rows are of several sessions");
  if (failed(knows(op, op.getFunctionAttr(), facts)))
    return failure();
  Facts after;
  after.hidden = after.forwarded = after.begun = true;
  after.ahead = facts.ahead;
  after.hasDepth = facts.hasDepth;
  after.ffnsBegun = facts.ffnsBegun;
  facts = after;
  return success();
}

/// Rows behind the first one hold ids of a draft.
LogicalResult Walk::step(StepOp op, Facts &facts) {
  if (!matchPattern(op.getRows(), m_One()) && op.getRows() != facts.drafted)
    return refuse(op, "has rows without ids: it takes one row, or those of the "
                      "decode.draft before it");
  if (facts.branches && !op.getTree())
    return refuse(op, "takes a chain, but the decode.draft before it may "
                      "branch: it must be a 'tree'");
  return body(op, op.getBody(), op.getRows(), facts);
}

LogicalResult Walk::draft(DraftOp op, Facts &facts) {
  if (failed(
          need(facts.ids, op,
               "needs the id it comes after: nothing feeds it on every path")))
    return failure();
  if (facts.owing)
    return refuse(op, "comes while rows that left the layers may wait: its ids "
                      "would take the places of theirs in the text");
  if (!op.getBody().empty()) {
    auto drafter = SymbolTable::lookupNearestSymbolFrom<DrafterOp>(
        op, op.getDrafterAttr());
    bool heads = drafter && drafter.getKind() == DrafterKind::Heads;
    if (failed(heads ? headsDraft(op, facts) : modelDraft(op, facts)))
      return failure();
  }
  facts.drafted = op.getRows();
  auto drafter =
      SymbolTable::lookupNearestSymbolFrom<DrafterOp>(op, op.getDrafterAttr());
  facts.branches |= drafter && drafter.getBranches() > 0;
  return success();
}

/// Heads read a hidden row of the model, and leave all of them as they are.
LogicalResult Walk::headsDraft(DraftOp op, Facts &facts) {
  if (failed(need(facts.hidden, op,
                  "needs the hidden rows that its heads read: on some path no "
                  "forward of the model ran before, or another one since")))
    return failure();
  drafting = true;
  Facts own = facts;
  LogicalResult result = loop(own, [&](Facts &inside) {
    inside.logits = false;
    return block(op.getBody().front(), inside);
  });
  drafting = false;
  facts.logits = false;
  return result;
}

/// The body sees nothing of the model it drafts for, and leaves nothing to it:
/// the two share buffers. It may not run at all.
LogicalResult Walk::modelDraft(DraftOp op, Facts &facts) {
  if (reserved)
    return refuse(op, "reserves rows while others are reserved");
  if (failed(level(op, facts)))
    return failure();
  drafting = true;
  Facts own;
  own.hasDepth = facts.hasDepth;
  own.begun = facts.begun;
  own.ffnsBegun = facts.ffnsBegun;
  LogicalResult result = loop(own, [&](Facts &inside) {
    inside.hidden = inside.logits = false;
    return block(op.getBody().front(), inside);
  });
  drafting = false;
  facts.begun |= own.begun;
  facts.hidden = facts.logits = false;
  auto drafter =
      SymbolTable::lookupNearestSymbolFrom<DrafterOp>(op, op.getDrafterAttr());
  if (drafter)
    facts.ahead = drafter.getStateAttr();
  return result;
}

/// The ids are in the history.
LogicalResult Walk::catchUp(CatchUpOp op, Facts &facts) {
  if (!drafting && failed(followsText(op)))
    return failure();
  facts.ids = true;
  // The state may hold everything already: then nothing was computed.
  return body(op, op.getBody(), op.getBody().getArgument(0), facts);
}

LogicalResult Walk::cutBack(CutBackOp op, Facts &facts) {
  if (reserved)
    return refuse(op, "must stand outside: rows are reserved, and not all of "
                      "them may be kept");
  if (facts.ahead == op.getStateAttr())
    facts.ahead = nullptr;
  return success();
}

LogicalResult Walk::level(Operation *op, const Facts &facts) {
  if (!facts.ahead)
    return success();
  return refuse(op, "comes while '" + facts.ahead.getValue() +
                        "' may hold drafted ids that were not kept: no "
                        "decode.cut_back before it on every path");
}

/// Each row's logits serve one draw.
LogicalResult Walk::verify(VerifyOp op, Facts &facts) {
  if (failed(need(facts.forwarded, op,
                  "keeps rows that no forward computed on every path")) ||
      failed(need(facts.logits, op,
                  "needs logits: no head runs on every path before")))
    return failure();
  if (op.getRule() == RuleKind::Judge &&
      failed(need(facts.judged, op,
                  "needs scores: no decode.judge runs on every path between "
                  "the forward and it")))
    return failure();
  if (failed(computesAll(op, "keeps rows of a draft, which")))
    return failure();
  LogicalResult result = block(op.getBody().front(), facts);
  facts.logits = false;
  return result;
}

/// A row of logits serves one draw.
LogicalResult Walk::draw(Operation *op, Facts &facts) {
  LogicalResult result =
      need(facts.logits, op,
           "needs fresh logits: no head runs on every path before");
  facts.logits = false;
  return result;
}

/// The body of decode.step, decode.prefill or decode.batch.
LogicalResult Walk::body(Operation *op, Region &region, Value rows,
                         Facts &facts) {
  if (reserved)
    return refuse(op, "cannot reserve rows while others are reserved");
  if (facts.owing)
    return refuse(op, "comes while rows that left the layers may wait: their "
                      "keys in the layers above would stay unfilled");
  reserved = rows;
  auto step = dyn_cast<StepOp>(op);
  bool tree = step && step.getTree();
  runs = isa<BatchOp>(op) || tree ? region.getArgument(1) : Value();
  place = tree ? region.getArgument(0) : Value();
  facts.forwarded = false;
  LogicalResult result = block(region.front(), facts);
  if (succeeded(result) && !facts.forwarded)
    result = refuse(region.front().getTerminator(),
                    "keeps rows that no forward computed on every path");
  reserved = runs = place = nullptr;
  facts.forwarded = false;
  return result;
}

LogicalResult Walk::loop(Facts &facts,
                         function_ref<LogicalResult(Facts &)> once) {
  bool wasSilent = std::exchange(silent, true);
  Facts head = facts;
  while (true) {
    Facts after = head;
    if (failed(once(after)))
      break; // The last walk says why.
    Facts met = head.meet(after);
    if (met == head)
      break;
    head = met;
  }
  silent = wasSilent;
  facts = head;
  return once(facts);
}

LogicalResult Walk::decodeLoop(LoopOp op, Facts &facts) {
  Facts left;
  if (failed(loop(facts, [&](Facts &inside) -> LogicalResult {
        if (failed(block(op.getRound().front(), inside)))
          return failure();
        left = inside;
        return block(op.getAdvance().front(), inside);
      })))
    return failure();
  facts = left;
  return success();
}

LogicalResult Walk::branch(scf::IfOp op, Facts &facts) {
  Facts other = facts;
  if (failed(block(*op.thenBlock(), facts)))
    return failure();
  if (op.elseBlock() && failed(block(*op.elseBlock(), other)))
    return failure();
  // Whichever branch drafted, its rows are the result.
  for (Value result : op.getResults()) {
    unsigned i = cast<OpResult>(result).getResultNumber();
    auto given = [&](Block *block) {
      return cast<scf::YieldOp>(block->getTerminator()).getOperand(i);
    };
    if (facts.drafted && facts.drafted == given(op.thenBlock()) &&
        other.drafted == given(op.elseBlock()))
      facts.drafted = other.drafted = result;
  }
  facts = facts.meet(other);
  return success();
}

LogicalResult Walk::visit(Operation *op, Facts &facts) {
  if (drafting &&
      isa<FeedOp, EmitOp, EmitLogitsOp, StepOp, PrefillOp, BatchOp, DraftOp,
          LoopOp, DescendOp, MeasureOp, ReadInputOp, AppendOp, ChooseModelOp>(
          op))
    return refuse(op, "cannot stand in a draft, which proposes ids and does "
                      "nothing else");
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ForwardOp forwardOp) { return forward(forwardOp, facts); })
      .Case([&](DraftOp inner) { return draft(inner, facts); })
      .Case([&](CatchUpOp inner) { return catchUp(inner, facts); })
      .Case([&](CutBackOp inner) { return cutBack(inner, facts); })
      .Case([&](ReadInputOp inner) { return readInput(inner, facts); })
      .Case([&](AppendOp inner) { return grow(inner, facts); })
      .Case<StopOp, ReturnOp>([&](auto end) { return level(end, facts); })
      .Case([&](VerifyOp inner) { return verify(inner, facts); })
      .Case([&](ChooseDepthOp inner) { return chooseDepth(inner, facts); })
      .Case([&](RetrieveOp inner) { return retrieve(inner, facts); })
      .Case([&](SkippingOp inner) { return skipping(inner, facts); })
      .Case([&](BeginFfnsOp) {
        facts.ffnsBegun = true;
        return success();
      })
      .Case([&](DescendOp inner) { return descend(inner, facts); })
      .Case([&](MeasureOp inner) { return measure(inner, facts); })
      .Case([&](FeedOp) {
        facts.ids = true;
        facts.drafted = Value();
        facts.branches = false;
        return success();
      })
      .Case([&](HeadOp head) {
        facts.logits = true;
        return need(facts.hidden, head,
                    "needs hidden rows: no forward runs on every path before");
      })
      .Case<SampleOp, DecideOp, ProposeBestOp>(
          [&](Operation *inner) { return draw(inner, facts); })
      .Case([&](SummarizeOp summarize) {
        return need(facts.logits, summarize,
                    "needs fresh logits: no head runs on every path before");
      })
      .Case([&](RecycleOp recycle) {
        return need(facts.logits && facts.forwarded &&
                        recycle.getRows() == reserved,
                    recycle,
                    "needs fresh logits of the rows that were reserved: no "
                    "head runs on every path between them and it");
      })
      .Case([&](JudgeOp judge) {
        facts.judged = true;
        return need(facts.hidden && facts.forwarded, judge,
                    "needs hidden rows of the forward at hand");
      })
      .Case([&](EmitLogitsOp emit) {
        return need(facts.logits, emit,
                    "needs logits: no head runs on every path before");
      })
      .Case([&](StepOp inner) { return step(inner, facts); })
      .Case([&](PrefillOp prefill) {
        facts.ids = true; // The op itself takes them.
        return body(prefill, prefill.getBody(),
                    prefill.getBody().getArgument(0), facts);
      })
      .Case([&](BatchOp batch) {
        facts.ids = true; // Likewise.
        return body(batch, batch.getBody(), batch.getBody().getArgument(0),
                    facts);
      })
      .Case([&](LoopOp inner) { return decodeLoop(inner, facts); })
      .Case([&](scf::IfOp inner) { return branch(inner, facts); })
      .Case([&](scf::ForOp inner) {
        // It may run no time at all: what it adds does not count.
        Facts before = facts;
        if (failed(loop(facts, [&](Facts &inside) {
              return block(*inner.getBody(), inside);
            })))
          return LogicalResult::failure();
        facts = facts.meet(before);
        return LogicalResult::success();
      })
      .Default([&](Operation *other) -> LogicalResult {
        if (other->getNumRegions() != 0)
          return refuse(other, "is no control flow that a program may use");
        return success();
      });
}

LogicalResult sinter::decode::verifyFlow(ProgramOp program) {
  Facts facts;
  return Walk().block(program.getBody().front(), facts);
}
