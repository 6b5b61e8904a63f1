//===- DraftFunctions.h - what a model that drafts does beside its own work
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_LINK_DRAFTFUNCTIONS_H
#define SINTER_LIB_TRANSFORMS_LINK_DRAFTFUNCTIONS_H

#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace sinter {

/// The name that a part of the model that drafts has in its target's module.
std::string draftName(llvm::StringRef name);

/// Adds to `@draft.forward` and `@draft.head` of a module what ties them to the
/// text of the model they draft for, or both models to a text that they follow.
class DraftFunctions {
public:
  /// `tokens`: null where both have the same vocabulary.
  DraftFunctions(mlir::ModuleOp module, tile::TokensOp tokens)
      : module(module), tokens(tokens), builder(module.getContext()) {}

  /// Before the forward: the ids of its rows, in `@draft.ids`, are those of the
  /// text.
  mlir::LogicalResult readHistory() {
    return readHistory(draftName("forward"), draftName("ids"), "read", tokens);
  }
  /// The same of the model that is drafted for.
  mlir::LogicalResult readTargetHistory() {
    return readHistory("forward", "ids", "read_target", tile::TokensOp());
  }
  /// After the head: the logits of a row, in the order of the target's tokens.
  void mapLogits() { mapLogits(tokens); }
  /// `@draft.head` knows the first `count` tokens of its model alone; no other
  /// one is drafted.
  mlir::LogicalResult limitVocabulary(int64_t count);

private:
  mlir::LogicalResult readHistory(llvm::StringRef function,
                                  llvm::StringRef buffer,
                                  llvm::StringRef region, tile::TokensOp map);
  void mapLogits(tile::TokensOp known);
  tile::TokensOp createKnown(int64_t count);
  mlir::func::FuncOp createRegion(llvm::StringRef name,
                                  llvm::ArrayRef<mlir::Type> inputs);
  void launch(mlir::OpBuilder &at, llvm::StringRef region,
              llvm::ArrayRef<mlir::Attribute> bindings,
              mlir::ValueRange scalars);
  mlir::Attribute buffer(llvm::StringRef name);
  static mlir::Attribute binding(tile::TokensOp map);
  mlir::MemRefType typeOf(tile::TokensOp map);

  mlir::ModuleOp module;
  tile::TokensOp tokens;
  mlir::OpBuilder builder;
};

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_LINK_DRAFTFUNCTIONS_H
