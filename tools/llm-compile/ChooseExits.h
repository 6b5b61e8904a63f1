//===- ChooseExits.h - --early-exit=auto ----------------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_LLM_COMPILE_CHOOSEEXITS_H
#define SINTER_TOOLS_LLM_COMPILE_CHOOSEEXITS_H

#include "lib/Pipelines/CompileOptions.h"

/// Exits whose plan decodes calibration texts fastest within a bound of what
/// they lose, or none where nothing pays: fills `decode.exits`, and what was
/// found.
///
/// Each candidate becomes a plan that is asked about the answers of the plain
/// model. Thresholds are chosen on the first half of the texts; what they lose
/// and gain, the second half says. Time is counted, not measured: rows take
/// what the plan's cost table says, the head and probes by the weights that
/// they read. Throws Failure.
void chooseExits(sinter::CompileOptions &options);

/// --speculate=auto beside --early-exit=auto: exits are asked only where no
/// drafts pay, which lose nothing. Throws Failure.
void chooseDraftsOrExits(sinter::CompileOptions &options);

#endif // SINTER_TOOLS_LLM_COMPILE_CHOOSEEXITS_H
