// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_POLICY_H
#define SINTER_RUNTIME_DECODE_POLICY_H

#include "runtime/decode/Lookahead.h"
#include "runtime/plan/RowFigures.h"

namespace sinter::plan {
struct Drafter;
}

namespace sinter::runtime {

/// Policy "ema": one average of how often drafted ids were right says how many
/// are worth it. Where none is, nothing is drafted for a while, and for twice
/// as long each time that a trial says the same.
class AverageAcceptance {
public:
  uint32_t choose(const Proposal &proposal, const Lookahead &lookahead);
  void learn(uint32_t drafted, uint32_t accepted);
  void keep(StoreFields &fields);

  static constexpr uint32_t kShortestRest = 32, kLongestRest = 1024;

private:
  float rate = 0.4f;
  uint32_t seen = 0; // ids
  uint32_t rest = 0; // rounds left without a draft
  uint32_t nextRest = kShortestRest;
  bool tries = false;
};

/// Policy "entropy" (AdaEDL, Agrawal et al., 2024): an id is accepted with a
/// chance of about 1 - sqrt(gamma H), where H is the entropy of the draft. The
/// bound rises while fewer ids are right than wanted, and falls else.
class EntropyBound {
public:
  bool goOn(const plan::Drafter &drafter, const RowFigures &given) const;
  void learn(const plan::Drafter &drafter, uint32_t drafted, uint32_t accepted);
  void keep(StoreFields &fields);

private:
  float boundOf(const plan::Drafter &drafter) const;

  bool known = false; // else the bound is that of the settings
  float bound = 0, rate = 1;
};

/// How much of a proposal is computed: the policies of a plan's drafters, for
/// one session. They change how fast tokens come.
class Policy {
public:
  /// At the start of a round: so many ids of the proposal.
  uint32_t choose(const plan::Drafter &drafter, const Proposal &proposal,
                  Lookahead &lookahead);
  /// After `drafted` ids of a model: whether another one is worth it.
  bool goOn(const plan::Drafter &drafter, uint32_t drafted,
            const RowFigures &given) const;
  /// Of the `drafted` ids of a round, the first `accepted` were right.
  void learn(const plan::Drafter &drafter, uint32_t drafted, uint32_t accepted);
  /// What a draft store has of them.
  void keep(StoreFields &fields) {
    average.keep(fields);
    entropy.keep(fields);
  }

private:
  AverageAcceptance average;
  EntropyBound entropy;
};

} // namespace sinter::runtime
#endif
