// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_BANDIT_H
#define SINTER_RUNTIME_DECODE_BANDIT_H

#include "runtime/decode/StoreFields.h"

namespace sinter::runtime {

/// Which of several drafters drafts (MetaSD, Kim et al., 2024): the one with
/// the most tokens a unit of cost lately, or that might have them, having been
/// tried too seldom to say (discounted UCB, Garivier and Moulines, 2008). It
/// looks at counts and at costs that the plan says, at no clock.
class Bandit {
public:
  static constexpr uint32_t kArms = 8;

  /// One of `arms`, a bit each; not 0. One that was never chosen goes first.
  uint32_t choose(uint32_t arms) const;
  /// A round in which `arm` was to draft gave so many tokens for its cost.
  void learn(uint32_t arm, double tokens, double cost);
  /// What a draft store has of it.
  void keep(StoreFields &fields);

private:
  // Sums over rounds, newer ones above all.
  double gains[kArms] = {}, rounds[kArms] = {};
};

} // namespace sinter::runtime
#endif
