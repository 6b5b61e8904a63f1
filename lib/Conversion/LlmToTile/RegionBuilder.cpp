//===- RegionBuilder.cpp - one tile region from llm ops -------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/LlmToTile/RegionBuilder.h"
#include "dialects/Tile/KvLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace sinter;

/// Bound of pages in a plane's type: the runtime's page table decides.
static constexpr int64_t kPageBound = 1 << 20;

RegionBuilder::RegionBuilder(ModuleOp module, StringRef name,
                             const TileOptions &options, int64_t rows,
                             unsigned numScalars)
    : RegionBuilder(
          module, name, options, rows,
          SmallVector<Type>(numScalars, IndexType::get(module.getContext()))) {}

RegionBuilder::RegionBuilder(ModuleOp module, StringRef name,
                             const TileOptions &options, int64_t rows,
                             ArrayRef<Type> scalars)
    : builder(module.getContext()), location(module.getLoc()), options(options),
      rowCapacity(rows) {
  auto arena = MemRefType::get({64}, builder.getI8Type());
  builder.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> inputs = {arena};
  llvm::append_range(inputs, scalars);
  func = func::FuncOp::create(builder, location, name,
                              builder.getFunctionType(inputs, {}));
  func.setPrivate();
  func->setAttr("tile.region", builder.getUnitAttr());
  Block *entry = func.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  BindingSpec spec;
  spec.fixed = tile::ArenaAttr::get(builder.getContext(), 0);
  specs.push_back(spec);
}

Value RegionBuilder::scalar(unsigned index) {
  return func.getArgument(specs.size() + index);
}

Value RegionBuilder::alloc(ArrayRef<int64_t> shape, Type element) {
  return memref::AllocOp::create(builder, location,
                                 MemRefType::get(shape, element));
}

Value RegionBuilder::allocRows(int64_t cols, Type element) {
  return allocRows(rowCapacity, cols, element);
}

Value RegionBuilder::allocRows(int64_t rows, int64_t cols, Type element) {
  return alloc({rows, padded(cols)}, element ? element : builder.getF32Type());
}

Value RegionBuilder::addArgument(Type type, BindingSpec spec) {
  func.getBody().front().insertArgument(specs.size(), type, location);
  specs.push_back(std::move(spec));
  return func.getArgument(specs.size() - 1);
}

Value RegionBuilder::fixedBuffer(Attribute binding, MemRefType type) {
  for (auto [index, spec] : llvm::enumerate(specs))
    if (index > 0 && spec.fixed == binding)
      return func.getArgument(index);
  BindingSpec spec;
  spec.fixed = binding;
  return addArgument(type, std::move(spec));
}

Value RegionBuilder::matrix(ValueRange weights, tile::PackedAttr packed) {
  SmallVector<Value> list(weights.begin(), weights.end());
  for (auto [index, spec] : llvm::enumerate(specs))
    if (spec.packed == packed && spec.weights == list)
      return func.getArgument(index);
  BindingSpec spec;
  spec.weights = std::move(list);
  spec.packed = packed;
  auto layout = tile::StripLayout::getVerified(
      packed.getEncoding(), packed.getRows(), packed.getCols());
  return addArgument(MemRefType::get({layout.totalBytes}, builder.getI8Type()),
                     std::move(spec));
}

Value RegionBuilder::vector(ValueRange weights, tile::Arrange arrange) {
  SmallVector<Value> list(weights.begin(), weights.end());
  int64_t size = 0;
  for (Value weight : weights)
    size += cast<RankedTensorType>(weight.getType()).getNumElements();
  for (auto [index, spec] : llvm::enumerate(specs))
    if (spec.vectorSize == size && spec.weights == list)
      return func.getArgument(index);
  BindingSpec spec;
  spec.weights = std::move(list);
  spec.vectorSize = size;
  spec.arrange = arrange;
  return addArgument(MemRefType::get({padded(size)}, builder.getF32Type()),
                     std::move(spec));
}

Value RegionBuilder::plane(int index, llm::KVCacheType cache) {
  for (auto [at, spec] : llvm::enumerate(specs))
    if (spec.plane == index)
      return func.getArgument(at);
  BindingSpec spec;
  spec.plane = index;
  int64_t heads = cache.getKvHeads(), dim = cache.getHeadDim();
  Type type = index == 0 ? options.keyType : options.valueType;
  SmallVector<int64_t> shape = {kPageBound};
  llvm::append_range(shape, index == 0
                                ? tile::keyPageShape(type, heads, dim)
                                : tile::valuePageShape(type, heads, dim));
  return addArgument(MemRefType::get(shape, type), std::move(spec));
}

Value RegionBuilder::pages() {
  auto state = FlatSymbolRefAttr::get(builder.getContext(), "kv");
  return fixedBuffer(tile::PagesAttr::get(builder.getContext(), state),
                     MemRefType::get({kPageBound}, builder.getI32Type()));
}

Value RegionBuilder::rowPlaces() {
  return fixedBuffer(
      tile::BufferAttr::get(builder.getContext(), "runs", 0),
      MemRefType::get({options.maxRows, 4}, builder.getI32Type()));
}

void RegionBuilder::finish() {
  func::ReturnOp::create(builder, location);
  func.setType(
      builder.getFunctionType(func.getBody().front().getArgumentTypes(), {}));
}
