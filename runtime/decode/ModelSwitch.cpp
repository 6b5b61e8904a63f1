// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/ModelSwitch.h"
#include "runtime/base/Clock.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

void ModelSwitch::begin(float bits, bool largeAlone) {
  *this = ModelSwitch();
  threshold = bits;
  large = largeAlone;
}

float ModelSwitch::mean(uint32_t window) const {
  uint64_t count = seen < window ? seen : window;
  double sum = 0;
  for (uint64_t i = 0; i < count; ++i)
    sum += double(bits[(seen - 1 - i) % kMostTokens]);
  return float(sum / double(count));
}

int64_t ModelSwitch::choose(const plan::ModelSwitch &rule, float entropy,
                            int64_t behind) {
  constexpr double kBitsOfNat = 1.4426950408889634;
  // Rounded, that of a sure row may lie below 0, which nothing may.
  bits[seen++ % kMostTokens] =
      entropy < 0 ? 0 : float(double(entropy) * kBitsOfNat);
  // Written so that the large model writes where rows are no numbers.
  bool wanted =
      !(mean(rule.window()) < (threshold > 0 ? threshold : rule.threshold()));
  if (wanted == large || (held && run < rule.least()))
    return large;
  large = wanted;
  held = true;
  run = 0;
  // What the other model made of rows says nothing about this one.
  seen = 0;
  ++counts.switches;
  counts.catch_up_tokens += behind > 0 ? uint64_t(behind) : 0;
  takesOver = nanoseconds();
  return large;
}

void ModelSwitch::drawn() {
  ++run;
  ++(large ? counts.large_tokens : counts.small_tokens);
  if (takesOver)
    counts.catch_up_ns += nanoseconds() - takesOver;
  takesOver = 0;
}

} // namespace sinter::runtime
