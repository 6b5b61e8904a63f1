//===- Golden.h - what a plan proves itself with
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_GOLDEN_H
#define SINTER_LIB_PIPELINES_GOLDEN_H

#include "runtime/schema/plan_generated.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace sinter {

/// Logits of a few ids by the reference interpreter, which shares no code with
/// the kernels. `tolerance` bounds a compiled plan's distance from them.
llvm::Expected<std::unique_ptr<plan::GoldenLogitsT>>
referenceLogits(llvm::StringRef checkpoint, float tolerance);

/// The golden section: tokenizer vectors and template renderings as the
/// runtime gives them for the plan at `path`, and the logits.
llvm::Expected<std::unique_ptr<plan::GoldenT>>
buildGolden(llvm::StringRef path, bool chat,
            std::unique_ptr<plan::GoldenLogitsT> logits);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_GOLDEN_H
