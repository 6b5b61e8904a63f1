// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads a plan file: its tables, and its program as IR.

#ifndef SINTER_LIB_TARGET_PLAN_PLANFILE_H
#define SINTER_LIB_TARGET_PLAN_PLANFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/schema/plan_generated.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace sinter {

/// A plan file that is mapped and checked: header, digest and structure of the
/// tables, place and digests of the sections.
class PlanFile {
public:
  static llvm::Expected<PlanFile> open(llvm::StringRef path,
                                       bool verifyWeights = true);
  /// The same for bytes in memory; messages name the buffer.
  static llvm::Expected<PlanFile>
  read(std::unique_ptr<llvm::MemoryBuffer> buffer, bool verifyWeights = true);

  const plan::Plan &tables() const { return *root; }
  uint64_t fileBytes() const { return buffer->getBufferSize(); }
  uint64_t metaBytes() const { return tableBytes; }
  uint32_t formatVersion() const { return version; }
  uint32_t minRuntime() const { return runtime; }

  /// The program as a verified module of plan ops.
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
  program(mlir::MLIRContext *context) const;

private:
  llvm::Error checkHeader(llvm::StringRef path);
  llvm::Error checkSections(llvm::StringRef path, bool verifyWeights) const;

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  const plan::Plan *root = nullptr;
  uint64_t tableOffset = 0, tableBytes = 0;
  uint32_t version = 0, runtime = 0;
};

} // namespace sinter

#endif
