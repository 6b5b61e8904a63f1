// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Acceptance.h"

namespace sinter::runtime {

namespace {
/// Weight of the newest observation once there are many.
constexpr float kNewest = 1.0f / 32;
/// So many observations the prior is worth.
constexpr uint32_t kPriorCount = 3;

/// 0, 1, 2-3, more.
uint32_t depthClass(uint32_t depth) {
  return depth < 2 ? depth : depth < 4 ? 2 : 3;
}
} // namespace

/// An id behind right ones is right more often. Where nothing was seen at a
/// depth, the better of the prior and what was seen before it is hoped for: a
/// depth that is never tried is never learned.
float Acceptance::rate(const Guess &guess, uint32_t depth) const {
  uint32_t at = depthClass(depth);
  const Seen *known = seen[guess.source];
  if (known[at].count)
    return known[at].rate;
  float rate = guess.prior + 0.05f * float(at);
  rate = rate < 0.95f ? rate : 0.95f;
  for (uint32_t before = at; before-- > 0;)
    if (known[before].count)
      return known[before].rate > rate ? known[before].rate : rate;
  return rate;
}

void Acceptance::learn(const Guess *guesses, uint32_t drafted,
                       uint32_t accepted) {
  for (uint32_t depth = 0; depth < drafted && depth <= accepted; ++depth) {
    float before = rate(guesses[depth], depth);
    Seen &known = seen[guesses[depth].source][depthClass(depth)];
    ++known.count;
    float weight = 1.0f / float(known.count + kPriorCount);
    weight = weight > kNewest ? weight : kNewest;
    float right = depth < accepted ? 1.0f : 0.0f;
    known.rate = before + weight * (right - before);
  }
}

float Acceptance::tokens(const Guess *guesses, uint32_t count,
                         uint32_t depth) const {
  float tokens = 0, reached = 1;
  for (uint32_t i = 0; i < count; ++i) {
    reached *= rate(guesses[i], depth + i);
    tokens += reached;
  }
  return tokens;
}

} // namespace sinter::runtime
