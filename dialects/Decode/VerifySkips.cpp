// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Texts with a depth, rows that leave the layers, blocks that rows leave out:
// what must hold along every path, and what they must not meet.

#include "dialects/Decode/ProgramWalk.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace sinter::decode;

/// Whether a list of launches has a question of a kind that `holds`.
template <typename Question>
static bool asks(FunctionOpInterface function,
                 function_ref<bool(Question)> holds) {
  return function
      .walk([&](Question question) {
        return holds(question) ? WalkResult::interrupt()
                               : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Answers lie in buffers that sessions share: an answer that was not given on
/// this path is that of another text.
LogicalResult Walk::knows(Operation *op, FlatSymbolRefAttr launches,
                          const Facts &facts) {
  auto function =
      SymbolTable::lookupNearestSymbolFrom<FunctionOpInterface>(op, launches);
  if (!function)
    return success(); // verifySymbolUses says so
  if (!facts.ffnsBegun && asks<FfnOp>(function, [](FfnOp) { return true; }))
    return refuse(op, "leaves blocks out: no decode.begin_ffns on every path "
                      "before");
  bool asksDepth = asks<KeepsOp>(function, [](KeepsOp) { return true; }) ||
                   asks<FfnOp>(function, [](FfnOp block) {
                     auto policy = SymbolTable::lookupNearestSymbolFrom<FfnsOp>(
                         block, block.getPolicyAttr());
                     return policy && policy.getDepthsAttr();
                   });
  return need(
      facts.hasDepth || !asksDepth, op,
      "needs the depth of the sequence: no decode.choose_depth on every "
      "path before");
}

static bool oneByOne(Operation *op) {
  auto step = dyn_cast<StepOp>(op->getParentOp());
  auto prefill = dyn_cast<PrefillOp>(op->getParentOp());
  return (step && matchPattern(step.getRows(), m_One())) ||
         (prefill && matchPattern(prefill.getChunk(), m_One()));
}

/// A probe looks at one row, and a prompt computes everything.
LogicalResult Walk::skipping(SkippingOp op, Facts &facts) {
  if (!oneByOne(op))
    return refuse(op, "skips blocks of a prompt, or of rows that are computed "
                      "together: rows must come one by one");
  return block(op.getBody().front(), facts);
}

/// Rows that are computed together compute all blocks, where plain decoding
/// leaves some out.
LogicalResult Walk::computesAll(Operation *op, const char *who) {
  bool skips = op->getParentOfType<ProgramOp>()
                   .walk([](SkippingOp) { return WalkResult::interrupt(); })
                   .wasInterrupted();
  if (!skips)
    return success();
  return refuse(op, Twine(who) +
                        " compute all blocks; a decode.skipping of the "
                        "program leaves blocks out: the text would not be "
                        "that of decoding one by one");
}

LogicalResult Walk::chooseDepth(ChooseDepthOp op, Facts &facts) {
  if (reserved || facts.begun)
    return refuse(op, "changes the depth in the middle of a sequence: it must "
                      "come before the first forward");
  facts.hasDepth = true;
  return success();
}

/// It computes rows where forwards do, and leaves none of them.
LogicalResult Walk::retrieve(RetrieveOp op, Facts &facts) {
  if (reserved || facts.begun)
    return refuse(op, "looks a text up in the middle of a sequence: it must "
                      "come before the first forward");
  facts.ids = facts.hidden = facts.logits = false;
  return success();
}

/// Segments stand for a forward.
LogicalResult Walk::segments(Operation *op, ArrayAttr names,
                             const Facts &facts) {
  for (auto name : names.getAsRange<FlatSymbolRefAttr>())
    if (failed(knows(op, name, facts)))
      return failure();
  return success();
}

LogicalResult Walk::measure(MeasureOp op, Facts &facts) {
  if (failed(mayCompute(op, op.getRows(), facts)) ||
      failed(segments(op, op.getSegments(), facts)))
    return failure();
  if (!oneByOne(op))
    return refuse(op, "asks exits about one row, and others are computed with "
                      "it: rows must come one by one");
  facts.hidden = facts.forwarded = facts.logits = facts.begun = true;
  return success();
}

/// Reserves its row itself, and leaves it reserved while it waits.
LogicalResult Walk::descend(DescendOp op, Facts &facts) {
  if (reserved)
    return refuse(op, "cannot reserve rows while others are reserved");
  if (failed(level(op, facts)) ||
      failed(
          need(facts.ids, op, "needs ids: nothing feeds them on every path")) ||
      failed(segments(op, op.getSegments(), facts)) ||
      (op.getExact() && failed(computesAll(op, "lets rows wait, which"))))
    return failure();
  if (facts.owing && llvm::any_of(op.getOwed(), [](Value owed) {
        return matchPattern(owed, m_Constant());
      }))
    return refuse(op, "forgets rows that left before: their keys in the layers "
                      "above would stay unfilled");
  facts.logits = true;
  if (failed(block(op.getBody().front(), facts)))
    return failure();
  facts.logits = facts.hidden = facts.ids = false;
  facts.drafted = Value();
  facts.branches = false;
  facts.owing = facts.begun = true;
  return success();
}
