//===- Golden.h - what a plan proves itself with
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_GOLDEN_H
#define SINTER_LIB_PIPELINES_GOLDEN_H

#include "dialects/Llm/WeightData.h"
#include "lib/Import/GGUF/GgufFile.h"
#include "lib/Pipelines/Cache.h"
#include "runtime/schema/plan_generated.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace sinter {

/// Logits of the last of a few ids by the reference interpreter, which shares
/// no code with the kernels.
struct ReferenceLogits {
  std::vector<int32_t> ids;
  std::vector<float> row; // one a token of the vocabulary
};
/// `dropLayers`: of the model without these.
llvm::Expected<ReferenceLogits>
referenceLogits(const gguf::File &file, llm::CheckpointSource &source,
                llvm::ArrayRef<int64_t> dropLayers);

/// The same from the cache, if they were computed before for a checkpoint of
/// that digest.
llvm::Expected<ReferenceLogits>
cachedReferenceLogits(const gguf::File &file, llm::CheckpointSource &source,
                      llvm::StringRef sourceSha256,
                      llvm::ArrayRef<int64_t> dropLayers, Cache &cache);

/// The golden section of the plan at `path`: tokenizer vectors and template
/// renderings as the runtime gives them, and the largest reference logits.
/// Their tolerance follows from how far this plan is from them; a plan that is
/// far off is an error, since then a kernel is wrong.
llvm::Expected<std::unique_ptr<plan::GoldenT>>
buildGolden(llvm::StringRef path, bool chat, const ReferenceLogits &reference);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_GOLDEN_H
