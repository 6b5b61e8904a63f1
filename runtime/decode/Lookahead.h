// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_LOOKAHEAD_H
#define SINTER_RUNTIME_DECODE_LOOKAHEAD_H

#include "runtime/decode/Proposal.h"

#include <span>

namespace sinter::plan {
struct Costs;
}

namespace sinter::runtime {

/// Policy "goodput": how many of the ids proposed are worth computing. What was
/// accepted before says how many tokens a round will give, what rounds took
/// says what its rows cost. It changes how fast tokens come, never which.
class Lookahead {
public:
  /// Rows of a round, at most.
  static constexpr uint32_t kRows = SINTER_SPECULATION_ROWS;

  /// What the plan says of costs, which holds until they were measured; null:
  /// nothing.
  /// `clock`: times of this session correct them.
  void assume(const plan::Costs *costs, bool clock = true) {
    prior = costs;
    timed = clock;
  }
  /// A number of ids, the first of `proposal`, with the most tokens a second;
  /// now and then a few although none seem to be worth it.
  uint32_t choose(const Proposal &proposal);
  /// A round of `rows` rows took so long.
  void took(uint32_t rows, uint64_t nanoseconds);
  /// A model made an id in that time.
  void made(uint64_t nanoseconds);
  /// Of the first `drafted` ids of a proposal, `accepted`, one behind the
  /// other, were right; behind the text and each of those the model said
  /// `said`. Of what was proposed and not drafted it is known, too, whether it
  /// was right.
  void learn(const Proposal &proposal, uint32_t drafted, uint32_t accepted,
             std::span<const int32_t> said);
  /// The same of a chain, of which is known what was drafted.
  void learn(const Proposal &proposal, uint32_t drafted, uint32_t accepted);
  /// Of a draft that a model made, `accepted` of `drafted` ids one behind the
  /// other were right.
  void learnLength(uint32_t drafted, uint32_t accepted);
  void learn(const Guess &guess, uint32_t depth, bool right) {
    rates.learn(guess, depth, right);
  }
  const Acceptance &acceptance() const { return rates; }
  /// What a draft store has of it: no times.
  void keep(StoreFields &fields);
  /// Ids that a model may make now, one behind the other.
  uint32_t most() const { return mostOfModel; }

  /// Nanoseconds of a round of `rows` rows; without measurements in units of
  /// a round of one.
  double cost(uint32_t rows) const;
  /// The same of an id of the proposal.
  double idCost(const Proposal &proposal) const;

  /// What a round with `drafted` ids of the proposal takes by the plan, over
  /// one without a draft.
  double planned(const Proposal &proposal, uint32_t drafted) const;

  /// Ids that become tokens less often than this are never worth a row.
  static constexpr float kLeast = 0.02f;

private:
  uint32_t nearestBelow(uint32_t rows) const;
  double expectedCost(uint32_t rows) const;
  /// Of so many rows over that of one, by the plan.
  double priorCost(uint32_t rows) const;
  double priorIdCost(const Proposal &proposal) const;

  Acceptance rates;
  const plan::Costs *prior = nullptr;
  bool timed = true;
  /// Rounds whose average is believed.
  static constexpr uint32_t kSeveral = 3;
  struct Time {
    double nanoseconds = 0; // 0: not measured
    float weight = 0;       // rounds, newer ones above all
    uint32_t rounds = 0;
    /// Weight that never goes: of the second round and the third.
    float believed() const {
      return rounds < 2 ? 0.0f : rounds < kSeveral ? 1.0f : 2.0f;
    }
  } timeOf[kRows + 1];
  double nanosecondsOfId = 0; // that a model makes
  /// Ids that a model may make now. A draft that was right to its end may be
  /// followed by a longer one, so that one that never is takes little time.
  uint32_t mostOfModel = kFirstOfModel;
  static constexpr uint32_t kFirstOfModel = 2;
  bool knowsItself = false; // a draft of its own layers was made
  /// Times in a row that nothing was worth it, of the text and of a model.
  uint32_t rejected[2] = {};
};

} // namespace sinter::runtime
#endif
