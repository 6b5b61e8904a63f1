//===- Phases.h - the phases of a compilation -------------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One enum from which stopping, resuming, dumping and the help text follow.
// Each phase ends with a verifier, so that its output is a contract.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_PHASES_H
#define SINTER_LIB_PIPELINES_PHASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace sinter {

enum class Phase : unsigned {
  Start = 0, ///< nothing has happened: the input is a checkpoint
  Import,    ///< `llm` as the family builder wrote it
  Fuse,      ///< `llm` with attention, gated units and stacks fused
  Outline,   ///< `llm` with one function a layer class
  Tile,      ///< `tile` regions and launch lists, memory planned
  Decode,    ///< and the generation program in `decode`
  Plan,      ///< the whole program in `plan`
  Artifact   ///< the plan file
};

struct PhaseInfo {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral pipeline; ///< the flag of its passes in llm-opt
  llvm::StringLiteral summary;
};

/// All phases after Start, in order.
llvm::ArrayRef<PhaseInfo> phases();

llvm::StringRef phaseName(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_PHASES_H
