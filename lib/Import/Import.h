// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From checkpoints to the llm dialect.
#ifndef SINTER_LIB_IMPORT_IMPORT_H
#define SINTER_LIB_IMPORT_IMPORT_H

#include "lib/Import/GGUF/GgufFile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace sinter {

struct ImportOptions {
  /// Element type of the key-value cache: "f32", "f16" or "bf16".
  std::string kvType = "f32";
};

/// Builds the module of a GGUF file.  What the file has and this compiler does
/// not know, and what it lacks, is reported in one error.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importGguf(const gguf::File &file, mlir::MLIRContext *ctx,
           const ImportOptions &options = {});

/// The same from a path.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importGguf(llvm::StringRef path, mlir::MLIRContext *ctx,
           const ImportOptions &options = {});

} // namespace sinter

#endif // SINTER_LIB_IMPORT_IMPORT_H
