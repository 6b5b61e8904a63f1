// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers that tokens may leave.

#ifndef SINTER_LIB_CONVERSION_DECODETOPLAN_LOWEREXITS_H
#define SINTER_LIB_CONVERSION_DECODETOPLAN_LOWEREXITS_H

#include "lib/Conversion/DecodeToPlan/Lowering.h"

namespace sinter {

/// Lowers one decode.descend or decode.measure at the place of the builder. The
/// functions are those of the lowering around it.
class ExitLowering {
public:
  struct Outside {
    llvm::function_ref<mlir::Value(int64_t)> number;
    llvm::function_ref<mlir::Value(mlir::Value)> get;
    /// Lowers the body of a descend for these arguments; what decode.drawn
    /// gives.
    llvm::function_ref<mlir::FailureOr<llvm::SmallVector<mlir::Value>>(
        mlir::ValueRange)>
        body;
    /// The token that its sample draws, and nothing else.
    llvm::function_ref<mlir::Value(mlir::ValueRange)> draw;
  };

  ExitLowering(mlir::OpBuilder &builder, mlir::Location loc, Outside outside)
      : builder(builder), loc(loc), outside(outside) {}

  /// The results: token, stop, what is carried, what is owed.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> descend(decode::DescendOp op);
  void measure(decode::MeasureOp op);

private:
  using Values = llvm::SmallVector<mlir::Value>;

  /// A row on its way down, after the segment above the exit `exit`.
  struct Way {
    unsigned exit;
    /// Rows that went through the last segment before it.
    mlir::Value riders;
  };
  mlir::FailureOr<Values> ask(Way way);
  mlir::FailureOr<Values> end();
  mlir::FailureOr<Values> leave(Way way);
  mlir::FailureOr<Values> goOn(Way way);
  mlir::FailureOr<Values> arrive(mlir::Value riders);
  mlir::FailureOr<Values> answer(mlir::Value row, mlir::Value position);
  mlir::FailureOr<Values> check(mlir::Value riders);
  mlir::FailureOr<Values>
  choose(mlir::Value condition,
         llvm::function_ref<mlir::FailureOr<Values>()> yes,
         llvm::function_ref<mlir::FailureOr<Values>()> no);
  /// What the policy of an exit says about a row: 0 goes on.
  mlir::Value decide(decode::ExitOp exit, mlir::Value row, mlir::Value room);
  void segment(mlir::Attribute name, mlir::Value rows, mlir::Value position);
  void move(llvm::StringRef function, mlir::Value first, mlir::Value rows);
  void head(mlir::Value first, mlir::Value rows);
  decode::ExitOp exitAt(unsigned index);

  void call(mlir::FlatSymbolRefAttr callee, mlir::ValueRange args);
  mlir::Value binary(planir::ArithKind kind, mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs) {
    return binary(planir::ArithKind::Add, lhs, rhs);
  }
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs) {
    return binary(planir::ArithKind::Sub, lhs, rhs);
  }
  mlir::Value length();
  llvm::SmallVector<mlir::Type> i64s(unsigned count);
  mlir::Block *newBlock(mlir::Region &region, unsigned arguments);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  Outside outside;
  mlir::Operation *op = nullptr;
  decode::DescendOp descending;
  mlir::FlatSymbolRefAttr headName;
  mlir::ArrayAttr exits;
  Values owed;                   // rows that wait at each exit
  mlir::Value waiting, position; // all of them; the position of the row at hand
};

} // namespace sinter

#endif
