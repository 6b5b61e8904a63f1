// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TOOLS_LLMBENCH_LIKENESS_H
#define SINTER_TOOLS_LLMBENCH_LIKENESS_H

#include <cstdint>

namespace sinter::tools {

/// How the tokens of greedy answers compare with what the model says. KL of a
/// choice from the model's law is minus the log of its chance; `lost` is what
/// that is more than that of the likeliest token, which plain decoding takes.
struct Likeness {
  uint64_t tokens = 0;
  uint64_t same = 0; ///< that it finds likeliest, after those before them
  double lost = 0;   ///< log chance of the likeliest less theirs, sum in nats
};

} // namespace sinter::tools

#endif
