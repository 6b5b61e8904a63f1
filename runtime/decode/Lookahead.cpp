// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Lookahead.h"

namespace sinter::runtime {

namespace {
/// What a further row adds to a round of one, until it was measured.
constexpr double kRowShare = 0.1;
/// The same of an id that a model makes.
constexpr double kIdShare = 0.35;
/// After so many rounds without a draft one is tried; a model must read first
/// what it has missed.
constexpr uint32_t kTryAgain = 32, kTryModelAgain = 256;
constexpr uint32_t kTried = 2; // ids
/// Weight of the newest observation once there are many.
constexpr float kNewest = 1.0f / 32;
constexpr double kNewestTime = 0.125;

/// 1, 2, 3-4, 5-8, more.
uint32_t matchClass(uint32_t match) {
  return match <= 1 ? 0 : match == 2 ? 1 : match <= 4 ? 2 : match <= 8 ? 3 : 4;
}
/// 0, 1, 2-3, 4-7, more.
uint32_t depthClass(uint32_t depth) {
  return depth < 2 ? depth : depth < 4 ? 2 : depth < 8 ? 3 : 4;
}
} // namespace

/// Longer matches are right more often, and so is an id behind right ones.
float Lookahead::first(uint32_t match, uint32_t depth) {
  if (match == kModel)
    return 0.8f;
  constexpr float kFirst[kMatches] = {0.3f, 0.4f, 0.55f, 0.7f, 0.85f};
  float rate = kFirst[match] + 0.1f * float(depth);
  return rate < 0.95f ? rate : 0.95f;
}

Lookahead::Source &Lookahead::source(const Proposal &proposal) {
  uint32_t match = proposal.model ? kModel : matchClass(proposal.match);
  Source &found = sources[match];
  if (found.rate[0] == 0 && found.seen[0] == 0)
    for (uint32_t depth = 0; depth < kDepths; ++depth)
      found.rate[depth] = first(match, depth);
  return found;
}

double Lookahead::cost(uint32_t rows) const {
  double one = nanosecondsOf[1] > 0 ? nanosecondsOf[1] : 1;
  if (rows <= kRows && nanosecondsOf[rows] > 0 && nanosecondsOf[1] > 0)
    return nanosecondsOf[rows];
  // From the nearest smaller number of rows that was measured.
  double share = kRowShare;
  for (uint32_t n = 2; n <= kRows && nanosecondsOf[1] > 0; ++n)
    if (nanosecondsOf[n] > one && n < rows)
      share = (nanosecondsOf[n] / one - 1) / (n - 1);
  return one * (1 + share * (rows - 1));
}

double Lookahead::idCost(const Proposal &proposal) const {
  if (!proposal.model)
    return 0;
  return nanosecondsOfId > 0 && nanosecondsOf[1] > 0 ? nanosecondsOfId
                                                     : kIdShare * cost(1);
}

uint32_t Lookahead::choose(const Proposal &proposal) {
  if (proposal.count == 0)
    return 0;
  Source &from = source(proposal);
  double tokens = 1, reached = 1, best = 1 / cost(1);
  uint32_t chosen = 0;
  uint32_t most = proposal.count < kRows - 1 ? proposal.count : kRows - 1;
  for (uint32_t drafted = 1; drafted <= most; ++drafted) {
    reached *= from.rate[depthClass(drafted - 1)];
    tokens += reached;
    double speed = tokens / (cost(drafted + 1) + drafted * idCost(proposal));
    if (speed > best) {
      best = speed;
      chosen = drafted;
    }
  }
  uint32_t patience = proposal.model ? kTryModelAgain : kTryAgain;
  if (chosen > 0 || ++from.rejected < patience)
    return chosen;
  from.rejected = 0;
  return most < kTried ? most : kTried;
}

/// The average of what was measured, newer times above all.
static void average(double &known, uint64_t nanoseconds) {
  double now = double(nanoseconds);
  // One that took far longer was interrupted.
  if (known > 0 && now > 2 * known)
    now = 2 * known;
  known = known > 0 ? known + kNewestTime * (now - known) : now;
}

void Lookahead::took(uint32_t rows, uint64_t nanoseconds) {
  if (rows > 0 && rows <= kRows)
    average(nanosecondsOf[rows], nanoseconds);
}

void Lookahead::made(uint64_t nanoseconds) {
  average(nanosecondsOfId, nanoseconds);
}

void Lookahead::learn(const Proposal &proposal, uint32_t drafted,
                      uint32_t accepted) {
  Source &from = source(proposal);
  for (uint32_t depth = 0; depth < drafted && depth <= accepted; ++depth) {
    uint32_t at = depthClass(depth);
    uint32_t seen = ++from.seen[at] + 1; // what it began with counts once
    float weight = 1.0f / float(seen);
    weight = weight > kNewest ? weight : kNewest;
    float right = depth < accepted ? 1.0f : 0.0f;
    from.rate[at] += weight * (right - from.rate[at]);
  }
}

} // namespace sinter::runtime
