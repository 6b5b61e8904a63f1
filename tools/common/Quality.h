// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tokens of a plan are worth beside those of plain decoding.
#ifndef SINTER_TOOLS_COMMON_QUALITY_H
#define SINTER_TOOLS_COMMON_QUALITY_H

#include "sinter-c/runtime.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sinter::tools {

/// "exact", "lossy, kv_window 64"; empty: the plan does not say.
std::string qualityText(const Plan &plan);
/// The same: {"fidelity": "lossy", "lossy": "kv_window 64"}.
nlohmann::ordered_json qualityJson(const Plan &plan);

} // namespace sinter::tools

#endif
