// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Feed-forward blocks that tokens leave out.

#ifndef SINTER_LIB_CONVERSION_DECODETOPLAN_LOWERFFNS_H
#define SINTER_LIB_CONVERSION_DECODETOPLAN_LOWERFFNS_H

#include "lib/Conversion/DecodeToPlan/Lowering.h"

namespace sinter {

/// Not 0 where the sequence leaves the layer out: a bit of the words of 32.
mlir::Value skippedBit(mlir::OpBuilder &builder, mlir::Location loc,
                       int64_t layer,
                       llvm::function_ref<mlir::Value(int64_t)> number);

/// Lowers one decode.ffn, decode.begin_ffns or decode.skipping at the place of
/// the builder. The functions are those of the lowering around it.
class FfnLowering {
public:
  struct Outside {
    llvm::function_ref<mlir::Value(int64_t)> number;
    llvm::function_ref<mlir::Value(mlir::Value)> get;
    llvm::function_ref<mlir::LogicalResult(mlir::Block &)> block;
  };

  FfnLowering(mlir::OpBuilder &builder, mlir::Location loc, Outside outside)
      : builder(builder), loc(loc), outside(outside) {}

  mlir::LogicalResult lower(mlir::Operation *op);

private:
  using Word = decode::FfnWord;
  using Fill = llvm::function_ref<mlir::LogicalResult()>;

  mlir::LogicalResult block(decode::FfnOp op);
  mlir::LogicalResult compute(decode::FfnOp op);
  mlir::LogicalResult begin(decode::BeginFfnsOp op);
  mlir::LogicalResult skipping(decode::SkippingOp op);
  /// if (condition) { yes } else { no }
  mlir::LogicalResult choose(mlir::Value condition, Fill yes, Fill no);
  mlir::Value word(Word word);
  void setWord(Word word, mlir::Value value);
  void count(Word word);
  mlir::Value binary(planir::ArithKind kind, mlir::Value lhs, mlir::Value rhs);
  void call(mlir::FlatSymbolRefAttr callee);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  Outside outside;
  decode::FfnsOp policy;
};

} // namespace sinter

#endif
