// The `tile` dialect: stages over packed operands.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_DIALECTS_TILE_TILEOPS_H
#define SINTER_DIALECTS_TILE_TILEOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Tile/TileDialect.h.inc"
#include "dialects/Tile/TileEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.h.inc"

namespace sinter::tile {

/// Marks a function that all workers run together.
inline constexpr llvm::StringLiteral kRegionAttr = "tile.region";
/// A nested module that waits to be linked: a second model, which drafts.
inline constexpr llvm::StringLiteral kDraftModule = "draft";
/// On the module, after that: the checkpoint it came from.
inline constexpr llvm::StringLiteral kDraftSource = "tile.draft_source";
/// Weights of a store of texts, and what their names begin with.
inline constexpr llvm::StringLiteral kRetrieval = "retrieval";
inline constexpr llvm::StringLiteral kRetrievalKeys = "retrieval.keys";
inline constexpr llvm::StringLiteral kRetrievalLaws = "retrieval.laws";

/// Up to so many rows count as few: one pass over a strip. To repeat a norm of
/// few rows costs a worker less than to wait for another one.
inline constexpr int64_t kFewRows = 4;
/// Copies that a buffer made with `split = own` has room for. More workers than
/// that share the rows, be they few or many.
inline constexpr int64_t kOwnCopies = 64;
/// Groups of 4 code rows from one worker's copy to that of the next. They share
/// no cache line.
int64_t ownGroupStep(int64_t blocks, int64_t terms);

} // namespace sinter::tile

#endif
