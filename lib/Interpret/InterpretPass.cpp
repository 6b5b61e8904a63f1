// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpret/Interpreter.h"
#include "lib/Interpret/Npy.h"
#include "lib/Interpret/Passes.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace sinter {
#define GEN_PASS_DEF_INTERPRET
#include "lib/Interpret/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;
using namespace sinter::interpret;

namespace {
/// Reproducible numbers in [-1, 1).
struct Noise {
  uint64_t state;
  double next() {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<double>(state >> 32) * 0x1p-31 - 1.0;
  }
};

/// For tools that open no files.
struct NoCheckpoints : llm::CheckpointSource {
  llvm::Expected<llvm::ArrayRef<uint8_t>> read(llm::FileAttr where) override {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   where.getPath() +
                                       ": this tool reads no checkpoints");
  }
};

class InterpretPass : public sinter::impl::InterpretBase<InterpretPass> {
public:
  using InterpretBase::InterpretBase;
  explicit InterpretPass(OpenCheckpoints open) : open(std::move(open)) {}

private:
  OpenCheckpoints open = [] { return std::make_unique<NoCheckpoints>(); };

  void runOnOperation() override {
    LogicalResult done = f64 ? execute<double>() : execute<float>();
    if (failed(done))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

  template <typename T> LogicalResult execute() {
    std::unique_ptr<llm::CheckpointSource> source = open();
    Interpreter<T> interpreter(getOperation(), *source);
    if (!function.empty())
      return runFunction(interpreter);
    if (ids.empty())
      return getOperation().emitError()
             << "--interpret needs ids=... or function=...";
    return runModel(interpreter);
  }

  template <typename T> LogicalResult runModel(Interpreter<T> &interpreter) {
    auto cache = interpreter.makeCache();
    if (failed(cache))
      return failure();
    SmallVector<int32_t> all(ids.begin(), ids.end());
    size_t step = chunk > 0 ? static_cast<size_t>(chunk) : all.size();
    Tensor<T> logits;
    for (ArrayRef<int32_t> rest = all; !rest.empty();) {
      ArrayRef<int32_t> now = rest.take_front(step);
      auto part = interpreter.logits(*cache, now);
      if (failed(part))
        return failure();
      rest = rest.drop_front(now.size());
      logits.shape = {static_cast<int64_t>(all.size()), (*part)->cols()};
      llvm::append_range(logits.data, (*part)->data);
    }
    for (int64_t r = 0; r < logits.rows(); ++r) {
      ArrayRef<T> row(logits.row(r), logits.cols());
      const T *best = llvm::max_element(row);
      llvm::outs() << "position " << r << ": token " << best - row.begin()
                   << llvm::format(" logit %.5f\n", double(*best));
    }
    return save(logits);
  }

  template <typename T>
  FailureOr<interpret::Value<T>> makeArgument(Type type, Noise &noise) {
    if (isa<IndexType>(type))
      return interpret::Value<T>(int64_t(0));
    if (auto kv = dyn_cast<llm::KVCacheType>(type))
      return interpret::Value<T>(std::make_shared<Cache<T>>(kv));
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return getOperation().emitError()
             << "cannot make an argument of " << type;
    if (tensor.getElementType().isInteger(32)) {
      auto counted = std::make_shared<Ids>(rows);
      for (int64_t i = 0; i < rows; ++i)
        (*counted)[i] = static_cast<int32_t>(i);
      return interpret::Value<T>(counted);
    }
    SmallVector<int64_t> shape;
    for (int64_t dim : tensor.getShape())
      shape.push_back(ShapedType::isDynamic(dim) ? int64_t(rows) : dim);
    auto values = std::make_shared<Tensor<T>>(shape);
    for (T &value : values->data)
      value = static_cast<T>(static_cast<float>(noise.next()));
    return interpret::Value<T>(values);
  }

  template <typename T> LogicalResult runFunction(Interpreter<T> &interpreter) {
    auto op = getOperation().lookupSymbol<func::FuncOp>(function);
    if (!op)
      return getOperation().emitError() << "there is no function @" << function;
    Noise noise{seed};
    SmallVector<interpret::Value<T>> arguments;
    for (Type type : op.getArgumentTypes()) {
      FailureOr<interpret::Value<T>> argument = makeArgument<T>(type, noise);
      if (failed(argument))
        return failure();
      arguments.push_back(*argument);
    }
    auto results = interpreter.run(function, arguments);
    if (failed(results))
      return failure();
    const Tensor<T> *first = nullptr;
    for (auto [index, result] : llvm::enumerate(*results))
      if (auto *tensor = std::get_if<std::shared_ptr<Tensor<T>>>(&result)) {
        print(index, **tensor);
        first = first ? first : tensor->get();
      }
    return first ? save(*first) : success();
  }

  template <typename T> void print(size_t index, const Tensor<T> &tensor) {
    raw_ostream &os = llvm::outs();
    os << "result " << index << ": ";
    llvm::interleave(tensor.shape, os, "x");
    double sum = 0;
    for (T value : tensor.data)
      sum += std::abs(static_cast<double>(value));
    size_t count = tensor.data.size();
    os << llvm::format(", mean %.5g:", sum / std::max<size_t>(count, 1));
    for (T value : ArrayRef<T>(tensor.data).take_front(8))
      os << llvm::format(" %.5g", static_cast<double>(value));
    os << "\n";
  }

  template <typename T> LogicalResult save(const Tensor<T> &tensor) {
    if (output.empty())
      return success();
    if (llvm::Error error =
            writeNpy<T>(output, tensor.shape, ArrayRef<T>(tensor.data)))
      return getOperation().emitError() << toString(std::move(error));
    return success();
  }
};
} // namespace

std::unique_ptr<Pass> sinter::createInterpretPass(OpenCheckpoints open) {
  return std::make_unique<InterpretPass>(std::move(open));
}

void sinter::registerInterpreter(OpenCheckpoints open) {
  registerPass([open = std::move(open)] { return createInterpretPass(open); });
}
