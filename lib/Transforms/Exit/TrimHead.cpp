//===- TrimHead.cpp - a head that knows some tokens alone
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Exit/TrimHead.h"

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

FailureOr<func::FuncOp> sinter::trimHead(ModuleOp module, int64_t tokens) {
  std::string name = "exit.head." + std::to_string(tokens);
  if (auto made = module.lookupSymbol<func::FuncOp>(name))
    return made;
  auto head = module.lookupSymbol<func::FuncOp>("head");
  auto launches = head.getBody().front().getOps<tile::LaunchOp>();
  auto region =
      llvm::hasSingleElement(launches)
          ? module.lookupSymbol<func::FuncOp>((*launches.begin()).getCallee())
          : func::FuncOp();
  if (!region || !findOutput(region))
    return head.emitError("@head does not end in the rows of one matrix; a "
                          "probe cannot ask it about some tokens alone");
  if (tokens >= findOutput(region).getWeight().getRows())
    return head.emitError("@head knows ")
           << findOutput(region).getWeight().getRows()
           << " tokens; a probe cannot ask about the first " << tokens;
  auto builder = OpBuilder::atBlockEnd(module.getBody());
  auto rows = cast<func::FuncOp>(builder.clone(*region));
  rows.setSymName(name + ".rows");
  trimRegion(rows, findOutput(rows), tokens);
  auto list = cast<func::FuncOp>(builder.clone(*head));
  list.setSymName(name);
  tile::LaunchOp launch =
      *list.getBody().front().getOps<tile::LaunchOp>().begin();
  SmallVector<Attribute> bindings(launch.getBindings().getValue());
  for (Attribute &binding : bindings)
    if (auto buffer = dyn_cast<tile::BufferAttr>(binding);
        buffer && buffer.getName() == "logits")
      binding = tile::BufferAttr::get(module.getContext(), kTrimmedLogits, 0);
  launch.setCallee(rows.getSymName());
  launch.setBindingsAttr(builder.getArrayAttr(bindings));
  return list;
}
