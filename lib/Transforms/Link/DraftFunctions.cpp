//===- DraftFunctions.cpp - what a model that drafts does beside its own work
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Link/DraftFunctions.h"
#include "lib/Transforms/TrimHead.h"

#include "dialects/Llm/LlmDialect.h"

using namespace mlir;
using namespace sinter;

std::string sinter::draftName(StringRef name) {
  return (tile::kDraftModule + "." + name).str();
}

Attribute DraftFunctions::buffer(StringRef name) {
  return tile::BufferAttr::get(builder.getContext(), name, 0);
}

Attribute DraftFunctions::binding(tile::TokensOp map) {
  return tile::WeightAttr::get(map.getContext(), FlatSymbolRefAttr::get(map));
}

MemRefType DraftFunctions::typeOf(tile::TokensOp map) {
  return MemRefType::get({map.paddedSize()}, builder.getI32Type());
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
    inputs.push_back(typeOf(map));
    bindings.push_back(binding(map));
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

/// Those of the target's tokens that are among the first `count` of the draft.
tile::TokensOp DraftFunctions::createKnown(int64_t count) {
  auto all =
      module->getAttrOfType<IntegerAttr>(llm::LlmDialect::kVocabulary).getInt();
  SmallVector<int32_t> ids(all, -1);
  for (int64_t token = 0; token < all; ++token) {
    int32_t id = tokens ? tokens.getIds()[token] : int32_t(token);
    if (id < count)
      ids[token] = std::max(id, -1);
  }
  if (llvm::all_of(ids, [](int32_t id) { return id < 0; }))
    return module.emitError("none of its tokens is among the first ")
               << count << " of the model that drafts",
           tile::TokensOp();
  builder.setInsertionPointToEnd(module.getBody());
  return tile::TokensOp::create(builder, module.getLoc(), draftName("known"),
                                StringAttr(), count, ids);
}

LogicalResult DraftFunctions::limitVocabulary(int64_t count) {
  auto head = module.lookupSymbol<func::FuncOp>(draftName("head"));
  std::string logits = draftName("logits");
  if (!module->hasAttr(llm::LlmDialect::kVocabulary) ||
      !module.lookupSymbol<tile::BufferOp>("logits"))
    return module.emitError("has no ")
           << llm::LlmDialect::kVocabulary
           << ", or no tile.buffer @logits: some of its tokens cannot be told";
  if (failed(trimHead(head, count, logits)))
    return failure();
  if (!module.lookupSymbol<tile::BufferOp>(logits)) {
    auto with = module.lookupSymbol<tile::BufferOp>("logits");
    builder.setInsertionPointAfter(with);
    auto own = cast<tile::BufferOp>(builder.clone(*with));
    own.setSymName(logits);
    own.setBytes(4 * count);
  }
  tile::TokensOp known = createKnown(count);
  if (!known)
    return failure();
  mapLogits(known);
  return success();
}

void DraftFunctions::mapLogits(tile::TokensOp known) {
  auto head = module.lookupSymbol<func::FuncOp>(draftName("head"));
  Type f32 = builder.getF32Type();
  int64_t own = llvm::alignTo(known.getVocabulary(), 32);
  func::FuncOp region =
      createRegion("map", {MemRefType::get({1, own}, f32), typeOf(known),
                           MemRefType::get({1, known.paddedSize()}, f32)});
  tile::MapLogitsOp::create(builder, module.getLoc(), region.getArgument(0),
                            region.getArgument(1), region.getArgument(2));
  func::ReturnOp::create(builder, module.getLoc());
  OpBuilder at(head.getBody().front().getTerminator());
  launch(at, "map",
         {buffer(draftName("logits")), binding(known), buffer("logits")}, {});
}
