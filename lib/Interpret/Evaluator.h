// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inside of the interpreter: the state of an execution and the ops' functions.
#ifndef SINTER_LIB_INTERPRET_EVALUATOR_H
#define SINTER_LIB_INTERPRET_EVALUATOR_H

#include "lib/Interpret/Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace sinter::interpret {

/// The values of one function call.
template <typename T> using Frame = llvm::DenseMap<mlir::Value, Value<T>>;

/// Executes ops: one `eval` an op.  They are defined in EvaluateRows.cpp,
/// EvaluateAttention.cpp and Interpreter.cpp.
template <typename T> struct Evaluator {
  mlir::ModuleOp module;
  llm::CheckpointSource &source;
  llvm::StringMap<std::shared_ptr<const llm::WeightBytes>> weights;
  llvm::DenseSet<mlir::Operation *> checked;

  using Data = interpret::Value<T>;
  using Rows = std::shared_ptr<Tensor<T>>;

  mlir::FailureOr<llvm::SmallVector<Data>> call(mlir::func::FuncOp function,
                                                llvm::ArrayRef<Data> args);
  mlir::LogicalResult step(mlir::Operation *op, Frame<T> &frame);

  static Tensor<T> &tensor(Frame<T> &frame, mlir::Value value) {
    return *std::get<Rows>(frame[value]);
  }
  static const Ids &ids(Frame<T> &frame, mlir::Value value) {
    return *std::get<std::shared_ptr<Ids>>(frame[value]);
  }
  static Cache<T> &cache(Frame<T> &frame, mlir::Value value) {
    return *std::get<std::shared_ptr<Cache<T>>>(frame[value]);
  }
  /// Positions belong to rows, one each.
  static mlir::LogicalResult sameRows(mlir::Operation *op, int64_t rows,
                                      const Ids &ids) {
    if (rows == static_cast<int64_t>(ids.size()))
      return mlir::success();
    return op->emitError() << rows << " rows and " << ids.size()
                           << " positions";
  }
  /// A tensor for a result: dynamic sizes are \p rows.
  static Tensor<T> &make(Frame<T> &frame, mlir::Value result, int64_t rows);

  void decodeRow(const Data &weight, int64_t row, T *out);
  std::vector<T> vector(Frame<T> &frame, mlir::Value value);
  mlir::LogicalResult layerOf(mlir::Operation *op, Frame<T> &frame,
                              mlir::Value index, int64_t layers,
                              int64_t &layer);

  mlir::LogicalResult eval(llm::WeightRefOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::EmbeddingOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::LinearOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::ColumnsOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::ConcatOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::RmsNormOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::RopeOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::KVAppendOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::ScoresOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::CausalMaskOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::SoftmaxOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::MixOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::AttentionOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::SiluOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::AddOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::MulOp op, Frame<T> &frame);
  mlir::LogicalResult eval(llm::GatedOp op, Frame<T> &frame);
  mlir::LogicalResult eval(mlir::func::CallOp op, Frame<T> &frame);
  mlir::LogicalResult eval(mlir::arith::ConstantOp op, Frame<T> &frame);
};

} // namespace sinter::interpret

/// Instantiates the function of an op, outside of any namespace.
#define SINTER_INSTANTIATE_EVAL(OP)                                            \
  template mlir::LogicalResult sinter::interpret::Evaluator<float>::eval(      \
      OP, sinter::interpret::Frame<float> &);                                  \
  template mlir::LogicalResult sinter::interpret::Evaluator<double>::eval(     \
      OP, sinter::interpret::Frame<double> &);

#endif // SINTER_LIB_INTERPRET_EVALUATOR_H
