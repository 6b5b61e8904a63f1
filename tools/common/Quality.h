// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tokens of a plan are worth beside those of plain decoding.
#ifndef SINTER_TOOLS_COMMON_QUALITY_H
#define SINTER_TOOLS_COMMON_QUALITY_H

#include "sinter-c/runtime.hpp"

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace sinter::tools {

/// "exact", "lossy, kv_window 64"; empty: the plan does not say. `depth`: of a
/// text of that depth, "lossy, kl 0.41, agreement 0.62, layers saved 8 of 30".
std::string qualityText(const Plan &plan,
                        const std::optional<Depth> &depth = std::nullopt);
/// The same: {"fidelity": "lossy", "lossy": "kv_window 64", "kl": 0.41, ...};
/// with layers left out {"depth": {"percent": 75, "layers": 30, "saved": 7}},
/// too.
nlohmann::ordered_json
qualityJson(const Plan &plan, const std::optional<Depth> &depth = std::nullopt);

} // namespace sinter::tools

#endif
