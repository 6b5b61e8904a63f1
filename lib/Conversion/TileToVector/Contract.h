// Contract.h - what the contraction kernels share.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_CONTRACT_H
#define SINTER_CONVERSION_TILETOVECTOR_CONTRACT_H

#include "dialects/Tile/StripLayout.h"
#include "lib/Conversion/TileToVector/Bf16.h"
#include "lib/Conversion/TileToVector/StripReader.h"
#include "lib/Conversion/TileToVector/TileLowering.h"

namespace sinter {

/// One pass over a strip: what it multiplies, and which sums it makes.
struct ContractPass {
  mlir::Value strip;      // index
  mlir::Value tokenGroup; // index; input rows are 4 * tokenGroup + token
  int64_t tokens;         // rows of this pass
  /// Registers of outputs: group i is the rows [i * lanes, (i+1) * lanes) of
  /// the strip.
  llvm::SmallVector<int64_t> groups;
  FetchAhead ahead; // what is fetched, if this pass reads it first
};

/// The loop over k of one kind of kernel. Result: the sums, token by token, for
/// each token group by group. There is one accumulator for each (row, output)
/// and k rises; nothing may change that.
using ContractLoop = llvm::SmallVector<mlir::Value> (*)(
    tile::ContractOp, const tile::StripLayout &, TileLowering &,
    const ContractPass &);

/// int8 activations, integer dots: exact inside a block of 32 columns.
llvm::SmallVector<mlir::Value> emitDotLoop(tile::ContractOp op,
                                           const tile::StripLayout &layout,
                                           TileLowering &t,
                                           const ContractPass &pass);
/// Registers of outputs that its loop takes at once: sixteen registers do not
/// hold the high bits of several, or two sums for each dot.
int64_t dotGroups(const tile::StripLayout &layout, const CpuLevel &level,
                  int64_t tokens);

/// f32 activations, weights decoded in registers: every encoding.
llvm::SmallVector<mlir::Value> emitFmaLoop(tile::ContractOp op,
                                           const tile::StripLayout &layout,
                                           TileLowering &t,
                                           const ContractPass &pass);

/// bf16 activations, weights decoded in registers and rounded: every encoding.
llvm::SmallVector<mlir::Value> emitBf16Loop(tile::ContractOp op,
                                            const tile::StripLayout &layout,
                                            TileLowering &t,
                                            const ContractPass &pass);
/// Codes times f16 scales are multiples of 2^-24.
Bf16::Size weightSize(const tile::StripLayout &layout);

/// Many rows of f32 or bf16 activations: strips [first, last). Calls
/// `epilogue(strip, row, sums)` once for each row, with the sums of all groups
/// of a strip's outputs in order.
using RowEpilogue = llvm::function_ref<void(mlir::Value, mlir::Value,
                                            llvm::ArrayRef<mlir::Value>)>;
void emitPanelContract(tile::ContractOp op, const tile::StripLayout &layout,
                       TileLowering &t, mlir::Value firstStrip,
                       mlir::Value lastStrip, RowEpilogue epilogue);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_CONTRACT_H
