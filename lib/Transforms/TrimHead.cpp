//===- TrimHead.cpp - a head that knows some tokens alone
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/TrimHead.h"

#include "dialects/Tile/StripLayout.h"

using namespace mlir;
using namespace sinter;

/// What makes the logits: rows of a stacked matrix, which both are arguments of
/// the region.
static tile::ContractOp findOutput(func::FuncOp region) {
  tile::ContractOp found;
  for (auto contract : region.getBody().front().getOps<tile::ContractOp>())
    found = contract;
  bool known = found && isa<BlockArgument>(found.getW()) &&
               isa<BlockArgument>(found.getOut()) && !found.getBias() &&
               !found.getResidual() &&
               found.getWeight().getArrange() == tile::Arrange::Stack;
  return known ? found : tile::ContractOp();
}

/// The first `tokens` rows of the matrix: strips follow one another.
static void trimRegion(func::FuncOp region, tile::ContractOp output,
                       int64_t tokens) {
  MLIRContext *ctx = region.getContext();
  tile::PackedAttr all = output.getWeight();
  auto some = tile::PackedAttr::get(ctx, all.getEncoding(), tokens,
                                    all.getCols(), all.getArrange());
  auto layout =
      tile::StripLayout::getVerified(all.getEncoding(), tokens, all.getCols());
  output.setWeightAttr(some);
  output.getW().setType(
      MemRefType::get({layout.totalBytes}, IntegerType::get(ctx, 8)));
  output.getOut().setType(MemRefType::get({1, tokens}, Float32Type::get(ctx)));
  region.setFunctionType(
      FunctionType::get(ctx, region.getBody().front().getArgumentTypes(), {}));
}

/// Where the logits go.
static void rebind(tile::LaunchOp launch, StringRef logits) {
  MLIRContext *context = launch.getContext();
  SmallVector<Attribute> bindings(launch.getBindings().getValue());
  for (Attribute &binding : bindings)
    if (auto buffer = dyn_cast<tile::BufferAttr>(binding);
        buffer && buffer.getName().ends_with("logits"))
      binding = tile::BufferAttr::get(context, logits, 0);
  launch.setBindingsAttr(ArrayAttr::get(context, bindings));
}

LogicalResult sinter::trimHead(func::FuncOp head, int64_t tokens,
                               StringRef logits) {
  auto module = head->getParentOfType<ModuleOp>();
  std::string name = "@" + head.getSymName().str();
  auto launches = head.getBody().front().getOps<tile::LaunchOp>();
  auto region =
      llvm::hasSingleElement(launches)
          ? module.lookupSymbol<func::FuncOp>((*launches.begin()).getCallee())
          : func::FuncOp();
  tile::ContractOp output = region ? findOutput(region) : tile::ContractOp();
  if (!output)
    return head.emitError(name) << " does not end in the rows of one matrix; "
                                   "it cannot be asked about some tokens alone";
  int64_t all = output.getWeight().getRows();
  if (tokens >= all)
    return head.emitError(name)
           << " knows " << all << " tokens; it cannot be asked about the first "
           << tokens << " alone";
  auto builder = OpBuilder::atBlockEnd(module.getBody());
  auto rows = cast<func::FuncOp>(builder.clone(*region));
  rows.setSymName((head.getSymName() + ".rows").str());
  trimRegion(rows, findOutput(rows), tokens);
  tile::LaunchOp launch = *launches.begin();
  launch.setCallee(rows.getSymName());
  rebind(launch, logits);
  if (SymbolTable::symbolKnownUseEmpty(region, module))
    region.erase();
  return success();
}
