//===- KernelOps.cpp - what the kernels of a plan do, as text -------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/KernelOps.h"

#include "dialects/Plan/PlanOps.h"
#include "lib/Analysis/CostModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::analysis;

/// Index of an argument of the region among its buffers, or its scalars; none
/// for what the region computes itself.
static std::optional<unsigned> placeOf(func::FuncOp region, Value value) {
  auto argument = dyn_cast_if_present<BlockArgument>(value);
  if (!argument || argument.getOwner() != &region.getBody().front())
    return std::nullopt;
  bool isBuffer = isa<MemRefType>(value.getType());
  unsigned place = 0;
  for (Type before :
       region.getArgumentTypes().take_front(argument.getArgNumber()))
    place += isa<MemRefType>(before) == isBuffer;
  return place;
}

/// "blk.*.attn_q.weight+blk.*.attn_k.weight:packed" says no more to people than
/// "attn_q+attn_k".
static std::string shortName(StringRef matrix) {
  matrix.consume_back(":packed");
  SmallVector<StringRef> parts;
  matrix.split(parts, '+');
  for (StringRef &part : parts) {
    part.consume_front("blk.*.");
    part.consume_back(".weight");
  }
  return llvm::join(parts, "+");
}

/// "contract ffn_down": the op and the matrix it reads.
static std::string nameOf(const OpCost &cost, func::FuncOp region,
                          planir::KernelOp kernel) {
  std::string name = cost.name.str();
  if (std::optional<unsigned> place = placeOf(region, cost.weight))
    name +=
        " " +
        shortName(cast<StringAttr>(kernel.getBindings()[*place]).getValue());
  return name;
}

static llvm::json::Value describe(const StageOp &op, func::FuncOp region,
                                  planir::KernelOp kernel) {
  OpCost cost = costOf(op.op);
  auto scalar = [&](Value value) -> int64_t {
    std::optional<unsigned> place = placeOf(region, value);
    return place ? *place + 1 : 0;
  };
  llvm::json::Object object{{"name", nameOf(cost, region, kernel)},
                            {"stage", int64_t(op.stage)},
                            {"rows", scalar(cost.rows)},
                            {"position", scalar(cost.at)}};
  tile::BarrierOp end = op.end;
  if (end && end.getMany())
    object["joins"] = llvm::json::Array{scalar(end.getMany()), tile::kFewRows,
                                        tile::kOwnCopies};
  if (cost.seenLast > 0)
    object["seen"] = llvm::json::Array{cost.seenFirst, cost.seenLast};
  for (auto [key, value] :
       {std::pair("weights", cost.weightBytes),
        std::pair("state", cost.stateBytes),
        std::pair("activations", cost.activationBytes),
        std::pair("int8", cost.int8Ops), std::pair("f32", cost.f32Ops),
        std::pair("bf16", cost.bf16Ops)}) {
    llvm::json::Array terms;
    for (int64_t term : value.terms())
      terms.push_back(term);
    if (value.terms() != Cost().terms())
      object[key] = std::move(terms);
  }
  return object;
}

std::string sinter::analysis::kernelOps(ModuleOp plan, ModuleOp device) {
  llvm::json::Object kernels;
  SymbolTable regions(device);
  for (auto kernel : plan.getOps<planir::KernelOp>()) {
    auto region = regions.lookup<func::FuncOp>(kernel.getSymName());
    if (!region)
      continue;
    llvm::json::Array ops;
    for (const StageOp &op : stagesOf(region))
      ops.push_back(describe(op, region, kernel));
    kernels[kernel.getSymName()] = std::move(ops);
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(kernels));
  return text;
}
