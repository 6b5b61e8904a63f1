// TileToVectorPasses.td - from stages to loops and vectors.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_PASSES
#define SINTER_CONVERSION_TILETOVECTOR_PASSES

include "mlir/Pass/PassBase.td"

def ConvertTileToVector : Pass<"convert-tile-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lower the regions of `tile` to loops and vectors of one CPU level";
  let description = [{
    Every function with `tile.region` gets the arguments (worker index, number of
    workers, `sinter_call` pointer), and its tile ops become loops over this
    worker's part, with vectors of the level's width.

    Before:
    ```mlir
    func.func @k(%x: memref<4x64xf32>, %n: index) attributes {tile.region} {
      tile.barrier
      return
    }
    ```
    After: an indirect call of the barrier in the `sinter_call`.
  }];
  let options = [
    Option<"level", "level", "std::string", "\"x86-64-v3\"",
           "CPU level, one of x86-64-v3, x86-64-v4, x86-64-v3-vnni, x86-64-v4-vnni, x86-64-v4-bf16">
  ];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::memref::MemRefDialect",
    "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"
  ];
  let statistics = [
    Statistic<"lowered", "lowered", "Number of tile ops lowered">
  ];
}

def EmitKernelEntries : Pass<"emit-kernel-entries", "::mlir::ModuleOp"> {
  let summary = "Give every region of a module in the LLVM dialect its entry";
  let description = [{
    `@k_entry(call, worker)` loads the buffers and scalars of the `sinter_call`
    and calls the region `@k`, which becomes internal.
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect"];
}

#endif // SINTER_CONVERSION_TILETOVECTOR_PASSES
