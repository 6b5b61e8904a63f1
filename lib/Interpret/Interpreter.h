// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference interpreter of the llm dialect: plain loops over rows, in f32
// (the numbers that compiled code computes) or f64.  Slow and obviously right;
// the oracle of every pass and kernel.
#ifndef SINTER_LIB_INTERPRET_INTERPRETER_H
#define SINTER_LIB_INTERPRET_INTERPRETER_H

#include "dialects/Llm/WeightData.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <variant>

namespace sinter::interpret {

/// A dense tensor, rows first.
template <typename T> struct Tensor {
  llvm::SmallVector<int64_t, 3> shape;
  std::vector<T> data;

  Tensor() = default;
  explicit Tensor(llvm::ArrayRef<int64_t> dims) : shape(dims) {
    int64_t size = 1;
    for (int64_t dim : dims)
      size *= dim;
    data.resize(size);
  }
  int64_t rows() const { return shape.front(); }
  int64_t cols() const { return shape.back(); }
  T *row(int64_t r) { return data.data() + r * cols(); }
  const T *row(int64_t r) const { return data.data() + r * cols(); }
};

/// Keys and values of all layers, changed in place: handles are linear.
template <typename T> struct Cache {
  explicit Cache(llm::KVCacheType type)
      : type(type), keys(type.getLayers()), values(type.getLayers()) {}
  llm::KVCacheType type;
  /// Rows of the positions so far, by layer.
  std::vector<std::vector<T>> keys, values;
};

using Ids = std::vector<int32_t>;

/// What an SSA value holds.
template <typename T>
using Value = std::variant<std::monostate, std::shared_ptr<Tensor<T>>,
                           std::shared_ptr<Ids>, std::shared_ptr<Cache<T>>,
                           std::shared_ptr<const llm::WeightBytes>, int64_t>;

/// Executes functions of a module.  T is float or double.  Errors are reported
/// as diagnostics of the op at fault.
template <typename T> class Interpreter {
public:
  Interpreter(mlir::ModuleOp module, llm::CheckpointSource &source);
  ~Interpreter();

  /// Runs a function on arguments of its types: tensors, ids, caches, indices.
  mlir::FailureOr<llvm::SmallVector<Value<T>>>
  run(llvm::StringRef function, llvm::ArrayRef<Value<T>> arguments);

  /// An empty cache for the state argument of @forward.
  mlir::FailureOr<std::shared_ptr<Cache<T>>> makeCache();

  /// Runs @forward and @head on ids at the positions that follow those in the
  /// cache; the logits have one row an id.
  mlir::FailureOr<std::shared_ptr<Tensor<T>>>
  logits(const std::shared_ptr<Cache<T>> &cache, llvm::ArrayRef<int32_t> ids);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

extern template class Interpreter<float>;
extern template class Interpreter<double>;

} // namespace sinter::interpret

#endif // SINTER_LIB_INTERPRET_INTERPRETER_H
