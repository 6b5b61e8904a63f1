// TileToVector.cpp - lowers the regions of a module for one CPU level.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/RowLowerings.h"
#include "lib/Conversion/TileToVector/TileLowering.h"
#include "lib/Conversion/TileToVector/TileToVectorPasses.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace sinter {
#define GEN_PASS_DEF_CONVERTTILETOVECTOR
#define GEN_PASS_DEF_EMITKERNELENTRIES
#include "lib/Conversion/TileToVector/TileToVectorPasses.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

struct ConvertTileToVector
    : sinter::impl::ConvertTileToVectorBase<ConvertTileToVector> {
  using ConvertTileToVectorBase::ConvertTileToVectorBase;

  void runOnOperation() override {
    const CpuLevel *cpu = findCpuLevel(level);
    if (!cpu) {
      getOperation().emitError() << "unknown CPU level '" << level
                                 << "': levels are " << cpuLevelNames();
      return signalPassFailure();
    }
    TileLoweringRegistry registry;
    registerTileLowerings(registry);
    for (auto region : getOperation().getOps<func::FuncOp>())
      if (region->hasAttr(tile::kRegionAttr) &&
          failed(lowerRegion(region, registry, *cpu)))
        return signalPassFailure();
  }

  LogicalResult lowerRegion(func::FuncOp region,
                            const TileLoweringRegistry &registry,
                            const CpuLevel &cpu) {
    OpBuilder builder(&getContext());
    TileLowering lowering(builder, region, cpu);
    int64_t stages = numberBarriers(region);
    for (Operation *stage : stagesOf(region)) {
      builder.setInsertionPoint(stage);
      if (failed(lowerStage(stage, registry, lowering)))
        return failure();
      stage->erase();
      ++lowered;
    }
    lowerBarriers(region, stages, lowering);
    return success();
  }

  /// The barriers of a region end stages 0, 1, ... in the order of the text,
  /// as lib/Analysis/CostModel.h counts them. How many there are.
  static int64_t numberBarriers(func::FuncOp region) {
    int64_t stage = 0;
    Builder builder(region.getContext());
    region.walk([&](tile::BarrierOp op) {
      op->setAttr("tile.stage", builder.getI64IntegerAttr(stage++));
    });
    return stage;
  }

  static void lowerBarriers(func::FuncOp region, int64_t stages,
                            TileLowering &lowering) {
    SmallVector<tile::BarrierOp> barriers;
    region.walk([&](tile::BarrierOp op) { barriers.push_back(op); });
    // What a lowering built lies inside a stage, which the next barrier ends.
    Attribute stage = lowering.b.getI64IntegerAttr(stages);
    for (tile::BarrierOp barrier : llvm::reverse(barriers)) {
      if (Attribute own = barrier->getAttr("tile.stage"))
        stage = own;
      barrier->setAttr("tile.stage", stage);
      lowering.b.setInsertionPoint(barrier);
      lowering.barrier(barrier.getLoc(), barrier.getMany());
      barrier.erase();
    }
  }

  static SmallVector<Operation *> stagesOf(func::FuncOp region) {
    SmallVector<Operation *> stages;
    region.walk([&](Operation *op) {
      if (isa_and_nonnull<tile::TileDialect>(op->getDialect()) &&
          !isa<tile::BarrierOp>(op))
        stages.push_back(op);
    });
    return stages;
  }

  static LogicalResult lowerStage(Operation *stage,
                                  const TileLoweringRegistry &registry,
                                  TileLowering &lowering) {
    if (const auto *lower = registry.find(stage->getName().getStringRef()))
      return (*lower)(stage, lowering);
    RowMachine machine;
    machine.registers = lowering.level.wideRegisters();
    machine.bf16 = lowering.level.bf16;
    if (lowerRowOp(stage, lowering.b, {lowering.worker, lowering.workers},
                   machine))
      return success();
    return stage->emitOpError()
           << "has no lowering for " << lowering.level.name;
  }
};

struct EmitKernelEntries
    : sinter::impl::EmitKernelEntriesBase<EmitKernelEntries> {
  void runOnOperation() override {
    if (failed(emitEntries(getOperation())))
      signalPassFailure();
  }
};

} // namespace
