//===- ChooseDrafters.h - --speculate=auto
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_CHOOSEDRAFTERS_H
#define SINTER_LIB_PIPELINES_CHOOSEDRAFTERS_H

#include "lib/Pipelines/CompileOptions.h"
#include "llvm/Support/Error.h"

namespace sinter {

/// The drafters that make a plan of `options` fastest on calibration texts, or
/// none where nothing pays: the options with `decode.speculate` set, and what
/// was found in `decode.choice`.
///
/// Each candidate becomes a plan, which goes on with every text greedily, with
/// drafts of fixed lengths. What that costs is counted, not timed: rounds and
/// drafted ids take what the cost table of the plan says. So the choice is the
/// same on every machine, unless the table is measured.
llvm::Expected<CompileOptions> chooseDrafters(const CompileOptions &options);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_CHOOSEDRAFTERS_H
