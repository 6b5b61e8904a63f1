//===- RuleStudy.h - what a lossy rule or policy costs ----------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_RULESTUDY_H
#define SINTER_LIB_PIPELINES_RULESTUDY_H

#include "lib/Pipelines/CompileOptions.h"
#include "llvm/Support/Error.h"

namespace sinter {

/// Makes a plan of `options`, whose rule is lossy, or whose models write in
/// turns, and goes on with every text of the calibration greedily, with drafts
/// of a fixed length. What the model itself says of those answers goes to
/// `options.decode.ruleQuality`; where the large one of two models shall write
/// a share of them, the bits from which on it does go to the settings.
llvm::Error studyRule(CompileOptions &options);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_RULESTUDY_H
