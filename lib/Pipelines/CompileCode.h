//===- CompileCode.h - the regions of a model to machine code
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_COMPILECODE_H
#define SINTER_LIB_PIPELINES_COMPILECODE_H

#include "lib/Pipelines/Cache.h"
#include "lib/Target/X86/CodeObject.h"
#include "llvm/Support/ThreadPool.h"

namespace sinter {

/// Compiles the regions of a module for CPU levels: a task of the pool for each
/// region and level, the longest first. Each has a context of its own, since
/// contexts are not shared by threads; so the regions travel as text. Objects
/// of regions that were compiled before come from the cache.
class CodeCompiler {
public:
  /// Begins. `timing` must stay open until finish() has returned.
  CodeCompiler(mlir::ModuleOp device, llvm::ArrayRef<const CpuLevel *> levels,
               Cache &cache, llvm::ThreadPoolInterface &pool,
               mlir::TimingScope &timing);

  /// Waits, and links one code object a level; or all that went wrong.
  llvm::Expected<std::vector<CodeObject>> finish();

private:
  struct Region {
    std::string name, text;
  };
  struct Task {
    const Region *region;
    const CpuLevel *level;
    ObjectFile object;
    std::string problem; // empty if there was none
  };
  void collectRegions(mlir::ModuleOp device);
  void compile(Task &task);
  llvm::Expected<CodeObject> link(const CpuLevel &level);

  llvm::ArrayRef<const CpuLevel *> levels;
  Cache &cache;
  mlir::TimingScope &timing;
  std::vector<Region> regions;
  std::vector<Task> tasks; // by level, then by region
  llvm::ThreadPoolTaskGroup group;
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_COMPILECODE_H
