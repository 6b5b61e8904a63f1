//===- LaunchFunctions.h - regions beside those of a model ------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_LAUNCHFUNCTIONS_H
#define SINTER_LIB_TRANSFORMS_LAUNCHFUNCTIONS_H

#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace sinter {

/// Adds regions, lists that launch them, and buffers to a module of the tile
/// level, which has a list of launches `@forward`.
class LaunchFunctions {
protected:
  explicit LaunchFunctions(mlir::ModuleOp module)
      : module(module), builder(module.getContext()) {}

  /// Rows that live through the forward, as its first launch writes them.
  struct Rows {
    int64_t offset;
    mlir::MemRefType type;
  };
  mlir::LogicalResult findRows();
  /// The first launch of the forward, which makes hidden rows of ids.
  tile::LaunchOp embed();
  mlir::func::FuncOp createRegion(llvm::StringRef name,
                                  llvm::ArrayRef<mlir::Type> inputs);
  mlir::func::FuncOp createList(llvm::StringRef name, unsigned arguments);
  void declareBuffer(llvm::StringRef name, int64_t bytes);
  mlir::Attribute buffer(llvm::StringRef name, int64_t offset = 0);
  mlir::Attribute arena(int64_t offset);
  void launch(mlir::OpBuilder &at, llvm::StringRef region,
              llvm::ArrayRef<mlir::Attribute> bindings,
              mlir::ValueRange scalars);
  const Rows &hidden() const { return rows.front(); }

  mlir::ModuleOp module;
  mlir::OpBuilder builder;
  llvm::SmallVector<Rows> rows; // the hidden state first
};

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_LAUNCHFUNCTIONS_H
