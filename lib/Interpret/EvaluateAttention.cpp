// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpret/Evaluator.h"
#include "lib/Interpret/Loops.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::interpret;

template <typename T>
LogicalResult Evaluator<T>::layerOf(Operation *op, Frame<T> &frame,
                                    mlir::Value index, int64_t layers,
                                    int64_t &layer) {
  layer = std::get<int64_t>(frame[index]);
  if (layer >= 0 && layer < layers)
    return success();
  return op->emitError() << "layer " << layer << " of a cache of " << layers;
}

/// A number as the cache keeps it; writes saturate.
template <typename T> static T roundTo(Type element, T value) {
  if (element.isF16()) {
    T clamped = std::min<T>(std::max<T>(value, -65504), 65504);
    return encoding::halfToFloat(
        encoding::floatToHalf(static_cast<float>(clamped)));
  }
  if (element.isBF16())
    return encoding::bfloatToFloat(
        encoding::floatToBfloat(static_cast<float>(value)));
  return value;
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::KVAppendOp op, Frame<T> &frame) {
  Cache<T> &kv = cache(frame, op.getKv());
  int64_t layer, cols = kv.type.getCols();
  if (failed(layerOf(op, frame, op.getLayer(), kv.type.getLayers(), layer)))
    return failure();
  const Ids &positions = ids(frame, op.getPositions());
  if (failed(sameRows(op, tensor(frame, op.getK()).rows(), positions)) ||
      failed(sameRows(op, tensor(frame, op.getV()).rows(), positions)))
    return failure();
  auto write = [&](std::vector<T> &plane,
                   const Tensor<T> &rows) -> LogicalResult {
    for (auto [r, position] : llvm::enumerate(positions)) {
      int64_t length = plane.size() / cols;
      if (position < 0 || position > length)
        return op.emitError()
               << "position " << position << " does not follow the " << length
               << " positions in the cache";
      plane.resize(std::max<int64_t>(length, position + 1) * cols);
      for (int64_t k = 0; k < cols; ++k)
        plane[position * cols + k] =
            roundTo(kv.type.getElement(), rows.row(r)[k]);
    }
    return success();
  };
  if (failed(write(kv.keys[layer], tensor(frame, op.getK()))) ||
      failed(write(kv.values[layer], tensor(frame, op.getV()))))
    return failure();
  int64_t length = kv.keys[layer].size() / cols;
  make(frame, op.getKeys(), length).data = kv.keys[layer];
  make(frame, op.getValues(), length).data = kv.values[layer];
  Data handle = frame[op.getKv()];
  frame[op.getNext()] = handle;
  return success();
}

namespace {
/// How query heads share the heads of keys and values.
struct Heads {
  int64_t heads, kvHeads, size;
  int64_t ofQuery(int64_t h) const { return h * size; }
  int64_t ofKey(int64_t h) const { return h / (heads / kvHeads) * size; }
};
template <typename Op> Heads headsOf(Op op) {
  return {static_cast<int64_t>(op.getHeads()),
          static_cast<int64_t>(op.getKvHeads()),
          static_cast<int64_t>(op.getHeadDim())};
}

/// The scores of one row and head over the first keys.
template <typename T>
void scoreRow(const T *query, const T *keys, int64_t cols, int64_t size,
              T scale, int64_t count, T *scores) {
  for (int64_t j = 0; j < count; ++j)
    scores[j] = scale * dot(query, keys + j * cols, size);
}

template <typename T>
void mixRow(const T *probabilities, const T *values, int64_t cols, int64_t size,
            int64_t count, T *out) {
  std::fill_n(out, size, T(0));
  for (int64_t j = 0; j < count; ++j)
    for (int64_t d = 0; d < size; ++d)
      out[d] = std::fma(probabilities[j], values[j * cols + d], out[d]);
}
} // namespace

template <typename T>
LogicalResult Evaluator<T>::eval(llm::ScoresOp op, Frame<T> &frame) {
  const Tensor<T> &q = tensor(frame, op.getQ());
  const Tensor<T> &keys = tensor(frame, op.getKeys());
  Heads heads = headsOf(op);
  auto result = std::make_shared<Tensor<T>>(
      ArrayRef<int64_t>{heads.heads, q.rows(), keys.rows()});
  for (int64_t h = 0; h < heads.heads; ++h)
    for (int64_t r = 0; r < q.rows(); ++r)
      scoreRow(q.row(r) + heads.ofQuery(h), keys.row(0) + heads.ofKey(h),
               keys.cols(), heads.size, T(op.getScale().convertToFloat()),
               keys.rows(), result->row(h * q.rows() + r));
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::CausalMaskOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getScores()));
  const Ids &positions = ids(frame, op.getPositions());
  int64_t rows = result->shape[1];
  if (failed(sameRows(op, rows, positions)))
    return failure();
  for (int64_t h = 0; h < result->shape[0]; ++h)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t j = positions[r] + 1; j < result->cols(); ++j)
        result->row(h * rows + r)[j] = -std::numeric_limits<T>::infinity();
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::SoftmaxOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getScores()));
  for (int64_t r = 0; r < result->shape[0] * result->shape[1]; ++r)
    softmax(result->row(r), result->cols());
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::MixOp op, Frame<T> &frame) {
  const Tensor<T> &p = tensor(frame, op.getProbabilities());
  const Tensor<T> &values = tensor(frame, op.getValues());
  Heads heads = headsOf(op);
  int64_t rows = p.shape[1];
  Tensor<T> &result = make(frame, op.getResult(), rows);
  for (int64_t h = 0; h < heads.heads; ++h)
    for (int64_t r = 0; r < rows; ++r)
      mixRow(p.row(h * rows + r), values.row(0) + heads.ofKey(h), values.cols(),
             heads.size, values.rows(), result.row(r) + heads.ofQuery(h));
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::eval(llm::AttentionOp op, Frame<T> &frame) {
  const Tensor<T> &q = tensor(frame, op.getQ());
  const Cache<T> &kv = cache(frame, op.getKv());
  const Ids &positions = ids(frame, op.getPositions());
  Heads heads = headsOf(op);
  int64_t layer, cols = kv.type.getCols();
  if (failed(layerOf(op, frame, op.getLayer(), kv.type.getLayers(), layer)) ||
      failed(sameRows(op, q.rows(), positions)))
    return failure();
  const std::vector<T> &keys = kv.keys[layer], &values = kv.values[layer];
  Tensor<T> &result = make(frame, op.getResult(), q.rows());
  for (int64_t r = 0; r < q.rows(); ++r) {
    int64_t visible = int64_t(positions[r]) + 1;
    if (visible > static_cast<int64_t>(keys.size()) / cols)
      return op.emitError()
             << "position " << positions[r] << " is not in the cache yet";
    std::vector<T> scores(visible);
    for (int64_t h = 0; h < heads.heads; ++h) {
      scoreRow(q.row(r) + heads.ofQuery(h), keys.data() + heads.ofKey(h), cols,
               heads.size, T(op.getScale().convertToFloat()), visible,
               scores.data());
      softmax(scores.data(), visible);
      mixRow(scores.data(), values.data() + heads.ofKey(h), cols, heads.size,
             visible, result.row(r) + heads.ofQuery(h));
    }
  }
  return success();
}

SINTER_INSTANTIATE_EVAL(llm::KVAppendOp)
SINTER_INSTANTIATE_EVAL(llm::ScoresOp)
SINTER_INSTANTIATE_EVAL(llm::CausalMaskOp)
SINTER_INSTANTIATE_EVAL(llm::SoftmaxOp)
SINTER_INSTANTIATE_EVAL(llm::MixOp)
SINTER_INSTANTIATE_EVAL(llm::AttentionOp)
