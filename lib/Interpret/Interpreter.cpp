// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpret/Interpreter.h"

#include "lib/Interpret/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::interpret;

//===----------------------------------------------------------------------===//
// Environment
//===----------------------------------------------------------------------===//

/// The values of one function call.
template <typename T>
using Frame = llvm::DenseMap<mlir::Value, interpret::Value<T>>;

template <typename T> struct Interpreter<T>::Impl {
  ModuleOp module;
  llm::CheckpointSource &source;
  llvm::StringMap<std::shared_ptr<const llm::WeightBytes>> weights;
  llvm::DenseSet<Operation *> checked;

  using Data = interpret::Value<T>;
  using Rows = std::shared_ptr<Tensor<T>>;

  FailureOr<SmallVector<Data>> call(func::FuncOp function, ArrayRef<Data> args);
  LogicalResult step(Operation *op, Frame<T> &frame);

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
  static LogicalResult sameRows(Operation *op, int64_t rows, const Ids &ids) {
    if (rows == static_cast<int64_t>(ids.size()))
      return success();
    return op->emitError() << rows << " rows and " << ids.size()
                           << " positions";
  }
  /// A tensor for a result: dynamic sizes are \p rows.
  static Tensor<T> &make(Frame<T> &frame, mlir::Value result, int64_t rows);

  void decodeRow(const Data &weight, int64_t row, T *out);
  std::vector<T> vector(Frame<T> &frame, mlir::Value value);
  LogicalResult layerOf(Operation *op, Frame<T> &frame, mlir::Value index,
                        int64_t layers, int64_t &layer);

  LogicalResult eval(llm::WeightRefOp op, Frame<T> &frame);
  LogicalResult eval(llm::EmbeddingOp op, Frame<T> &frame);
  LogicalResult eval(llm::LinearOp op, Frame<T> &frame);
  LogicalResult eval(llm::ColumnsOp op, Frame<T> &frame);
  LogicalResult eval(llm::RmsNormOp op, Frame<T> &frame);
  LogicalResult eval(llm::RopeOp op, Frame<T> &frame);
  LogicalResult eval(llm::KVAppendOp op, Frame<T> &frame);
  LogicalResult eval(llm::ScoresOp op, Frame<T> &frame);
  LogicalResult eval(llm::CausalMaskOp op, Frame<T> &frame);
  LogicalResult eval(llm::SoftmaxOp op, Frame<T> &frame);
  LogicalResult eval(llm::MixOp op, Frame<T> &frame);
  LogicalResult eval(llm::AttentionOp op, Frame<T> &frame);
  LogicalResult eval(llm::SiluOp op, Frame<T> &frame);
  LogicalResult eval(llm::AddOp op, Frame<T> &frame);
  LogicalResult eval(llm::MulOp op, Frame<T> &frame);
  LogicalResult eval(llm::GatedOp op, Frame<T> &frame);
  LogicalResult eval(func::CallOp op, Frame<T> &frame);
  LogicalResult eval(arith::ConstantOp op, Frame<T> &frame);
};

template <typename T>
Tensor<T> &Interpreter<T>::Impl::make(Frame<T> &frame, mlir::Value result,
                                      int64_t rows) {
  SmallVector<int64_t, 3> shape;
  for (int64_t dim : cast<RankedTensorType>(result.getType()).getShape())
    shape.push_back(ShapedType::isDynamic(dim) ? rows : dim);
  auto tensor = std::make_shared<Tensor<T>>(shape);
  frame[result] = tensor;
  return *tensor;
}

/// Row \p row of a weight, which is the bytes of a checkpoint or a tensor.
template <typename T>
void Interpreter<T>::Impl::decodeRow(const Data &weight, int64_t row, T *out) {
  if (auto *rows = std::get_if<Rows>(&weight)) {
    std::copy_n((*rows)->row(row), (*rows)->cols(), out);
    return;
  }
  const auto &bytes =
      *std::get<std::shared_ptr<const llm::WeightBytes>>(weight);
  std::vector<float> decoded(bytes.columns);
  bytes.decodeRow(row, decoded.data());
  std::copy(decoded.begin(), decoded.end(), out);
}

template <typename T>
std::vector<T> Interpreter<T>::Impl::vector(Frame<T> &frame,
                                            mlir::Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  std::vector<T> result(type.getNumElements());
  if (auto *rows = std::get_if<Rows>(&frame[value]))
    return (*rows)->data;
  decodeRow(frame[value], 0, result.data());
  return result;
}

//===----------------------------------------------------------------------===//
// Weights, linear, norm
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::WeightRefOp op, Frame<T> &frame) {
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
LogicalResult Interpreter<T>::Impl::eval(llm::EmbeddingOp op, Frame<T> &frame) {
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
LogicalResult Interpreter<T>::Impl::eval(llm::LinearOp op, Frame<T> &frame) {
  const Tensor<T> &x = tensor(frame, op.getX());
  int64_t rows = x.rows(), depth = x.cols(), first = 0;
  std::vector<T> turned(rows * depth), weight(depth), sums(rows);
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
    for (int64_t n = 0; n < count; ++n) {
      decodeRow(frame[matrix], n, weight.data());
      std::fill(sums.begin(), sums.end(), T(0));
      accumulate(weight.data(), turned.data(), depth, rows, sums.data());
      int64_t column = interleaved ? llm::interleavedRow(part, n) : first + n;
      for (int64_t r = 0; r < rows; ++r)
        result.row(r)[column] = sums[r] + bias[n];
    }
    first += count;
  }
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::ColumnsOp op, Frame<T> &frame) {
  const Tensor<T> &x = tensor(frame, op.getX());
  Tensor<T> &result = make(frame, op.getResult(), x.rows());
  for (int64_t r = 0; r < x.rows(); ++r)
    std::copy_n(x.row(r) + op.getFirst(), result.cols(), result.row(r));
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::RmsNormOp op, Frame<T> &frame) {
  const Tensor<T> &x = tensor(frame, op.getX());
  std::vector<T> weight = vector(frame, op.getWeight());
  Tensor<T> &result = make(frame, op.getResult(), x.rows());
  for (int64_t r = 0; r < x.rows(); ++r)
    rmsNorm(x.row(r), weight.data(), x.cols(), op.getEps().convertToFloat(),
            result.row(r));
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::RopeOp op, Frame<T> &frame) {
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
// Attention
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Interpreter<T>::Impl::layerOf(Operation *op, Frame<T> &frame,
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
LogicalResult Interpreter<T>::Impl::eval(llm::KVAppendOp op, Frame<T> &frame) {
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
LogicalResult Interpreter<T>::Impl::eval(llm::ScoresOp op, Frame<T> &frame) {
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
LogicalResult Interpreter<T>::Impl::eval(llm::CausalMaskOp op,
                                         Frame<T> &frame) {
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
LogicalResult Interpreter<T>::Impl::eval(llm::SoftmaxOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getScores()));
  for (int64_t r = 0; r < result->shape[0] * result->shape[1]; ++r)
    softmax(result->row(r), result->cols());
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::MixOp op, Frame<T> &frame) {
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
LogicalResult Interpreter<T>::Impl::eval(llm::AttentionOp op, Frame<T> &frame) {
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

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::SiluOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getX()));
  for (T &value : result->data)
    value = silu(value);
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::AddOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getLhs()));
  for (auto [value, other] :
       llvm::zip(result->data, tensor(frame, op.getRhs()).data))
    value += other;
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::MulOp op, Frame<T> &frame) {
  auto result = std::make_shared<Tensor<T>>(tensor(frame, op.getLhs()));
  for (auto [value, other] :
       llvm::zip(result->data, tensor(frame, op.getRhs()).data))
    value *= other;
  frame[op.getResult()] = result;
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(llm::GatedOp op, Frame<T> &frame) {
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

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(func::CallOp op, Frame<T> &frame) {
  auto callee = module.lookupSymbol<func::FuncOp>(op.getCallee());
  SmallVector<Data> arguments;
  for (mlir::Value operand : op.getOperands())
    arguments.push_back(frame[operand]);
  FailureOr<SmallVector<Data>> results = call(callee, arguments);
  if (failed(results))
    return failure();
  for (auto [result, data] : llvm::zip(op.getResults(), *results))
    frame[result] = data;
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::eval(arith::ConstantOp op,
                                         Frame<T> &frame) {
  auto integer = dyn_cast<IntegerAttr>(op.getValue());
  if (!integer)
    return op.emitError() << "only integer constants are interpreted";
  frame[op.getResult()] = integer.getInt();
  return success();
}

template <typename T>
LogicalResult Interpreter<T>::Impl::step(Operation *op, Frame<T> &frame) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .template Case<llm::WeightRefOp, llm::EmbeddingOp, llm::LinearOp,
                     llm::ColumnsOp, llm::RmsNormOp, llm::RopeOp,
                     llm::KVAppendOp, llm::ScoresOp, llm::CausalMaskOp,
                     llm::SoftmaxOp, llm::MixOp, llm::AttentionOp, llm::SiluOp,
                     llm::AddOp, llm::MulOp, llm::GatedOp, func::CallOp,
                     arith::ConstantOp>(
          [&](auto typed) { return eval(typed, frame); })
      .Default([](Operation *other) {
        return other->emitError() << "the interpreter does not know this op";
      });
}

/// Drops values that no later op reads: a layer's intermediates are many.
template <typename T> static void release(Operation *op, Frame<T> &frame) {
  for (mlir::Value operand : op->getOperands())
    if (llvm::all_of(operand.getUsers(), [&](Operation *user) {
          return user == op || user->isBeforeInBlock(op);
        }))
      frame.erase(operand);
}

template <typename T>
FailureOr<SmallVector<interpret::Value<T>>>
Interpreter<T>::Impl::call(func::FuncOp function, ArrayRef<Data> args) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitError() << "only functions of one block are "
                                   "interpreted";
  if (checked.insert(function).second &&
      failed(llm::verifyLinearState(function)))
    return failure();
  Frame<T> frame;
  for (auto [argument, data] : llvm::zip(function.getArguments(), args))
    frame[argument] = data;
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (failed(step(&op, frame)))
      return failure();
    release(&op, frame);
  }
  SmallVector<Data> results;
  for (mlir::Value value :
       function.getBody().front().getTerminator()->getOperands())
    results.push_back(frame[value]);
  return results;
}

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

template <typename T>
Interpreter<T>::Interpreter(ModuleOp module, llm::CheckpointSource &source)
    : impl(new Impl{module, source, {}, {}}) {}
template <typename T> Interpreter<T>::~Interpreter() = default;

/// Checks that an argument holds what its type says.
template <typename T>
static bool fits(Type type, const interpret::Value<T> &data) {
  if (isa<IndexType>(type))
    return std::holds_alternative<int64_t>(data);
  if (auto kv = dyn_cast<llm::KVCacheType>(type)) {
    auto *cache = std::get_if<std::shared_ptr<Cache<T>>>(&data);
    return cache && (*cache)->type == kv;
  }
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return false;
  if (tensor.getElementType().isInteger(32))
    return std::holds_alternative<std::shared_ptr<Ids>>(data);
  if (std::holds_alternative<std::shared_ptr<const llm::WeightBytes>>(data))
    return true;
  auto *rows = std::get_if<std::shared_ptr<Tensor<T>>>(&data);
  return rows &&
         succeeded(verifyCompatibleShape(tensor.getShape(), (*rows)->shape));
}

template <typename T>
FailureOr<SmallVector<interpret::Value<T>>>
Interpreter<T>::run(StringRef name, ArrayRef<interpret::Value<T>> arguments) {
  auto function = impl->module.template lookupSymbol<func::FuncOp>(name);
  if (!function)
    return impl->module.emitError() << "there is no function @" << name;
  if (function.getNumArguments() != arguments.size())
    return function.emitError() << "takes " << function.getNumArguments()
                                << " arguments, got " << arguments.size();
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes()))
    if (!fits(type, arguments[index]))
      return function.emitError() << "argument " << index << " is no " << type;
  return impl->call(function, arguments);
}

template <typename T>
FailureOr<std::shared_ptr<Cache<T>>> Interpreter<T>::makeCache() {
  auto forward = impl->module.template lookupSymbol<func::FuncOp>("forward");
  if (forward)
    for (Type type : forward.getArgumentTypes())
      if (auto kv = dyn_cast<llm::KVCacheType>(type))
        return std::make_shared<Cache<T>>(kv);
  return impl->module.emitError()
         << "the module has no function @forward that takes a cache";
}

template <typename T>
FailureOr<std::shared_ptr<Tensor<T>>>
Interpreter<T>::logits(const std::shared_ptr<Cache<T>> &cache,
                       ArrayRef<int32_t> ids) {
  auto tokens = std::make_shared<Ids>(ids.begin(), ids.end());
  auto positions = std::make_shared<Ids>();
  int32_t length = cache->keys.front().size() / cache->type.getCols();
  for (size_t i = 0; i < ids.size(); ++i)
    positions->push_back(length + static_cast<int32_t>(i));
  auto hidden = run("forward", {tokens, positions, cache});
  if (failed(hidden))
    return failure();
  auto result = run("head", {hidden->front()});
  if (failed(result))
    return failure();
  return std::get<std::shared_ptr<Tensor<T>>>(result->front());
}

template class sinter::interpret::Interpreter<float>;
template class sinter::interpret::Interpreter<double>;
