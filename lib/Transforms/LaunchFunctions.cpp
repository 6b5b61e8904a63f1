//===- LaunchFunctions.cpp - regions beside those of a model
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/LaunchFunctions.h"

using namespace mlir;
using namespace sinter;

Attribute LaunchFunctions::buffer(StringRef name, int64_t offset) {
  return tile::BufferAttr::get(builder.getContext(), name, offset);
}
Attribute LaunchFunctions::arena(int64_t offset) {
  return tile::ArenaAttr::get(builder.getContext(), offset);
}

void LaunchFunctions::declareBuffer(StringRef name, int64_t bytes) {
  auto first = module.lookupSymbol<tile::BufferOp>("ids");
  builder.setInsertionPointAfter(first);
  tile::BufferOp::create(builder, module.getLoc(), name, StringAttr(), bytes,
                         /*bytes_per_position=*/0, /*bytes_per_worker=*/0);
}

func::FuncOp LaunchFunctions::createRegion(StringRef name,
                                           ArrayRef<Type> inputs) {
  builder.setInsertionPointToEnd(module.getBody());
  auto region = func::FuncOp::create(builder, module.getLoc(), name,
                                     builder.getFunctionType(inputs, {}));
  region.setPrivate();
  region->setAttr(tile::kRegionAttr, builder.getUnitAttr());
  builder.setInsertionPointToStart(region.addEntryBlock());
  return region;
}

func::FuncOp LaunchFunctions::createList(StringRef name, unsigned arguments) {
  builder.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> inputs(arguments, builder.getIndexType());
  auto list = func::FuncOp::create(builder, module.getLoc(), name,
                                   builder.getFunctionType(inputs, {}));
  list.addEntryBlock();
  return list;
}

void LaunchFunctions::launch(OpBuilder &at, StringRef region,
                             ArrayRef<Attribute> bindings, ValueRange scalars) {
  tile::LaunchOp::create(at, module.getLoc(),
                         FlatSymbolRefAttr::get(at.getContext(), region),
                         at.getArrayAttr(bindings), scalars);
}

tile::LaunchOp LaunchFunctions::embed() {
  auto forward = module.lookupSymbol<func::FuncOp>("forward");
  auto launches = forward.getBody().front().getOps<tile::LaunchOp>();
  return launches.empty() ? tile::LaunchOp() : *launches.begin();
}

/// What the first launch of the forward writes into the fixed part of the
/// arena: the hidden state, and what belongs to the rows' positions.
LogicalResult LaunchFunctions::findRows() {
  if (!rows.empty())
    return success();
  tile::LaunchOp first = embed();
  auto region = first ? module.lookupSymbol<func::FuncOp>(first.getCallee())
                      : func::FuncOp();
  ArrayAttr bindings = region ? first.getBindings() : builder.getArrayAttr({});
  for (auto [index, binding] : llvm::enumerate(bindings)) {
    auto place = dyn_cast<tile::ArenaAttr>(binding);
    auto type = dyn_cast<MemRefType>(region.getArgument(index).getType());
    if (!place || !type || type.getRank() < 2)
      continue;
    int64_t width = type.getNumElements() / type.getDimSize(0);
    rows.push_back(
        {place.getOffset(),
         MemRefType::get({type.getDimSize(0), width}, type.getElementType())});
    // The hidden state is the one that is a matrix.
    if (type.getRank() == 2)
      std::swap(rows.front(), rows.back());
  }
  if (rows.empty())
    return module.lookupSymbol("forward")->emitError(
        "has no launch that writes hidden rows into the arena before its "
        "layers");
  return success();
}
