// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpret/Evaluator.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::interpret;

//===----------------------------------------------------------------------===//
// What the functions of ops share
//===----------------------------------------------------------------------===//
template <typename T>
Tensor<T> &Evaluator<T>::make(Frame<T> &frame, mlir::Value result,
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
void Evaluator<T>::decodeRow(const Data &weight, int64_t row, T *out) {
  if (auto *rows = std::get_if<Rows>(&weight)) {
    std::copy_n((*rows)->row(row), (*rows)->cols(), out);
    return;
  }
  const auto &bytes =
      *std::get<std::shared_ptr<const llm::WeightBytes>>(weight);
  if constexpr (std::is_same_v<T, float>) {
    bytes.decodeRow(row, out);
  } else {
    std::vector<float> decoded(bytes.columns);
    bytes.decodeRow(row, decoded.data());
    std::copy(decoded.begin(), decoded.end(), out);
  }
}

template <typename T>
std::vector<T> Evaluator<T>::vector(Frame<T> &frame, mlir::Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  std::vector<T> result(type.getNumElements());
  if (auto *rows = std::get_if<Rows>(&frame[value]))
    return (*rows)->data;
  decodeRow(frame[value], 0, result.data());
  return result;
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

template <typename T>
LogicalResult Evaluator<T>::eval(func::CallOp op, Frame<T> &frame) {
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
LogicalResult Evaluator<T>::eval(arith::ConstantOp op, Frame<T> &frame) {
  auto integer = dyn_cast<IntegerAttr>(op.getValue());
  if (!integer)
    return op.emitError() << "only integer constants are interpreted";
  frame[op.getResult()] = integer.getInt();
  return success();
}

template <typename T>
LogicalResult Evaluator<T>::step(Operation *op, Frame<T> &frame) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .template Case<llm::WeightRefOp, llm::EmbeddingOp, llm::LinearOp,
                     llm::ColumnsOp, llm::ConcatOp, llm::RmsNormOp, llm::RopeOp,
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
Evaluator<T>::call(func::FuncOp function, ArrayRef<Data> args) {
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

template struct sinter::interpret::Evaluator<float>;
template struct sinter::interpret::Evaluator<double>;

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

template <typename T> struct Interpreter<T>::Impl : Evaluator<T> {};

template <typename T>
Interpreter<T>::Interpreter(ModuleOp module, llm::CheckpointSource &source)
    : impl(new Impl{{module, source, {}, {}}}) {}
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
