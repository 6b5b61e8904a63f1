//===- DraftFunctions.cpp - what a model that drafts does beside its own work
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Link/DraftFunctions.h"

#include "dialects/Llm/LlmDialect.h"

using namespace mlir;
using namespace sinter;

std::string sinter::draftName(StringRef name) {
  return (tile::kDraftModule + "." + name).str();
}

Attribute DraftFunctions::buffer(StringRef name) {
  return tile::BufferAttr::get(builder.getContext(), name, 0);
}

Attribute DraftFunctions::tokensBinding() {
  return tile::WeightAttr::get(builder.getContext(),
                               FlatSymbolRefAttr::get(tokens));
}

MemRefType DraftFunctions::tokensType() {
  return MemRefType::get({tokens.paddedSize()}, builder.getI32Type());
}

func::FuncOp DraftFunctions::createRegion(StringRef name,
                                          ArrayRef<Type> inputs) {
  builder.setInsertionPointToEnd(module.getBody());
  auto region = func::FuncOp::create(builder, module.getLoc(), draftName(name),
                                     builder.getFunctionType(inputs, {}));
  region.setPrivate();
  region->setAttr(tile::kRegionAttr, builder.getUnitAttr());
  builder.setInsertionPointToStart(region.addEntryBlock());
  return region;
}

void DraftFunctions::launch(OpBuilder &at, StringRef region,
                            ArrayRef<Attribute> bindings, ValueRange scalars) {
  tile::LaunchOp::create(
      at, module.getLoc(),
      FlatSymbolRefAttr::get(at.getContext(), draftName(region)),
      at.getArrayAttr(bindings), scalars);
}

LogicalResult DraftFunctions::readHistory(StringRef function, StringRef into,
                                          StringRef name, tile::TokensOp map) {
  auto forward = module.lookupSymbol<func::FuncOp>(function);
  auto ids = module.lookupSymbol<tile::BufferOp>(into);
  if (!ids || forward.getNumArguments() < 2)
    return forward.emitError("takes rows and their position, and reads a "
                             "tile.buffer @ids, where it follows a text");
  Type i32 = builder.getI32Type(), index = builder.getIndexType();
  auto context =
      module->getAttrOfType<IntegerAttr>(llm::LlmDialect::kMaxContext);
  SmallVector<Type> inputs = {
      MemRefType::get({context ? context.getInt() : 0}, i32),
      MemRefType::get({int64_t(ids.getBytes() / 4)}, i32)};
  SmallVector<Attribute> bindings = {buffer("history"), buffer(into)};
  if (map) {
    inputs.push_back(tokensType());
    bindings.push_back(tokensBinding());
  }
  inputs.append({index, index});
  func::FuncOp region = createRegion(name, inputs);
  unsigned scalars = bindings.size();
  tile::ReadHistoryOp::create(
      builder, module.getLoc(), region.getArgument(0), region.getArgument(1),
      region.getArgument(scalars), region.getArgument(scalars + 1),
      map ? Value(region.getArgument(2)) : Value());
  func::ReturnOp::create(builder, module.getLoc());
  auto at = OpBuilder::atBlockBegin(&forward.getBody().front());
  launch(at, name, bindings, forward.getArguments().take_front(2));
  return success();
}

void DraftFunctions::mapLogits() {
  auto head = module.lookupSymbol<func::FuncOp>(draftName("head"));
  Type f32 = builder.getF32Type();
  int64_t own = llvm::alignTo(tokens.getVocabulary(), 32);
  func::FuncOp region =
      createRegion("map", {MemRefType::get({1, own}, f32), tokensType(),
                           MemRefType::get({1, tokens.paddedSize()}, f32)});
  tile::MapLogitsOp::create(builder, module.getLoc(), region.getArgument(0),
                            region.getArgument(1), region.getArgument(2));
  func::ReturnOp::create(builder, module.getLoc());
  OpBuilder at(head.getBody().front().getTerminator());
  launch(at, "map",
         {buffer(draftName("logits")), tokensBinding(), buffer("logits")}, {});
}
