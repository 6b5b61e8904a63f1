// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The figures of models that write in turns, as sinter-c/switching.h defines
// them.
#ifndef SINTER_TOOLS_COMMON_SWITCHFIGURES_H
#define SINTER_TOOLS_COMMON_SWITCHFIGURES_H

#include "sinter-c/runtime.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sinter::tools {

/// Whether two models of a plan write, and not the large one alone.
bool takesTurns(const Plan &plan);
/// Whether they did in the last call.
inline bool tookTurns(const Switching &figures) {
  return figures.small_tokens + figures.large_tokens > 0;
}
/// Of the tokens, those that the large model wrote.
double largeShare(const Switching &figures);
void add(Switching &sum, const Switching &figures);

nlohmann::ordered_json toJson(const Switching &figures);
/// "large model 12 of 63 tokens (0.190), ..."
std::string switchingText(const Switching &figures);

} // namespace sinter::tools

#endif
