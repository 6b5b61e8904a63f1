//===- Bigrams.h - what a model says after each id alone
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_BIGRAMS_H
#define SINTER_LIB_PIPELINES_BIGRAMS_H

#include "runtime/schema/plan_generated.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace sinter {

/// Runs the plan at `path` over every id of the vocabulary, each behind the
/// token `beginning`: the likeliest next id, and how likely it is. All
/// CPU levels give the same.
llvm::Expected<std::unique_ptr<plan::BigramsT>>
mineBigrams(llvm::StringRef path, int32_t beginning, unsigned threads);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_BIGRAMS_H
