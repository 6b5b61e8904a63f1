//===- DraftModel.h - a second model that drafts for the first
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_DRAFTMODEL_H
#define SINTER_LIB_PIPELINES_DRAFTMODEL_H

#include "lib/Import/Text/MatchTokens.h"
#include "lib/Pipelines/CompileOptions.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace sinter {

/// The model of --speculate=draft:PATH. It goes through the phases of a model
/// by itself; after the tile phase it becomes a nested module of the model it
/// drafts for, which tile-link-draft takes apart.
class DraftModel {
public:
  /// Imports the checkpoint and checks that it can draft for `target`, an
  /// imported module. What does not fit is reported, with both files.
  static mlir::FailureOr<DraftModel> load(mlir::ModuleOp target,
                                          const CompileOptions &options);

  mlir::ModuleOp module() { return *own; }
  /// Of its phases. It changes how fast tokens come, never which, so that its
  /// numbers are the fast ones whatever the target has.
  const CompileOptions &options() const { return choices; }
  /// After the tile phase; the module goes away.
  void nestIn(mlir::ModuleOp target);

private:
  mlir::LogicalResult checkContext(mlir::ModuleOp target);
  mlir::LogicalResult matchVocabularies(mlir::ModuleOp target);
  mlir::LogicalResult misfit(mlir::ModuleOp target, const llvm::Twine &why);

  mlir::OwningOpRef<mlir::ModuleOp> own;
  CompileOptions choices;
  import::TokenMatch tokens;
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_DRAFTMODEL_H
