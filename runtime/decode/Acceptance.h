// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_ACCEPTANCE_H
#define SINTER_RUNTIME_DECODE_ACCEPTANCE_H

#include "runtime/decode/StoreFields.h"

namespace sinter::runtime {

/// Who proposed an id, and how sure it was.
struct Guess {
  static constexpr uint32_t kDrafters = 8, kRanks = 2;
  /// Of drafters of the text, and of a model that drafts trees.
  static constexpr uint32_t kSureness = 5, kMostSureness = 8;
  /// Of the ids that a drafter has for one place.
  enum class Rank : uint8_t { First, Other };
  /// What others say of the place: nothing, the same, or something likelier.
  enum class Role : uint8_t { Alone, Agreed, Behind };
  static constexpr uint32_t kRoles = 3;

  Guess() = default;
  /// `prior`: how often such ids are right where nothing was seen yet. Drafters
  /// beyond the last one share what is learned.
  Guess(uint32_t drafter, uint32_t sureness, float prior,
        Rank rank = Rank::First)
      : source(uint8_t(
            ((drafter < kDrafters ? drafter : kDrafters - 1) * kMostSureness +
             sureness) *
                kRanks +
            uint32_t(rank))),
        prior(prior) {}

  uint32_t drafter() const { return source / (kMostSureness * kRanks); }

  uint8_t source = 0;
  Role role = Role::Alone;
  float prior = 0;
};

/// How often guesses are right, given that those before them in the draft were.
class Acceptance {
public:
  float rate(const Guess &guess, uint32_t depth) const;
  /// Of the `drafted` first ids of a chain, the first `accepted` were right.
  void learn(const Guess *guesses, uint32_t drafted, uint32_t accepted);
  /// One that stands at `depth`, behind right ones.
  void learn(const Guess &guess, uint32_t depth, bool right);
  /// Tokens that the first `count` guesses promise when they stand at `depth`.
  float tokens(const Guess *guesses, uint32_t count, uint32_t depth) const;
  /// What a draft store has of it.
  void keep(StoreFields &fields);

private:
  static constexpr uint32_t kDepths = 4;
  struct Seen {
    float right, count; // newer ones above all
    uint32_t tries;     // all there were
  };
  float seenRate(const Guess &guess, Guess::Role role, uint32_t depthClass,
                 float expected) const;
  float expectedAlone(const Guess &guess, uint32_t depthClass) const;
  float expected(const Guess &guess, uint32_t depthClass) const;
  void forgetBehind(const Guess &guess, uint32_t depth);

  static constexpr uint32_t kSources =
      Guess::kDrafters * Guess::kMostSureness * Guess::kRanks;
  Seen seen[kSources][Guess::kRoles][kDepths] = {};
};

} // namespace sinter::runtime
#endif
