// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A walk along every path of a program. What it asks of drafts is in
// VerifyProgram.cpp, of rows that see less than all layers in VerifySkips.cpp.

#ifndef SINTER_DIALECTS_DECODE_PROGRAMWALK_H
#define SINTER_DIALECTS_DECODE_PROGRAMWALK_H

#include "dialects/Decode/DecodeOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace sinter::decode {

/// A state that is the text itself, which models follow.
bool isText(mlir::Operation *op);

/// True: on every path to here the buffer holds what a reader expects.
struct Facts {
  bool ids = false;
  bool hidden = false;
  bool logits = false;
  /// A forward has run since the rows were reserved.
  bool forwarded = false;
  /// Scores of its rows are known.
  bool judged = false;
  /// Rows of the draft behind the id that was fed last; null: none.
  mlir::Value drafted;
  /// They may be a tree on some path.
  bool branches = false;
  /// A draft put positions into this state that are not cut back on some path.
  mlir::FlatSymbolRefAttr ahead;
  /// The sequence has its depth.
  bool hasDepth = false;
  /// Rows of it may have been computed, on some path.
  bool begun = false;
  /// Rows that left the layers early may wait on some path.
  bool owing = false;
  /// It is known which feed-forward blocks rows may leave out.
  bool ffnsBegun = false;

  Facts meet(const Facts &other) const {
    return {ids && other.ids,
            hidden && other.hidden,
            logits && other.logits,
            forwarded && other.forwarded,
            judged && other.judged,
            drafted == other.drafted ? drafted : mlir::Value(),
            branches || other.branches,
            ahead ? ahead : other.ahead,
            hasDepth && other.hasDepth,
            begun || other.begun,
            owing || other.owing,
            ffnsBegun && other.ffnsBegun};
  }
  bool operator==(const Facts &other) const = default;
};

/// Walks a program forwards. Loops are walked until their facts no longer
/// change (they only fall, so at most once a fact), silently; then once more
/// with errors.
class Walk {
public:
  mlir::LogicalResult block(mlir::Block &block, Facts &facts);

private:
  mlir::LogicalResult visit(mlir::Operation *op, Facts &facts);
  mlir::LogicalResult forward(ForwardOp op, Facts &facts);
  mlir::LogicalResult step(StepOp op, Facts &facts);
  mlir::LogicalResult draft(DraftOp op, Facts &facts);
  mlir::LogicalResult modelDraft(DraftOp op, Facts &facts);
  mlir::LogicalResult headsDraft(DraftOp op, Facts &facts);
  mlir::LogicalResult catchUp(CatchUpOp op, Facts &facts);
  mlir::LogicalResult followsText(CatchUpOp op);
  mlir::LogicalResult grow(mlir::Operation *op, Facts &facts);
  mlir::LogicalResult readInput(ReadInputOp op, Facts &facts);
  mlir::LogicalResult cutBack(CutBackOp op, Facts &facts);
  /// No state is ahead of what was kept.
  mlir::LogicalResult level(mlir::Operation *op, const Facts &facts);
  mlir::LogicalResult verify(VerifyOp op, Facts &facts);
  mlir::LogicalResult descend(DescendOp op, Facts &facts);
  mlir::LogicalResult measure(MeasureOp op, Facts &facts);
  /// A forward is about to run over the reserved rows.
  mlir::LogicalResult mayCompute(mlir::Operation *op, mlir::Value rows,
                                 const Facts &facts);
  mlir::LogicalResult draw(mlir::Operation *op, Facts &facts);
  mlir::LogicalResult body(mlir::Operation *op, mlir::Region &region,
                           mlir::Value rows, Facts &facts);
  /// Walks `once` from the facts that hold in every iteration.
  mlir::LogicalResult
  loop(Facts &facts, llvm::function_ref<mlir::LogicalResult(Facts &)> once);
  mlir::LogicalResult decodeLoop(LoopOp op, Facts &facts);
  mlir::LogicalResult branch(mlir::scf::IfOp op, Facts &facts);
  mlir::LogicalResult chooseDepth(ChooseDepthOp op, Facts &facts);
  mlir::LogicalResult retrieve(RetrieveOp op, Facts &facts);
  mlir::LogicalResult skipping(SkippingOp op, Facts &facts);
  /// What the launches of a function ask is answered.
  mlir::LogicalResult knows(mlir::Operation *op,
                            mlir::FlatSymbolRefAttr launches,
                            const Facts &facts);
  mlir::LogicalResult segments(mlir::Operation *op, mlir::ArrayAttr names,
                               const Facts &facts);
  /// No row of the program leaves blocks out.
  mlir::LogicalResult computesAll(mlir::Operation *op, const char *who);
  mlir::LogicalResult refuse(mlir::Operation *op, const llvm::Twine &why) {
    if (!silent)
      op->emitOpError(why);
    return mlir::failure();
  }
  mlir::LogicalResult need(bool fact, mlir::Operation *op, const char *why) {
    return fact ? mlir::success() : refuse(op, why);
  }

  bool silent = false;
  /// The walk is inside of a draft that a model makes.
  bool drafting = false;
  /// Rows reserved around the op being walked; null outside of a body.
  mlir::Value reserved;
  /// And what runs they form, in a batch or a tree.
  mlir::Value runs;
  /// Where those of a tree stand.
  mlir::Value place;
};

} // namespace sinter::decode

#endif // SINTER_DIALECTS_DECODE_PROGRAMWALK_H
