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

const Acceptance::Seen &Acceptance::at(const Guess &guess, Guess::Role role,
                                       uint32_t depth) const {
  return seen[guess.source][uint32_t(role)][depthClass(depth)];
}

/// Of a guess of which nothing was seen in its role. An id behind right ones is
/// right more often, one that others propose, too, likewise; one that stands
/// behind another one, seldom. Where nothing was seen at a depth, the better of
/// the prior and what was seen before it is hoped for: a depth that is never
/// tried is never learned.
float Acceptance::expected(const Guess &guess, uint32_t depth) const {
  constexpr float kBehind = 0.4f, kAgreed = 0.3f, kMostExpected = 0.95f;
  const Seen &alone = at(guess, Guess::Role::Alone, depth);
  float rate = alone.rate;
  if (!alone.count) {
    bool other = guess.source % Guess::kRanks == uint32_t(Guess::Rank::Other);
    rate = other ? guess.prior * kBehind
                 : guess.prior + 0.05f * float(depthClass(depth));
    rate = rate < kMostExpected ? rate : kMostExpected;
    for (uint32_t before = depthClass(depth); before-- > 0;)
      if (const Seen &known = seen[guess.source][0][before]; known.count) {
        rate = known.rate > rate ? known.rate : rate;
        break;
      }
    if (guess.role == Guess::Role::Alone)
      return rate;
  }
  if (guess.role == Guess::Role::Agreed)
    rate += kAgreed * (1 - rate);
  else if (guess.role == Guess::Role::Behind)
    rate *= kBehind;
  return rate < kMostExpected ? rate : kMostExpected;
}

float Acceptance::rate(const Guess &guess, uint32_t depth) const {
  const Seen &known = at(guess, guess.role, depth);
  return known.count ? known.rate : expected(guess, depth);
}

void Acceptance::learn(const Guess &guess, uint32_t depth, bool right) {
  float before = rate(guess, depth);
  Seen &known = seen[guess.source][uint32_t(guess.role)][depthClass(depth)];
  ++known.count;
  float weight = 1.0f / float(known.count + kPriorCount);
  weight = weight > kNewest ? weight : kNewest;
  known.rate = before + weight * ((right ? 1.0f : 0.0f) - before);
}

void Acceptance::learn(const Guess *guesses, uint32_t drafted,
                       uint32_t accepted) {
  for (uint32_t depth = 0; depth < drafted && depth <= accepted; ++depth)
    learn(guesses[depth], depth, depth < accepted);
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
