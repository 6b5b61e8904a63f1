// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Bandit.h"

#include <cmath>

namespace sinter::runtime {

/// Weight of a round beside the next one.
static constexpr double kKept = 1 - 1.0 / 128;
/// How much is hoped for where little is known.
static constexpr double kWidth = 0.12;

uint32_t Bandit::choose(uint32_t arms) const {
  double all = 0, greatest = 0;
  for (uint32_t i = 0; i < kArms; ++i) {
    if (!(arms >> i & 1))
      continue;
    if (rounds[i] == 0)
      return i;
    all += rounds[i];
    greatest = std::fmax(greatest, gains[i] / rounds[i]);
  }
  uint32_t chosen = 0;
  double best = -1;
  for (uint32_t i = 0; i < kArms; ++i) {
    if (!(arms >> i & 1))
      continue;
    double unsure = std::sqrt(2 * std::log(all + 1) / rounds[i]);
    double hoped = gains[i] / rounds[i] + kWidth * greatest * unsure;
    if (hoped > best) {
      best = hoped;
      chosen = i;
    }
  }
  return chosen;
}

void Bandit::learn(uint32_t arm, double tokens, double cost) {
  for (uint32_t i = 0; i < kArms; ++i) {
    gains[i] *= kKept;
    rounds[i] *= kKept;
  }
  gains[arm] += tokens / cost;
  rounds[arm] += 1;
}

void Bandit::keep(StoreFields &fields) {
  constexpr double kMany = 1e6;
  for (uint32_t i = 0; i < kArms; ++i) {
    fields.number(gains[i], 0.0, kMany);
    fields.number(rounds[i], 0.0, kMany);
  }
}

} // namespace sinter::runtime
