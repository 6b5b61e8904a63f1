// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Import/Families/ModelBuilder.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace mlir;
using namespace sinter;

std::optional<encoding::Preset> sinter::presetOfType(uint32_t ggmlType) {
  const gguf::TypeInfo *info = gguf::typeInfo(ggmlType);
  if (!info)
    return std::nullopt;
  return encoding::presetByName({info->name.data(), info->name.size()});
}

ModelBuilder::ModelBuilder(const gguf::File &file, MLIRContext *ctx,
                           const ImportOptions &options)
    : file(file), options(options), builder(ctx), loc(UnknownLoc::get(ctx)),
      owner(ModuleOp::create(loc)) {
  builder.setInsertionPointToEnd(owner->getBody());
}

//===----------------------------------------------------------------------===//
// Problems
//===----------------------------------------------------------------------===//

void ModelBuilder::problem(const Twine &what) {
  // Names come from the file and may hold anything.
  std::string line;
  llvm::raw_string_ostream os(line);
  llvm::printEscapedString(what.str(), os);
  problems.push_back(line);
}

/// The first few names of a list, and how many there are.
static std::string summarize(ArrayRef<StringRef> names) {
  std::string text;
  llvm::raw_string_ostream os(text);
  constexpr size_t shown = 8;
  llvm::interleaveComma(names.take_front(shown), os);
  if (names.size() > shown)
    os << " and " << names.size() - shown << " more";
  return text;
}

void ModelBuilder::reportUnknownTypes() {
  llvm::MapVector<uint32_t, SmallVector<StringRef>> unknown;
  for (const gguf::Tensor &tensor : file.tensors())
    if (!presetOfType(tensor.type))
      unknown[tensor.type].push_back(tensor.name);
  for (auto &[type, names] : unknown)
    problem("tensors of unsupported type " + gguf::typeName(type) + ": " +
            summarize(names));
}

void ModelBuilder::reportUnknownTensors(function_ref<bool(StringRef)> isKnown) {
  SmallVector<StringRef> names;
  for (const gguf::Tensor &tensor : file.tensors())
    if (!isKnown(tensor.name))
      names.push_back(tensor.name);
  if (!names.empty())
    problem("unknown tensors: " + summarize(names));
}

/// A value that switches its feature off.
static bool isNeutral(const gguf::Value &value) {
  if (value.size() != 1)
    return value.size() == 0;
  if (std::optional<bool> flag = value.asBool())
    return !*flag;
  if (std::optional<StringRef> text = value.asString())
    return text->empty();
  return value.asDouble() == 0.0;
}

void ModelBuilder::reportUnreadKeys(StringRef prefix) {
  SmallVector<StringRef> names;
  for (const gguf::KeyValue &pair : file.metadata())
    if (pair.key.starts_with(prefix) && !readKeys.contains(pair.key) &&
        !isNeutral(pair.value))
      names.push_back(pair.key);
  if (!names.empty())
    problem("unknown metadata: " + summarize(names));
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

const gguf::Value *ModelBuilder::scalar(StringRef key, bool required) {
  readKeys.insert(key);
  const gguf::Value *value = file.find(key);
  if (!value && required)
    problem("metadata '" + key + "' is missing");
  if (value && value->isArray()) {
    // Some writers store one number a layer; equal ones mean the same.
    for (uint64_t i = 1; i < value->size(); ++i)
      if (value->asDouble(i) != value->asDouble(0)) {
        problem("metadata '" + key +
                "' differs from layer to layer, which is "
                "not supported");
        return nullptr;
      }
  }
  return value;
}

int64_t ModelBuilder::integer(StringRef key, std::optional<int64_t> fallback,
                              int64_t least, int64_t most) {
  const gguf::Value *value = scalar(key, !fallback);
  if (!value)
    return fallback.value_or(0);
  std::optional<int64_t> number = value->asSigned();
  if (number && *number >= least && *number <= most)
    return *number;
  problem("metadata '" + key + "' must be an integer from " + Twine(least) +
          " to " + Twine(most));
  return 0;
}

double ModelBuilder::number(StringRef key, std::optional<double> fallback) {
  const gguf::Value *value = scalar(key, !fallback);
  if (!value)
    return fallback.value_or(0.0);
  std::optional<double> number = value->asDouble();
  if (number && std::isfinite(*number) && *number > 0)
    return *number;
  problem("metadata '" + key + "' must be a positive number");
  return 0.0;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "x");
  return text;
}

bool ModelBuilder::claim(StringRef name, ArrayRef<int64_t> shape) {
  const gguf::Tensor *tensor = file.tensor(name);
  claimed.insert(name);
  if (!tensor) {
    problem("tensor '" + name + "' of shape " + shapeText(shape) +
            " is missing");
    return false;
  }
  if (ArrayRef<int64_t>(tensor->shape) != shape) {
    problem("tensor '" + name + "' has shape " + shapeText(tensor->shape) +
            ", expected " + shapeText(shape));
    return false;
  }
  return presetOfType(tensor->type).has_value();
}

bool ModelBuilder::claimOptional(StringRef name, ArrayRef<int64_t> shape) {
  return hasTensor(name) && claim(name, shape);
}

void ModelBuilder::declareWeights() {
  MLIRContext *ctx = builder.getContext();
  for (const gguf::Tensor &tensor : file.tensors()) {
    std::optional<encoding::Preset> preset = presetOfType(tensor.type);
    if (!preset || !claimed.contains(tensor.name))
      continue;
    auto type = encoding::weightType(ctx, tensor.shape, *preset);
    auto source = llm::FileAttr::get(ctx, file.path(), tensor.name,
                                     tensor.offset, tensor.bytes);
    llm::WeightOp::create(builder, loc, tensor.name, type, source);
  }
}

void ModelBuilder::declareVector(StringRef name, ArrayRef<float> values) {
  MLIRContext *ctx = builder.getContext();
  int64_t size = values.size();
  auto plain = RankedTensorType::get(size, builder.getF32Type());
  auto data = DenseFPElementsAttr::get(plain, values);
  llm::WeightOp::create(
      builder, loc, name,
      encoding::weightType(ctx, size, encoding::Preset::F32),
      llm::DataAttr::get(ctx, cast<DenseFPElementsAttr>(data)));
}

Value ModelBuilder::weight(StringRef name) {
  auto op = owner->lookupSymbol<llm::WeightOp>(name);
  return llm::WeightRefOp::create(builder, loc, op.getType(), op.getSymName());
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

func::FuncOp ModelBuilder::function(StringRef name, TypeRange inputs,
                                    TypeRange results) {
  builder.setInsertionPointToEnd(owner->getBody());
  auto type = builder.getFunctionType(inputs, results);
  auto function = func::FuncOp::create(builder, loc, name, type);
  builder.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

RankedTensorType ModelBuilder::rows(int64_t columns) {
  return RankedTensorType::get({ShapedType::kDynamic, columns},
                               builder.getF32Type());
}

RankedTensorType ModelBuilder::ids() {
  return RankedTensorType::get(ShapedType::kDynamic, builder.getI32Type());
}

FailureOr<OwningOpRef<ModuleOp>> ModelBuilder::finish() {
  if (problems.empty())
    return std::move(owner);
  std::string text;
  for (const std::string &line : problems)
    text += "\n  " + line;
  return emitError(UnknownLoc::get(builder.getContext()))
         << file.path() << ": cannot import this model:" << text;
}
