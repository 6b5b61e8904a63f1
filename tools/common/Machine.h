// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine that a report is about: measured here, or described by the user.
#ifndef SINTER_TOOLS_COMMON_MACHINE_H
#define SINTER_TOOLS_COMMON_MACHINE_H

#include "tools/common/Probe.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sinter::tools {

struct Machine {
  uint32_t threads = 1;
  Roofs roofs;
  std::string codeObject; // that runs, or would; empty: unknown
  bool measured = false;  // else given

  /// By a probe that took the samples.
  static Machine of(const Plan &plan, const Roofs &roofs);
  /// Where the numbers come from, and what they are; a line.
  std::string line() const;
  /// {"threads", "stream_gb_s", "dot_gop_s", "fma_gflop_s", ...}
  nlohmann::ordered_json json() const;
};

/// "stream:40,dot:1000,fma:250", with "threads:2" (1), "bf16:500" and
/// "barrier:300" (ns) in it or not. Throws UsageError that names the option.
Machine parseMachine(const std::string &option, std::string_view text);

} // namespace sinter::tools

#endif
