// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The figures of early exits, as sinter-c/exits.h defines them.
#ifndef SINTER_TOOLS_COMMON_EXITFIGURES_H
#define SINTER_TOOLS_COMMON_EXITFIGURES_H

#include "sinter-c/runtime.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sinter::tools {

/// As llm-compile --early-exit has it.
std::string_view probeName(sinter_probe probe);
/// The same of an exit, with the tokens that its head knows: "max_prob:1024".
std::string probeText(const Exits &figures, uint32_t exit);
/// Layers of a token, before the next one was drawn.
double meanLayers(const Exits &figures);
/// The share of layers that tokens did not wait for.
double layersSaved(const Exits &figures);

nlohmann::ordered_json toJson(const Exits &figures);
/// " 20: 12 of 63, 25: 3 of 51": layers before each exit, rows that left, rows
/// that came there.
std::string exitsText(const Exits &figures);

} // namespace sinter::tools

#endif
