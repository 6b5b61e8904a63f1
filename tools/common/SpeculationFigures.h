// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The figures of drafts, as sinter-c/speculation.h defines them.
#ifndef SINTER_TOOLS_COMMON_SPECULATIONFIGURES_H
#define SINTER_TOOLS_COMMON_SPECULATIONFIGURES_H

#include "sinter-c/runtime.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sinter::tools {

/// Of the ids that were verified, the share that became tokens.
double acceptanceRate(const Speculation &figures);
/// Tokens a forward.
double blockEfficiency(const Speculation &figures);
/// Of the drafts with more than i ids, the share whose first i + 1 ids became
/// tokens, for every i that a draft reached.
std::vector<double> acceptanceByPosition(const Speculation &figures);
/// The figures of both together.
void add(Speculation &sum, const Speculation &figures);

/// Ids that one drafter proposed and a forward verified.
struct DrafterFigures {
  std::string name;
  uint64_t drafted, accepted;
};
/// Of every drafter of the plan that has some.
std::vector<DrafterFigures> byDrafter(const Plan &plan,
                                      const Speculation &figures);

nlohmann::ordered_json toJson(const Plan &plan, const Speculation &figures);
/// " 0.91 0.85", " -" for none.
std::string positionsText(const Speculation &figures);

} // namespace sinter::tools

#endif
