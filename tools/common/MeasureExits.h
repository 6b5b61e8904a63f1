// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the exits of a plan say about texts.
#ifndef SINTER_TOOLS_COMMON_MEASUREEXITS_H
#define SINTER_TOOLS_COMMON_MEASUREEXITS_H

#include "sinter-c/runtime.hpp"
#include "tools/common/ExitCalibration.h"

#include <functional>

namespace sinter::tools {

/// An empty calibration of a plan's exits.
ExitCalibration calibrationOf(const Exits &exits);

/// Empties the session, and asks every exit about each of `ids`; what they say
/// about those from `first` on is added. `progress` is called at each.
void measureExits(Session &session, std::span<const int32_t> ids, size_t first,
                  ExitCalibration &calibration,
                  const std::function<void()> &progress = {});

/// "max_prob:1024@20=0.98", as llm-compile --early-exit has it: those that
/// something may pass.
std::vector<std::string> exitTexts(const Exits &exits,
                                   const std::vector<double> &thresholds);

} // namespace sinter::tools

#endif
