// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpret/Evaluator.h"
#include "lib/Interpret/Loops.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::interpret;

//===----------------------------------------------------------------------===//
// Weights, linear, norm
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Evaluator<T>::eval(llm::WeightRefOp op, Frame<T> &frame) {
  std::shared_ptr<const llm::WeightBytes> &slot = weights[op.getWeight()];
  if (!slot) {
    auto weight = module.lookupSymbol<llm::WeightOp>(op.getWeight());
    auto bytes = llm::WeightBytes::get(weight, source);
    if (!bytes)
      return op.emitError() << toString(bytes.takeError());
    if (llvm::Error error = llm::checkFinite(weight, *bytes))
      return op.emitError() << toString(std::move(error));
    slot = std::make_shared<const llm::WeightBytes>(std::move(*bytes));
  }
  frame[op.getResult()] = slot;
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::EmbeddingOp op, Frame<T> &frame) {
  const Ids &tokens = ids(frame, op.getIds());
  int64_t vocabulary = op.getTable().getType().getDimSize(0);
  Tensor<T> &result = make(frame, op.getResult(), tokens.size());
  for (auto [r, id] : llvm::enumerate(tokens)) {
    if (id < 0 || id >= vocabulary)
      return op.emitError()
             << "token " << id << " is not in [0, " << vocabulary << ")";
    decodeRow(frame[op.getTable()], id, result.row(r));
  }
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::LinearOp op, Frame<T> &frame) {
  const Tensor<T> &x = tensor(frame, op.getX());
  int64_t rows = x.rows(), depth = x.cols(), first = 0;
  std::vector<T> turned(rows * depth);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 0; k < depth; ++k)
      turned[k * rows + r] = x.row(r)[k];
  Tensor<T> &result = make(frame, op.getResult(), rows);
  bool interleaved = op.getArrange() == llm::Arrange::Interleave16;
  for (auto [part, matrix] : llvm::enumerate(op.getWeights())) {
    int64_t count = cast<RankedTensorType>(matrix.getType()).getDimSize(0);
    std::vector<T> bias(count, T(0));
    if (!op.getBiases().empty())
      bias = vector(frame, op.getBiases()[part]);
    const Data &rowsOfMatrix = frame[matrix];
    // Outputs do not depend on each other.
    auto compute = [&, part = part](int64_t begin, int64_t end) {
      constexpr int64_t kDecoded = 4; // that stay in the cache
      std::vector<T> weight(kDecoded * depth), sums(kDecoded * rows);
      for (int64_t n = begin, some; n < end; n += some) {
        some = std::min(kDecoded, end - n);
        for (int64_t i = 0; i < some; ++i)
          decodeRow(rowsOfMatrix, n + i, weight.data() + i * depth);
        std::fill(sums.begin(), sums.end(), T(0));
        accumulate(weight.data(), some, turned.data(), depth, rows,
                   sums.data());
        for (int64_t i = 0; i < some; ++i) {
          int64_t column =
              interleaved ? llm::interleavedRow(part, n + i) : first + n + i;
          for (int64_t r = 0; r < rows; ++r)
            result.row(r)[column] = sums[i * rows + r] + bias[n + i];
        }
      }
    };
    constexpr int64_t kTogether = 64;
    llvm::parallelFor(0, llvm::divideCeil(count, kTogether), [&](size_t block) {
      int64_t begin = int64_t(block) * kTogether;
      compute(begin, std::min(begin + kTogether, count));
    });
    first += count;
  }
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::ColumnsOp op, Frame<T> &frame) {
  const Tensor<T> &x = tensor(frame, op.getX());
  Tensor<T> &result = make(frame, op.getResult(), x.rows());
  for (int64_t r = 0; r < x.rows(); ++r)
    std::copy_n(x.row(r) + op.getFirst(), result.cols(), result.row(r));
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::ConcatOp op, Frame<T> &frame) {
  int64_t rows = tensor(frame, op.getParts().front()).rows(), column = 0;
  Tensor<T> &result = make(frame, op.getResult(), rows);
  for (mlir::Value part : op.getParts()) {
    const Tensor<T> &x = tensor(frame, part);
    if (x.rows() != rows)
      return op.emitError("puts ") << x.rows() << " rows beside " << rows;
    for (int64_t r = 0; r < rows; ++r)
      std::copy_n(x.row(r), x.cols(), result.row(r) + column);
    column += x.cols();
  }
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::RmsNormOp op, Frame<T> &frame) {
  const Tensor<T> &x = tensor(frame, op.getX());
  std::vector<T> weight = vector(frame, op.getWeight());
  Tensor<T> &result = make(frame, op.getResult(), x.rows());
  for (int64_t r = 0; r < x.rows(); ++r)
    rmsNorm(x.row(r), weight.data(), x.cols(), op.getEps().convertToFloat(),
            result.row(r));
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::RopeOp op, Frame<T> &frame) {
  const Tensor<T> &x = tensor(frame, op.getX());
  const Ids &positions = ids(frame, op.getPositions());
  if (failed(sameRows(op, x.rows(), positions)))
    return failure();
  std::vector<T> freqs = vector(frame, op.getFreqs());
  std::vector<T> cosines(freqs.size()), sines(freqs.size());
  Tensor<T> &result = make(frame, op.getResult(), x.rows());
  result.data = x.data;
  for (int64_t r = 0; r < x.rows(); ++r) {
    for (size_t i = 0; i < freqs.size(); ++i) {
      // The angle is an f32 product by definition, in f64 mode too.
      float angle =
          static_cast<float>(positions[r]) * static_cast<float>(freqs[i]);
      cosines[i] = static_cast<T>(std::cos(static_cast<double>(angle)));
      sines[i] = static_cast<T>(std::sin(static_cast<double>(angle)));
    }
    for (uint64_t h = 0; h < op.getHeads(); ++h)
      rotate(result.row(r) + h * op.getHeadDim(), op.getRot(),
             op.getInterleaved(), cosines.data(), sines.data());
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Evaluator<T>::eval(llm::SiluOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getX()));
  for (T &value : result->data)
    value = silu(value);
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::AddOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getLhs()));
  for (auto [value, other] :
       llvm::zip(result->data, tensor(frame, op.getRhs()).data))
    value += other;
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::MulOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getLhs()));
  for (auto [value, other] :
       llvm::zip(result->data, tensor(frame, op.getRhs()).data))
    value *= other;
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::GatedOp op, Frame<T> &frame) {
  const Tensor<T> &gate = tensor(frame, op.getGate());
  const Tensor<T> &up = op.getUp() ? tensor(frame, op.getUp()) : gate;
  Tensor<T> &result = make(frame, op.getResult(), gate.rows());
  bool interleaved = op.getArrange() == llm::Arrange::Interleave16;
  for (int64_t r = 0; r < result.rows(); ++r)
    for (int64_t k = 0; k < result.cols(); ++k) {
      int64_t g = interleaved ? llm::interleavedRow(0, k) : k;
      int64_t u = op.getUp()    ? k
                  : interleaved ? llm::interleavedRow(1, k)
                                : k + result.cols();
      result.row(r)[k] = silu(gate.row(r)[g]) * up.row(r)[u];
    }
  return success();
}

SINTER_INSTANTIATE_EVAL(llm::WeightRefOp)
SINTER_INSTANTIATE_EVAL(llm::EmbeddingOp)
SINTER_INSTANTIATE_EVAL(llm::LinearOp)
SINTER_INSTANTIATE_EVAL(llm::ColumnsOp)
SINTER_INSTANTIATE_EVAL(llm::ConcatOp)
SINTER_INSTANTIATE_EVAL(llm::RmsNormOp)
SINTER_INSTANTIATE_EVAL(llm::RopeOp)
SINTER_INSTANTIATE_EVAL(llm::SiluOp)
SINTER_INSTANTIATE_EVAL(llm::AddOp)
SINTER_INSTANTIATE_EVAL(llm::MulOp)
SINTER_INSTANTIATE_EVAL(llm::GatedOp)
