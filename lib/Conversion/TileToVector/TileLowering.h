// TileLowering.h - how an op of the `tile` dialect becomes loops and vectors.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A region function gets three more arguments: the worker's index, the number
// of workers, and the `sinter_call`. Then each tile op in it is replaced, in
// order, by what its lowering builds in its place.
//
// To add a lowering: write
//
//   static LogicalResult lowerEmbed(tile::EmbedOp op, TileLowering &t) {
//     auto [first, last] = t.share(op.getLoc(), op.getRows());
//     ... build with t.b, whose insertion point is before the op ...
//     return success();
//   }
//   void sinter::registerEmbedLowerings(TileLoweringRegistry &registry) {
//     registry.add(lowerEmbed);
//   }
//
// and call the registration in registerTileLowerings (Lowerings.cpp); ops that
// have none are tried with lowerRowOp (RowLowerings.h). A lowering does not
// erase its op; it may build tile.barrier, which is lowered last. What it
// builds may be: memref.load/store/view, vector.load/store and friends,
// scf.for/if/while with iteration arguments, arith,
// math.fma/sqrt/roundeven/absf/ctpop/cttz, llvm.call_intrinsic. All shapes are
// static; a memref is never copied as a whole; nothing is allocated but small
// memref.alloca of the worker (scratch in RowLowerings.h).
#ifndef SINTER_CONVERSION_TILETOVECTOR_TILELOWERING_H
#define SINTER_CONVERSION_TILETOVECTOR_TILELOWERING_H

#include "dialects/Tile/TileOps.h"
#include "lib/Conversion/TileToVector/CpuLevel.h"
#include "lib/Conversion/TileToVector/LaneBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <functional>
#include <utility>

namespace sinter {

class TileLowering {
public:
  TileLowering(mlir::OpBuilder &builder, mlir::func::FuncOp region,
               const CpuLevel &level);

  /// This worker's part of `count` units: [count*w/W, count*(w+1)/W).
  std::pair<mlir::Value, mlir::Value> share(mlir::Location loc,
                                            mlir::Value count);
  /// All workers of the region meet here; if there is `many`, only where that
  /// is a number of rows that does not count as few.
  void barrier(mlir::Location loc, mlir::Value many);

  /// Memory of this worker, on its stack. Ops share what has the same name and
  /// type: nothing stays in it from one to the next.
  mlir::Value scratch(mlir::Location loc, llvm::StringRef name,
                      mlir::MemRefType type);

  /// Whether the CPU at hand has a trait (SINTER_TRAIT_... of KernelAbi.h), i1.
  mlir::Value hasTrait(mlir::Location loc, uint32_t trait);

  mlir::OpBuilder &b;
  mlir::func::FuncOp region;
  const CpuLevel &level;
  mlir::Value worker;  // index
  mlir::Value workers; // index
  mlir::Value call;    // !llvm.ptr to sinter_call

private:
  mlir::Value traits; // i32
  llvm::StringMap<llvm::DenseMap<mlir::Type, mlir::Value>> scratches;
};

class TileLoweringRegistry {
public:
  using Lowering =
      std::function<mlir::LogicalResult(mlir::Operation *, TileLowering &)>;

  template <typename OpT>
  void add(mlir::LogicalResult (*lower)(OpT, TileLowering &)) {
    table[OpT::getOperationName()] = [lower](mlir::Operation *op,
                                             TileLowering &lowering) {
      return lower(mlir::cast<OpT>(op), lowering);
    };
  }
  /// Null if there is none.
  const Lowering *find(llvm::StringRef opName) const {
    auto it = table.find(opName);
    return it == table.end() ? nullptr : &it->second;
  }

private:
  llvm::StringMap<Lowering> table;
};

/// Everything below, in Lowerings.cpp.
void registerTileLowerings(TileLoweringRegistry &registry);

void registerContractLowerings(TileLoweringRegistry &registry);
void registerQuantizeLowerings(TileLoweringRegistry &registry);
void registerEmbedLowerings(TileLoweringRegistry &registry);

/// The name of the exported entry of the kernel `region`.
std::string entryName(llvm::StringRef region);

/// Adds `<name>_entry(!llvm.ptr, i32)` to every region of a module in the LLVM
/// dialect: it loads pointers and scalars from the call and runs the region.
mlir::LogicalResult emitEntries(mlir::ModuleOp module);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_TILELOWERING_H
