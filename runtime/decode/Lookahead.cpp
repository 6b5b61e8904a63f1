// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Lookahead.h"
#include "runtime/schema/plan_generated.h"

#include <algorithm>
#include <utility>

namespace sinter::runtime {

namespace {
/// After so many rounds without a draft one is tried; a model must read first
/// what it has missed.
constexpr uint32_t kTryAgain = 32, kTryModelAgain = 256;
constexpr uint32_t kTried = 2; // ids
/// Where rows cost much, tries are as rare as lets them take this share of the
/// time.
constexpr double kTryShare = 0.01;
/// Weight of the newest time.
constexpr double kNewestTime = 0.125, kMany = 8;
/// What takes longer than so many times what it should was interrupted.
constexpr double kLongest = 2;

/// Time of an id that a model or a head makes over that of a row, in plans that
/// do not say.
constexpr double kIdShare = 0.35, kHeadShare = 0.1;

/// Time of so many rows over that of one in plans that do not say: as long as
/// weights take longer to read than to multiply, further rows are nearly free.
double usual(uint32_t rows) {
  constexpr double kFew[] = {1, 1, 1.02, 1.06, 1.13, 1.22};
  return rows <= 5 ? kFew[rows] : kFew[5] + 0.16 * (rows - 5);
}
} // namespace

double Lookahead::priorCost(uint32_t rows) const {
  return prior ? double(prior->rows()->Get(rows - 1)) : usual(rows);
}

/// The largest number of fewer rows that was measured, 0: none; one that
/// several rounds had, if there is any.
uint32_t Lookahead::nearestBelow(uint32_t rows) const {
  uint32_t nearest = 0;
  while (--rows > 0) {
    if (timeOf[rows].believed() > 0)
      return rows;
    if (nearest == 0 && timeOf[rows].nanoseconds > 0)
      nearest = rows;
  }
  return nearest;
}

/// What so many rows should take, going by what others took if any were
/// measured.
double Lookahead::expectedCost(uint32_t rows) const {
  uint32_t n = nearestBelow(rows);
  for (uint32_t more = rows + 1; n == 0 && more <= kRows; ++more)
    if (timeOf[more].nanoseconds > 0)
      n = more;
  if (n == 0 && timeOf[rows].nanoseconds > 0)
    return timeOf[rows].nanoseconds;
  double unit = n ? timeOf[n].nanoseconds / priorCost(n) : 1;
  return unit * priorCost(rows);
}

/// One time alone may be that of a round that something interrupted, and says
/// less the older it is: what is expected counts as much as a new one, or who
/// is avoided once would be for ever. What several rounds say is believed. No
/// rows take longer than more of them did.
double Lookahead::cost(uint32_t rows) const {
  const Time &known = timeOf[rows];
  double time = known.nanoseconds;
  if (known.rounds < kSeveral)
    time =
        (known.weight * time + expectedCost(rows)) / (double(known.weight) + 1);
  for (uint32_t n = rows + 1; n <= kRows; ++n)
    if (timeOf[n].nanoseconds > 0 && timeOf[n].nanoseconds < time)
      time = timeOf[n].nanoseconds;
  return time;
}

double Lookahead::priorIdCost(const Proposal &proposal) const {
  if (!proposal.model)
    return 0;
  double usual = proposal.reads ? kIdShare : kHeadShare;
  return prior && prior->id() > 0 ? double(prior->id()) : usual;
}

double Lookahead::idCost(const Proposal &proposal) const {
  if (proposal.model && nanosecondsOfId > 0)
    return nanosecondsOfId;
  return priorIdCost(proposal) * cost(1);
}

double Lookahead::planned(const Proposal &proposal, uint32_t drafted) const {
  return priorCost(drafted + 1) + drafted * priorIdCost(proposal);
}

uint32_t Lookahead::choose(const Proposal &proposal) {
  if (proposal.count == 0)
    return 0;
  uint32_t most = proposal.count;
  if (proposal.model && mostOfModel < most)
    most = mostOfModel;
  double tokens = 1, reached[Proposal::kMost + 1] = {1}, best = 1 / cost(1);
  uint32_t chosen = 0;
  for (uint32_t drafted = 1; drafted <= most; ++drafted) {
    uint32_t i = drafted - 1;
    reached[drafted] = reached[proposal.parents[i]] *
                       rates.rate(proposal.guesses[i], proposal.depth(i));
    tokens += reached[drafted];
    double speed = tokens / (cost(drafted + 1) + drafted * idCost(proposal));
    if (speed > best) {
      best = speed;
      chosen = drafted;
    }
  }
  // Of layers that take long a single id says whether to hope for more.
  if (proposal.ofItself && !std::exchange(knowsItself, true) && chosen == 0)
    return 1;
  uint32_t patience = proposal.reads ? kTryModelAgain : kTryAgain;
  uint32_t tried = proposal.count < kTried ? proposal.count : kTried;
  double loss = cost(tried + 1) + tried * idCost(proposal) - cost(1);
  if (chosen > 0 || ++rejected[proposal.model] < patience ||
      rejected[proposal.model] * kTryShare * cost(1) < loss)
    return chosen;
  rejected[proposal.model] = 0;
  return tried;
}

void Lookahead::learn(const Proposal &proposal, uint32_t drafted,
                      uint32_t accepted, std::span<const int32_t> said) {
  if (proposal.model)
    return learn(proposal, drafted, accepted);
  bool right[Proposal::kMost + 1] = {true};
  for (uint32_t i = 0; i < proposal.count; ++i) {
    uint32_t depth = proposal.depth(i);
    if (!right[proposal.parents[i]] || depth >= said.size())
      continue;
    right[i + 1] = proposal.ids[i] == said[depth];
    rates.learn(proposal.guesses[i], depth, right[i + 1]);
  }
}

void Lookahead::learn(const Proposal &proposal, uint32_t drafted,
                      uint32_t accepted) {
  rates.learn(proposal.guesses, drafted, accepted);
  if (proposal.model)
    learnLength(drafted, accepted);
}

void Lookahead::learnLength(uint32_t drafted, uint32_t accepted) {
  if (drafted == 0)
    return;
  if (accepted == drafted)
    mostOfModel = 2 * drafted + kFirstOfModel;
  else if (accepted == 0)
    mostOfModel = drafted / 2 > kFirstOfModel ? drafted / 2 : kFirstOfModel;
}

void Lookahead::keep(StoreFields &fields) {
  rates.keep(fields);
  fields.number(mostOfModel, kFirstOfModel, 2 * kRows + kFirstOfModel);
}

/// The average of what was measured, newer times above all. What is known comes
/// from rounds of so much `weight`: where that is little, a shorter time counts
/// for more, as interruptions make times longer alone.
static void average(double &known, double now, double weight) {
  if (known > 0)
    now = std::min(now, kLongest * known);
  double share =
      now < known ? std::max(kNewestTime, 1 / (weight + 1)) : kNewestTime;
  known = known > 0 ? known + share * (now - known) : now;
}

void Lookahead::took(uint32_t rows, uint64_t nanoseconds) {
  // What is left of a weight after each further round.
  constexpr float kOld = 0.9f, kOldAlone = 0.7f;
  if (!timed || rows == 0 || rows > kRows)
    return;
  for (Time &time : timeOf)
    time.weight = std::max((time.rounds < 2 ? kOldAlone : kOld) * time.weight,
                           time.believed());
  Time &time = timeOf[rows];
  if (time.nanoseconds == 0 && nearestBelow(rows))
    time.nanoseconds = std::min(double(nanoseconds), kLongest * cost(rows));
  else
    average(time.nanoseconds, double(nanoseconds), time.weight);
  time.weight += 1;
  ++time.rounds;
}

void Lookahead::made(uint64_t nanoseconds) {
  if (timed)
    average(nanosecondsOfId, double(nanoseconds), kMany);
}

} // namespace sinter::runtime
