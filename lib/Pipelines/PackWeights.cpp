//===- PackWeights.cpp - bytes of a plan's weights
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/PackWeights.h"

#include "lib/Target/X86/Pack.h"

using namespace mlir;
using namespace sinter;

static llvm::Error error(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

WeightPackers::WeightPackers(ModuleOp device, llm::CheckpointSource &source)
    : source(source) {
  for (Operation &op : *device.getBody())
    if (auto symbol = dyn_cast<SymbolOpInterface>(op))
      ops[symbol.getName()] = &op;
}

llvm::Expected<std::vector<llm::WeightBytes>>
WeightPackers::read(ArrayAttr sources) {
  std::vector<llm::WeightBytes> result;
  for (auto symbol : sources.getAsRange<FlatSymbolRefAttr>()) {
    auto weight =
        dyn_cast_or_null<llm::WeightOp>(ops.lookup(symbol.getValue()));
    if (!weight)
      return error("there is no llm.weight @" + symbol.getValue());
    auto bytes = llm::WeightBytes::get(weight, source);
    if (!bytes)
      return bytes.takeError();
    result.push_back(std::move(*bytes));
  }
  return result;
}

static StringRef nameAt(ArrayAttr sources, size_t index) {
  return cast<FlatSymbolRefAttr>(sources[index]).getValue();
}

llvm::Error WeightPackers::packMatrix(tile::PackedOp op,
                                      MutableArrayRef<uint8_t> out) {
  auto bytes = read(op.getSources());
  if (!bytes)
    return bytes.takeError();
  std::vector<PackSource> sources;
  for (auto [index, weight] : llvm::enumerate(*bytes))
    sources.push_back({nameAt(op.getSources(), index).str(),
                       weight.bytes().data(), weight.rows});
  auto packer = StripPacker::create(op.getPacked(), std::move(sources));
  if (!packer)
    return packer.takeError();
  if (uint64_t(packer->layout().totalBytes) != out.size())
    return error("@" + op.getSymName() + " takes " +
                 Twine(packer->layout().totalBytes) +
                 " bytes, but the plan has " + Twine(out.size()));
  return explain(packer->pack(0, packer->layout().strips, out.data()),
                 op.getSources(), *bytes);
}

/// A packer that meets a number that is not finite knows the row; where that
/// lies in the file is found by another look.
llvm::Error WeightPackers::explain(llvm::Error failed, ArrayAttr sources,
                                   ArrayRef<llm::WeightBytes> bytes) {
  if (!failed)
    return failed;
  for (auto [symbol, weight] :
       llvm::zip(sources.getAsRange<FlatSymbolRefAttr>(), bytes)) {
    auto op = cast<llm::WeightOp>(ops.lookup(symbol.getValue()));
    if (llvm::Error better = llm::checkFinite(op, weight)) {
      llvm::consumeError(std::move(failed));
      return better;
    }
  }
  return failed;
}

llvm::Error WeightPackers::packVector(tile::VectorOp op,
                                      MutableArrayRef<uint8_t> out) {
  auto bytes = read(op.getSources());
  if (!bytes)
    return bytes.takeError();
  std::vector<VectorSource> sources;
  for (auto [index, weight] : llvm::enumerate(*bytes))
    sources.push_back({nameAt(op.getSources(), index).str(),
                       weight.bytes().data(), weight.rows * weight.columns,
                       weight.preset});
  auto values = sinter::packVector(sources, op.getSize(), op.getArrange());
  if (!values)
    return explain(values.takeError(), op.getSources(), *bytes);
  if (values->size() * sizeof(float) != out.size())
    return error("@" + op.getSymName() + " takes " +
                 Twine(values->size() * sizeof(float)) +
                 " bytes, but the plan has " + Twine(out.size()));
  std::memcpy(out.data(), values->data(), out.size());
  return llvm::Error::success();
}

llvm::Error WeightPackers::pack(StringRef name, MutableArrayRef<uint8_t> out) {
  Operation *op = ops.lookup(name);
  if (auto packed = dyn_cast_or_null<tile::PackedOp>(op))
    return packMatrix(packed, out);
  if (auto vector = dyn_cast_or_null<tile::VectorOp>(op))
    return packVector(vector, out);
  return error("the device module does not say how to pack @" + name);
}
