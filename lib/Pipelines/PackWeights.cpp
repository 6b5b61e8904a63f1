//===- PackWeights.cpp - bytes of a plan's weights
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/PackWeights.h"

#include "lib/Target/X86/Pack.h"
#include "llvm/Support/MathExtras.h"

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

/// About this much is packed at once.
static constexpr uint64_t kPanelBytes = 2 << 20;

llvm::Expected<WeightPackers::Sources> WeightPackers::read(ArrayAttr sources) {
  auto result = std::make_shared<std::vector<llm::WeightBytes>>();
  for (auto symbol : sources.getAsRange<FlatSymbolRefAttr>()) {
    auto weight =
        dyn_cast_or_null<llm::WeightOp>(ops.lookup(symbol.getValue()));
    if (!weight)
      return error("there is no llm.weight @" + symbol.getValue());
    auto bytes = llm::WeightBytes::get(weight, source);
    if (!bytes)
      return bytes.takeError();
    result->push_back(std::move(*bytes));
  }
  return Sources(std::move(result));
}

static StringRef nameAt(ArrayAttr sources, size_t index) {
  return cast<FlatSymbolRefAttr>(sources[index]).getValue();
}

static llvm::Error wrongSize(StringRef name, uint64_t takes, uint64_t has) {
  return error("@" + name + " takes " + Twine(takes) +
               " bytes, but the plan has " + Twine(has));
}

llvm::Expected<std::vector<WeightPanel>>
WeightPackers::divideMatrix(tile::PackedOp op, uint64_t bytes) {
  auto read = this->read(op.getSources());
  if (!read)
    return read.takeError();
  std::vector<PackSource> sources;
  for (auto [index, weight] : llvm::enumerate(**read))
    sources.push_back({nameAt(op.getSources(), index).str(),
                       weight.bytes().data(), weight.rows});
  auto created = StripPacker::create(op.getPacked(), std::move(sources));
  if (!created)
    return created.takeError();
  auto packer = std::make_shared<const StripPacker>(std::move(*created));
  const tile::StripLayout &layout = packer->layout();
  if (uint64_t(layout.totalBytes) != bytes)
    return wrongSize(op.getSymName(), layout.totalBytes, bytes);
  int64_t step = llvm::divideCeil(kPanelBytes, layout.stripBytes);
  std::vector<WeightPanel> panels;
  for (int64_t first = 0; first < layout.strips; first += step) {
    int64_t last = std::min(first + step, layout.strips);
    auto pack = [this, op, packer, first, last,
                 weights = *read](MutableArrayRef<uint8_t> out) mutable {
      return explain(packer->pack(first, last, out.data()), op.getSources(),
                     *weights);
    };
    panels.push_back({uint64_t(first * layout.stripBytes),
                      uint64_t((last - first) * layout.stripBytes),
                      std::move(pack)});
  }
  return panels;
}

/// A packer that meets a number that is not finite knows the row; where that
/// lies in the file is found by another look.
llvm::Error WeightPackers::explain(llvm::Error failed, ArrayAttr sources,
                                   ArrayRef<llm::WeightBytes> bytes) const {
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

llvm::Expected<std::vector<WeightPanel>>
WeightPackers::divideVector(tile::VectorOp op, uint64_t bytes) {
  auto read = this->read(op.getSources());
  if (!read)
    return read.takeError();
  auto pack = [this, op, weights = *read](
                  MutableArrayRef<uint8_t> out) mutable -> llvm::Error {
    std::vector<VectorSource> sources;
    for (auto [index, weight] : llvm::enumerate(*weights))
      sources.push_back({nameAt(op.getSources(), index).str(),
                         weight.bytes().data(), weight.rows * weight.columns,
                         weight.preset});
    auto values = packVector(sources, op.getSize(), op.getArrange());
    if (!values)
      return explain(values.takeError(), op.getSources(), *weights);
    if (values->size() * sizeof(float) != out.size())
      return wrongSize(op.getSymName(), values->size() * sizeof(float),
                       out.size());
    std::memcpy(out.data(), values->data(), out.size());
    return llvm::Error::success();
  };
  return std::vector<WeightPanel>{{0, bytes, std::move(pack)}};
}

std::vector<WeightPanel> WeightPackers::divideTokens(tile::TokensOp op,
                                                     uint64_t bytes) {
  auto pack = [op](MutableArrayRef<uint8_t> out) mutable -> llvm::Error {
    std::vector<int32_t> ids(op.getIds());
    ids.resize(op.paddedSize(), -1);
    if (4 * ids.size() != out.size())
      return wrongSize(op.getSymName(), 4 * ids.size(), out.size());
    std::memcpy(out.data(), ids.data(), out.size());
    return llvm::Error::success();
  };
  return {{0, bytes, std::move(pack)}};
}

llvm::Expected<std::vector<WeightPanel>> WeightPackers::divide(StringRef name,
                                                               uint64_t bytes) {
  Operation *op = ops.lookup(name);
  if (auto packed = dyn_cast_or_null<tile::PackedOp>(op))
    return divideMatrix(packed, bytes);
  if (auto vector = dyn_cast_or_null<tile::VectorOp>(op))
    return divideVector(vector, bytes);
  if (auto tokens = dyn_cast_or_null<tile::TokensOp>(op))
    return divideTokens(tokens, bytes);
  return error("the device module does not say how to pack @" + name);
}
