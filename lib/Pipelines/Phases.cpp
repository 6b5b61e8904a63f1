//===- Phases.cpp - the phases of a compilation ---------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Phases.h"

using namespace sinter;

static const PhaseInfo kPhases[] = {
    {Phase::Import, "import", "phase-import",
     "the model as the family builder wrote it (llm)"},
    {Phase::Fuse, "fuse", "phase-fuse",
     "attention, gated units and stacks fused (llm)"},
    {Phase::Outline, "outline", "phase-outline",
     "one function a layer class (llm)"},
    {Phase::Tile, "tile", "phase-tile",
     "compiled regions and their launches (tile)"},
    {Phase::Decode, "decode", "phase-decode",
     "with the generation program (tile, decode)"},
    {Phase::Plan, "plan", "phase-plan", "the whole program (plan)"},
    {Phase::Artifact, "artifact", "phase-artifact", "the plan file"},
};

llvm::ArrayRef<PhaseInfo> sinter::phases() { return kPhases; }

llvm::StringRef sinter::phaseName(Phase phase) {
  for (const PhaseInfo &info : kPhases)
    if (info.phase == phase)
      return info.name;
  return "start";
}

std::optional<Phase> sinter::parsePhase(llvm::StringRef name) {
  for (const PhaseInfo &info : kPhases)
    if (info.name == name)
      return info.phase;
  return std::nullopt;
}
