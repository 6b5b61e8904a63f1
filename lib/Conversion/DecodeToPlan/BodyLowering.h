// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bodies of programs and launch lists: everything becomes an i64 value.

#ifndef SINTER_LIB_CONVERSION_DECODETOPLAN_BODYLOWERING_H
#define SINTER_LIB_CONVERSION_DECODETOPLAN_BODYLOWERING_H

#include "lib/Conversion/DecodeToPlan/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace sinter {

/// One body: of a program or of a list of launches. Each op of `decode` has a
/// method of its name.
class BodyLowering {
public:
  BodyLowering(planir::FuncOp function)
      : function(function), builder(function.getContext()) {
    builder.setInsertionPointToEnd(&function.getBody().front());
  }

  /// Lowers `from` into the entry block.
  mlir::LogicalResult run(mlir::Block &from);

private:
  using BinaryKind = std::optional<planir::ArithKind>;

  mlir::LogicalResult block(mlir::Block &from);
  mlir::LogicalResult lower(mlir::Operation *op);
  mlir::LogicalResult lowerState(mlir::Operation *op);
  mlir::LogicalResult lowerWork(mlir::Operation *op);
  mlir::LogicalResult constant(mlir::arith::ConstantOp op);
  mlir::LogicalResult compare(mlir::arith::CmpIOp op);
  mlir::LogicalResult launch(tile::LaunchOp op);
  mlir::LogicalResult branch(mlir::scf::IfOp op);
  mlir::LogicalResult count(mlir::scf::ForOp op);
  mlir::LogicalResult loop(decode::LoopOp op);
  mlir::LogicalResult prefill(decode::PrefillOp op);
  mlir::LogicalResult step(decode::StepOp op);
  mlir::LogicalResult stepBody(decode::StepOp op);
  void placeTree(decode::StepOp op);
  mlir::LogicalResult batch(decode::BatchOp op);
  mlir::LogicalResult draft(decode::DraftOp op);
  mlir::LogicalResult draftTree(decode::DraftOp op);
  mlir::LogicalResult catchUp(decode::CatchUpOp op);
  mlir::LogicalResult cutBack(decode::CutBackOp op);
  mlir::LogicalResult readInput(decode::ReadInputOp op);
  void append(decode::AppendOp op);
  mlir::LogicalResult verify(decode::VerifyOp op);
  /// What a function that draws leaves as its token.
  mlir::Value drawnToken(int64_t place = 0);
  void sample(decode::SampleOp op);
  mlir::LogicalResult keeps(decode::KeepsOp op);
  mlir::LogicalResult retrieve(decode::RetrieveOp op);
  void pool(decode::RetrieveOp op, mlir::FlatSymbolRefAttr pools);
  void decide(decode::DecideOp op);
  void summarize(decode::SummarizeOp op);
  mlir::LogicalResult forward(decode::ForwardOp op);
  mlir::LogicalResult descend(decode::DescendOp op);
  void measure(decode::MeasureOp op);
  mlir::LogicalResult ffns(mlir::Operation *op);

  /// Copies the block of `from` into a new block of `to`.
  mlir::LogicalResult region(mlir::Region &from, mlir::Region &to);
  mlir::Block *newBlock(mlir::Region &region, unsigned arguments);
  mlir::Value number(int64_t value);
  mlir::Value binary(planir::ArithKind kind, mlir::Value lhs, mlir::Value rhs) {
    return planir::ArithOp::create(builder, loc, builder.getI64Type(), kind,
                                   lhs, rhs);
  }
  mlir::LogicalResult set(mlir::Value old, mlir::Value now) {
    values.map(old, now);
    return mlir::success();
  }
  mlir::Value get(mlir::Value old) { return values.lookup(old); }
  llvm::SmallVector<mlir::Value> get(mlir::ValueRange old) {
    return llvm::map_to_vector(old,
                               [&](mlir::Value value) { return get(value); });
  }
  llvm::SmallVector<mlir::Type> i64s(unsigned n) {
    return llvm::SmallVector<mlir::Type>(n, builder.getI64Type());
  }
  mlir::FlatSymbolRefAttr symbol(llvm::StringRef name) {
    return mlir::FlatSymbolRefAttr::get(builder.getContext(), name);
  }
  void call(mlir::FlatSymbolRefAttr callee, mlir::ValueRange args) {
    planir::CallOp::create(builder, loc, mlir::TypeRange(), callee, args);
  }
  static BinaryKind kindOf(mlir::Operation *op);

  planir::FuncOp function;
  mlir::OpBuilder builder;
  mlir::Location loc = mlir::UnknownLoc::get(builder.getContext());
  mlir::IRMapping values;
  /// Constants stand once, at the start of the function.
  llvm::DenseMap<int64_t, mlir::Value> numbers;
};

} // namespace sinter

#endif
