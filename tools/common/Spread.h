// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a few repetitions of a measurement say.
#ifndef SINTER_TOOLS_COMMON_SPREAD_H
#define SINTER_TOOLS_COMMON_SPREAD_H

#include <algorithm>
#include <cmath>
#include <vector>

namespace sinter::tools {

struct Spread {
  double mean = 0, deviation = 0, min = 0, median = 0, max = 0;
};

/// deviation: of the sample (divides by n - 1). Zeros for no values.
inline Spread spreadOf(std::vector<double> values) {
  Spread spread;
  if (values.empty())
    return spread;
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  for (double value : values)
    spread.mean += value / static_cast<double>(n);
  for (double value : values)
    spread.deviation += (value - spread.mean) * (value - spread.mean);
  spread.deviation =
      n > 1 ? std::sqrt(spread.deviation / static_cast<double>(n - 1)) : 0;
  spread.min = values.front();
  spread.max = values.back();
  spread.median =
      n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  return spread;
}

} // namespace sinter::tools

#endif
