//===- PlanCache.h - plans that were made before
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_PLANCACHE_H
#define SINTER_LIB_PIPELINES_PLANCACHE_H

#include "lib/Pipelines/Cache.h"
#include "lib/Target/Plan/OutputFile.h"
#include "lib/Target/Plan/PlanWriter.h"

namespace sinter {

/// Plans and their packed weights in the cache. A plan is kept without its
/// sections of weights, which are entries of their own: plans of one checkpoint
/// share them, whatever else the options change.
class PlanCache : public PackedSections {
public:
  /// `device` says how the weights of `program` are packed from the checkpoints
  /// of those digests; the second one is that of a model that drafts.
  PlanCache(Cache &cache, mlir::ModuleOp program, mlir::ModuleOp device,
            llvm::StringRef sourceSha256, llvm::StringRef draftSha256,
            llvm::ThreadPoolInterface &pool)
      : cache(cache), program(program), device(device),
        sourceSha256(sourceSha256.str()), draftSha256(draftSha256.str()),
        pool(pool) {}

  /// Writes the plan of that key to `path`; false if it is not all there.
  llvm::Expected<bool> restore(llvm::StringRef key, llvm::StringRef path);
  /// Keeps what is not weights of the whole plan at `path`.
  void keepPlan(llvm::StringRef key, llvm::StringRef path);

  llvm::Expected<std::optional<SectionDigests>> load(llvm::StringRef section,
                                                     OutputFile &out,
                                                     uint64_t offset,
                                                     uint64_t bytes) override;
  void keep(llvm::StringRef section, llvm::ArrayRef<uint8_t> bytes,
            const SectionDigests &digests) override;

private:
  std::string keyOf(llvm::StringRef section);
  llvm::Expected<std::optional<SectionDigests>> copyWeights(llvm::StringRef key,
                                                            OutputFile &out,
                                                            uint64_t offset,
                                                            uint64_t size);

  Cache &cache;
  mlir::ModuleOp program, device;
  std::string sourceSha256, draftSha256;
  llvm::ThreadPoolInterface &pool;
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_PLANCACHE_H
