//===- Bigrams.h - what a model says after each id alone
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_BIGRAMS_H
#define SINTER_LIB_PIPELINES_BIGRAMS_H

#include "lib/Pipelines/Cache.h"
#include "runtime/schema/plan_generated.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace sinter {

/// Runs the plan at `path` over every id of the vocabulary, each behind the
/// token `beginning`: the likeliest next id, and how likely it is. All
/// CPU levels give the same.
///
/// Takes the time of thousands of forwards, so that what was found is kept in
/// `cache`. `forwards` says what they compute, and of which model.
llvm::Expected<std::unique_ptr<plan::BigramsT>>
cachedBigrams(llvm::StringRef path, int32_t beginning, unsigned threads,
              llvm::StringRef forwards, Cache &cache);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_BIGRAMS_H
