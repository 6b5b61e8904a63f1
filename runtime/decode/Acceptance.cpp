// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Acceptance.h"

namespace sinter::runtime {

namespace {
/// Observations that count.
constexpr float kMany = 32;
/// So many what is expected is worth where nothing was seen; then less and
/// less.
constexpr float kExpectedCount = 3;
/// What is left of observations of a depth that could have been tried again,
/// as long as they are few.
constexpr float kOld = 0.8f;
constexpr uint32_t kFew = 6;
constexpr float kMostExpected = 0.95f;
/// Of the rate of a first id that of another one in its place.
constexpr float kBehind = 0.4f;

/// 0, 1, 2-3, more.
uint32_t depthClass(uint32_t depth) {
  return depth < 2 ? depth : depth < 4 ? 2 : 3;
}

float atMost(float rate) { return rate < kMostExpected ? rate : kMostExpected; }
} // namespace

float Acceptance::seenRate(const Guess &guess, Guess::Role role, uint32_t depth,
                           float expected) const {
  const Seen &known = seen[guess.source][uint32_t(role)][depth];
  float weight = kExpectedCount * (1 - known.count / (kMany + 1));
  return (known.right + weight * expected) / (known.count + weight);
}

/// Of a guess with which no other has to do. An id behind right ones is right
/// more often. Where little was seen at a depth, the better of the prior and
/// what was seen before it is hoped for: a depth that is never tried is never
/// learned.
float Acceptance::expectedAlone(const Guess &guess, uint32_t depth) const {
  bool other = guess.source % Guess::kRanks == uint32_t(Guess::Rank::Other);
  constexpr float kDeeper = 0.05f;
  auto prior = [&](uint32_t depth) {
    return atMost(other ? guess.prior * kBehind
                        : guess.prior + kDeeper * float(depth));
  };
  float rate = prior(0);
  for (uint32_t before = 0; before < depth; ++before) {
    if (seen[guess.source][0][before].count > 0)
      rate = seenRate(guess, Guess::Role::Alone, before, rate);
    rate = rate > prior(before + 1) ? rate : prior(before + 1);
  }
  return rate;
}

/// The same in its role: an id that others propose, too, is right more often,
/// one that stands behind another one, seldom.
float Acceptance::expected(const Guess &guess, uint32_t depth) const {
  constexpr float kAgreed = 0.3f;
  float rate = expectedAlone(guess, depth);
  if (guess.role == Guess::Role::Alone)
    return rate;
  rate = seenRate(guess, Guess::Role::Alone, depth, rate);
  return atMost(guess.role == Guess::Role::Agreed ? rate + kAgreed * (1 - rate)
                                                  : rate * kBehind);
}

float Acceptance::rate(const Guess &guess, uint32_t depth) const {
  uint32_t which = depthClass(depth);
  return seenRate(guess, guess.role, which, expected(guess, which));
}

void Acceptance::learn(const Guess &guess, uint32_t depth, bool right) {
  Seen &known = seen[guess.source][uint32_t(guess.role)][depthClass(depth)];
  if (known.count > kMany - 1) {
    known.right *= (kMany - 1) / known.count;
    known.count = kMany - 1;
  }
  known.right += right ? 1.0f : 0.0f;
  known.count += 1;
  ++known.tries;
}

/// One or two wrong ids at a depth would rule it out for ever; what more of
/// them said is believed.
void Acceptance::forgetBehind(const Guess &guess, uint32_t depth) {
  for (uint32_t which = depthClass(depth) + 1; which < kDepths; ++which) {
    Seen &known = seen[guess.source][uint32_t(guess.role)][which];
    float left = known.tries < kFew ? kOld : 1.0f;
    known.right *= left;
    known.count *= left;
  }
}

void Acceptance::learn(const Guess *guesses, uint32_t drafted,
                       uint32_t accepted) {
  for (uint32_t depth = 0; depth < drafted && depth <= accepted; ++depth)
    learn(guesses[depth], depth, depth < accepted);
  if (drafted > 0 && accepted == drafted)
    forgetBehind(guesses[drafted - 1], drafted - 1);
}

void Acceptance::keep(StoreFields &fields) {
  constexpr float kRounding = 1.0001f;
  for (auto &ofSource : seen)
    for (auto &ofRole : ofSource)
      for (Seen &known : ofRole) {
        fields.number(known.count, 0.0f, kMany * kRounding);
        fields.number(known.right, 0.0f, known.count * kRounding);
        fields.number(known.tries, 0u, UINT32_MAX);
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
