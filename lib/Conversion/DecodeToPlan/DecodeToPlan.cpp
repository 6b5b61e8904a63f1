// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/DecodeToPlan/DecodeToPlan.h"

#include "dialects/Llm/Fidelity.h"
#include "dialects/Tile/VerifyRule.h"
#include "lib/Conversion/DecodeToPlan/Lowering.h"

namespace sinter {
#define GEN_PASS_DEF_DECODETOPLAN
#include "lib/Conversion/DecodeToPlan/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

void sinter::layoutWeights(ModuleOp module) {
  for (auto section : module.getOps<planir::SectionOp>()) {
    if (section.getKind() != planir::SectionKind::Weights)
      continue;
    uint64_t end = 0;
    for (auto weight : module.getOps<planir::WeightOp>()) {
      if (weight.getSection() != section.getSymName())
        continue;
      // The widest vector load of any target; packers also write whole lines.
      uint64_t offset = llvm::alignTo(end, 64);
      weight.setOffset(offset);
      end = offset + weight.getBytes();
    }
    section.setBytes(end);
  }
}

namespace {

class DecodeToPlanPass
    : public sinter::impl::DecodeToPlanBase<DecodeToPlanPass> {
  void runOnOperation() override;
  void count(ModuleOp module);
};

} // namespace

/// Ops that the plan says by itself now. Regions and weights stay: they are
/// where code and bytes of the plan come from.
static bool isConsumed(Operation &op) {
  if (auto function = dyn_cast<func::FuncOp>(op))
    return !function->hasAttr(tile::kRegionAttr);
  return isa<decode::ProgramOp, decode::DrafterOp, decode::CostsOp,
             decode::DepthsOp, decode::ExitOp, decode::FfnsOp,
             decode::RetrievalOp, tile::BufferOp, tile::StateOp,
             tile::RecurrenceOp, tile::TextOp, decode::ModelSwitchOp>(op);
}

/// Puts the plan ops of `built` in place of everything in `module`, and what
/// code and weights are made from into the module @device.
static void replaceBody(ModuleOp module, ModuleOp built) {
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isConsumed(op))
      op.erase();
  auto device = ModuleOp::create(module.getLoc(), kDeviceModule);
  device.getBody()->getOperations().splice(device.getBody()->end(),
                                           module.getBody()->getOperations());
  module.getBody()->getOperations().splice(module.getBody()->end(),
                                           built.getBody()->getOperations());
  // What they say about the program stands in plan.model now.
  for (NamedAttribute attr : llvm::to_vector(module->getDiscardableAttrs())) {
    device->setDiscardableAttr(attr.getName(), attr.getValue());
    module->removeDiscardableAttr(attr.getName());
  }
  if (device.getBody()->empty())
    device.erase();
  else
    module.push_back(device);
}

/// The rule with its numbers. The function that decides knows them.
static std::string ruleOf(decode::DecideOp decide) {
  auto function =
      SymbolTable::lookupNearestSymbolFrom(decide, decide.getFunctionAttr());
  return function->getAttrOfType<StringAttr>(kRuleAttr).str();
}

/// What rules make of the tokens.
static void declareRules(ModuleOp module) {
  module.walk([&](decode::DecideOp decide) {
    bool keepsLaw = decide.getRule() == decode::RuleKind::Reject;
    declareFidelity(module, keepsLaw ? Fidelity::Distribution : Fidelity::Lossy,
                    "verify_rule", ruleOf(decide));
  });
}

void DecodeToPlanPass::runOnOperation() {
  ModuleOp module = getOperation();
  declareRules(module);
  OwningOpRef<ModuleOp> built = ModuleOp::create(module.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(built->getBody());
  if (failed(lowerDeclarations(module, builder)))
    return signalPassFailure();
  layoutWeights(*built);
  for (Operation &op : *module.getBody()) {
    LogicalResult result = success();
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      if (!function->hasAttr(tile::kRegionAttr))
        result = lowerFunction(function, builder);
    } else if (auto program = dyn_cast<decode::ProgramOp>(op)) {
      result = lowerProgram(program, builder);
    }
    if (failed(result))
      return signalPassFailure();
  }
  replaceBody(module, *built);
  count(module);
}

void DecodeToPlanPass::count(ModuleOp module) {
  for (Operation &op : *module.getBody()) {
    if (isa<planir::KernelOp>(op))
      ++numKernels;
    else if (auto section = dyn_cast<planir::SectionOp>(op))
      weightBytes += section.getBytes();
    else if (isa<planir::FuncOp>(op))
      op.walk([&](planir::DispatchOp) { ++numDispatches; });
  }
}
