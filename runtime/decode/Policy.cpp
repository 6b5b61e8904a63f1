// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Policy.h"
#include "runtime/schema/plan_generated.h"

#include <cmath>

namespace sinter::runtime {

uint32_t AverageAcceptance::choose(const Proposal &proposal,
                                   const Lookahead &lookahead) {
  if (proposal.count == 0)
    return 0;
  if (rest > 0) {
    tries = --rest == 0;
    return 0;
  }
  if (tries) {
    tries = false;
    return 1;
  }
  double tokens = 1, reached = 1, best = 1 / lookahead.cost(1);
  uint32_t chosen = 0;
  for (uint32_t drafted = 1; drafted <= proposal.count; ++drafted) {
    reached *= rate;
    tokens += reached;
    double speed = tokens / (lookahead.cost(drafted + 1) +
                             drafted * lookahead.idCost(proposal));
    if (speed > best) {
      best = speed;
      chosen = drafted;
    }
  }
  if (chosen > 0) {
    nextRest = kShortestRest;
    return chosen;
  }
  rest = nextRest;
  nextRest = nextRest < kLongestRest ? 2 * nextRest : kLongestRest;
  return 0;
}

/// Ids behind a wrong one say nothing.
void AverageAcceptance::learn(uint32_t drafted, uint32_t accepted) {
  constexpr float kNewest = 0.04f;
  for (uint32_t i = 0; i < drafted && i <= accepted; ++i) {
    float first = 1 / float(++seen + 2);
    rate += (first > kNewest ? first : kNewest) *
            ((i < accepted ? 1.0f : 0.0f) - rate);
  }
}

void AverageAcceptance::keep(StoreFields &fields) {
  fields.number(rate, 0.0f, 1.0f);
  fields.number(seen, 0u, UINT32_MAX);
  fields.number(rest, 0u, kLongestRest);
  fields.number(nextRest, kShortestRest, kLongestRest);
  fields.flag(tries);
}

// Settings of the policy.
enum : uint32_t { kGamma, kFirstBound, kWantedRate };

float EntropyBound::boundOf(const plan::Drafter &drafter) const {
  return known ? bound : drafter.settings()->Get(kFirstBound);
}

bool EntropyBound::goOn(const plan::Drafter &drafter,
                        const RowFigures &given) const {
  float gamma = drafter.settings()->Get(kGamma);
  return 1 - std::sqrt(gamma * given.entropy) >= boundOf(drafter);
}

void EntropyBound::learn(const plan::Drafter &drafter, uint32_t drafted,
                         uint32_t accepted) {
  constexpr float kStep = 0.001f;
  if (drafted == 0)
    return;
  rate = 0.5f * rate + 0.5f * float(accepted) / float(drafted);
  bound = boundOf(drafter) +
          (rate < drafter.settings()->Get(kWantedRate) ? kStep : -kStep);
  known = true;
}

void EntropyBound::keep(StoreFields &fields) {
  constexpr float kFar = 1e6f;
  fields.flag(known);
  fields.number(bound, -kFar, kFar);
  fields.number(rate, 0.0f, 1.0f);
}

/// Policy "disco" (Mamou et al., 2024) with a linear classifier, whose
/// threshold is in its bias.
static bool looksRight(const plan::Drafter &drafter, uint32_t drafted,
                       const RowFigures &given) {
  const auto &settings = *drafter.settings();
  return settings.Get(0) + settings.Get(1) * given.entropy +
             settings.Get(2) * given.first + settings.Get(3) * given.second +
             settings.Get(4) * float(drafted) >=
         0;
}

uint32_t Policy::choose(const plan::Drafter &drafter, const Proposal &proposal,
                        Lookahead &lookahead) {
  switch (drafter.policy()) {
  case plan::PolicyKind::Static:
    return proposal.count;
  case plan::PolicyKind::Goodput:
    return lookahead.choose(proposal);
  case plan::PolicyKind::Ema:
    return average.choose(proposal, lookahead);
  case plan::PolicyKind::Entropy:
  case plan::PolicyKind::Disco:
    // Whether at all; how many follows from the rows.
    return lookahead.choose(proposal) > 0 ? proposal.count : 0;
  }
  return 0;
}

bool Policy::goOn(const plan::Drafter &drafter, uint32_t drafted,
                  const RowFigures &given) const {
  switch (drafter.policy()) {
  case plan::PolicyKind::Entropy:
    return entropy.goOn(drafter, given);
  case plan::PolicyKind::Disco:
    return looksRight(drafter, drafted, given);
  default:
    return true;
  }
}

void Policy::learn(const plan::Drafter &drafter, uint32_t drafted,
                   uint32_t accepted) {
  if (drafter.policy() == plan::PolicyKind::Ema)
    average.learn(drafted, accepted);
  if (drafter.policy() == plan::PolicyKind::Entropy)
    entropy.learn(drafter, drafted, accepted);
}

} // namespace sinter::runtime
