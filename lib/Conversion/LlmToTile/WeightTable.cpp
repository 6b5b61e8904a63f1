//===- WeightTable.cpp - packed matrices and vectors of a module ----------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/LlmToTile/WeightTable.h"

using namespace mlir;
using namespace sinter;

WeightTable::WeightTable(ModuleOp module)
    : builder(module.getBodyRegion()), loc(module.getLoc()) {
  builder.setInsertionPointToEnd(module.getBody());
}

/// The symbol of an equal entry, or a new name made of the sources' names.
FlatSymbolRefAttr WeightTable::reuseOrName(StringRef suffix,
                                           ArrayRef<FlatSymbolRefAttr> sources,
                                           Attribute what, bool &isNew) {
  MLIRContext *ctx = builder.getContext();
  SmallVector<Attribute> list(sources.begin(), sources.end());
  FlatSymbolRefAttr &symbol = known[{ArrayAttr::get(ctx, list), what}];
  isNew = !symbol;
  if (symbol)
    return symbol;
  std::string name;
  for (FlatSymbolRefAttr source : sources)
    name += (name.empty() ? "" : "+") + source.getValue().str();
  name += suffix.str();
  // The same sources may be packed in two ways.
  std::string unique = name;
  for (unsigned i = 1; !names.try_emplace(unique, what).second; ++i)
    unique = name + "." + std::to_string(i);
  symbol = FlatSymbolRefAttr::get(ctx, unique);
  return symbol;
}

FlatSymbolRefAttr WeightTable::packed(ArrayRef<FlatSymbolRefAttr> sources,
                                      tile::PackedAttr attr) {
  bool isNew = false;
  FlatSymbolRefAttr symbol = reuseOrName(":packed", sources, attr, isNew);
  if (isNew) {
    SmallVector<Attribute> list(sources.begin(), sources.end());
    tile::PackedOp::create(builder, loc, symbol.getValue(), StringAttr(),
                           builder.getArrayAttr(list), attr);
    ++packedCount;
  }
  return symbol;
}

FlatSymbolRefAttr WeightTable::vector(ArrayRef<FlatSymbolRefAttr> sources,
                                      int64_t size, tile::Arrange arrange) {
  bool isNew = false;
  Attribute what = builder.getI64IntegerAttr(size * 2 + int64_t(arrange));
  FlatSymbolRefAttr symbol = reuseOrName(":vector", sources, what, isNew);
  if (isNew) {
    SmallVector<Attribute> list(sources.begin(), sources.end());
    tile::VectorOp::create(builder, loc, symbol.getValue(), StringAttr(),
                           builder.getArrayAttr(list), size, arrange);
  }
  return symbol;
}
