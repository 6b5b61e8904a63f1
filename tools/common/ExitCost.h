// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What decoding with exits costs, counted.
#ifndef SINTER_TOOLS_COMMON_EXITCOST_H
#define SINTER_TOOLS_COMMON_EXITCOST_H

#include "tools/common/ExitCalibration.h"

namespace sinter::tools {

/// All in forwards of one row through the model and its head.
struct ExitCosts {
  std::vector<double> rows;   ///< of 1, 2, ... rows
  double head = 0;            ///< of one row
  std::vector<double> probes; ///< of each exit, but for the whole head
  std::vector<bool> readHead; ///< exits that ask the whole head
};

/// What the positions [first, last) cost one after another, where rows leave
/// above `thresholds`: rows that left go through the upper layers with the next
/// one that goes on, and at most as many wait as `costs.rows` has room for.
/// Exits with a threshold of 1 are not there.
double countedCost(const ExitCalibration &calibration,
                   const std::vector<double> &thresholds, size_t first,
                   size_t last, const ExitCosts &costs);

} // namespace sinter::tools

#endif
