//===- Flags.h - flags that have a file of their own ----------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_LLM_COMPILE_FLAGS_H
#define SINTER_TOOLS_LLM_COMPILE_FLAGS_H

#include "lib/Pipelines/Compiler.h"
#include "llvm/Support/CommandLine.h"

extern llvm::cl::OptionCategory category;

/// The drafters of --speculate, or what is wrong with them.
std::string readDrafters(sinter::DecodePhaseOptions &options);
/// Rule, policy, tree and weights of drafts; what is wrong with them. After
/// readDrafters and what rows of a forward there are.
std::string readSpeculation(sinter::CompileOptions &options);
/// Fills the options from --early-exit and --depths; what is wrong with them.
std::string readEarlyExit(sinter::CompileOptions &options);
/// Whether an exit asks a trained probe.
bool isLinear(llvm::StringRef exit);

#endif // SINTER_TOOLS_LLM_COMPILE_FLAGS_H
