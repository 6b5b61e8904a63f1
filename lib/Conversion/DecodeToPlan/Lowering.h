// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts of decode-to-plan.

#ifndef SINTER_LIB_CONVERSION_DECODETOPLAN_LOWERING_H
#define SINTER_LIB_CONVERSION_DECODETOPLAN_LOWERING_H

#include "dialects/Decode/DecodeOps.h"
#include "dialects/Plan/PlanOps.h"
#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace sinter {

/// Names of the sections that hold the weights of a model, and of one that
/// drafts for it.
inline constexpr llvm::StringLiteral kWeightSection = "weights";
inline constexpr llvm::StringLiteral kDraftSection = tile::kDraftModule;
/// Likewise, of the store that a text's depth is looked up in.
inline constexpr llvm::StringLiteral kRetrievalSection = tile::kRetrieval;

/// Declares model, buffers, states, weights and kernels of `module` at the
/// place of `builder`.
mlir::LogicalResult lowerDeclarations(mlir::ModuleOp module,
                                      mlir::OpBuilder &builder);

/// The store that depths are looked up in.
void lowerRetrieval(decode::RetrievalOp op, mlir::OpBuilder &builder);

/// What a launch binds, as the plan says it; null for an unknown binding.
mlir::Attribute lowerBinding(mlir::Attribute binding);

/// Names for people who read the plan. Arguments say them with `tile.name`;
/// else those of a launch list follow from the program that calls it, and
/// those of a region from its first launch.
struct KernelNames {
  llvm::SmallVector<std::string> bindings, scalars;
};
KernelNames kernelNames(mlir::func::FuncOp region);
llvm::SmallVector<std::string> parameterNames(mlir::func::FuncOp function);

inline llvm::SmallVector<llvm::StringRef>
toRefs(llvm::ArrayRef<std::string> strings) {
  return llvm::SmallVector<llvm::StringRef>(strings.begin(), strings.end());
}

/// Appends the plan function of a launch list or of a program.
mlir::LogicalResult lowerFunction(mlir::func::FuncOp function,
                                  mlir::OpBuilder &builder);
mlir::LogicalResult lowerProgram(decode::ProgramOp program,
                                 mlir::OpBuilder &builder);

} // namespace sinter

#endif
