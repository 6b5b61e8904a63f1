// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_ACCEPTANCE_H
#define SINTER_RUNTIME_DECODE_ACCEPTANCE_H

#include <cstdint>

namespace sinter::runtime {

/// Who proposed an id, and how sure it was.
struct Guess {
  static constexpr uint32_t kDrafters = 8, kSureness = 5;

  Guess() = default;
  /// `prior`: how often such ids are right where nothing was seen yet. Drafters
  /// beyond the last one share what is learned.
  Guess(uint32_t drafter, uint32_t sureness, float prior)
      : source(uint8_t((drafter < kDrafters ? drafter : kDrafters - 1) *
                           kSureness +
                       sureness)),
        prior(prior) {}

  uint8_t source = 0;
  float prior = 0;
};

/// How often guesses are right, given that those before them in the draft were.
class Acceptance {
public:
  float rate(const Guess &guess, uint32_t depth) const;
  /// Of the `drafted` first ids of a proposal, the first `accepted` were right.
  void learn(const Guess *guesses, uint32_t drafted, uint32_t accepted);
  /// Tokens that the first `count` guesses promise when they stand at `depth`.
  float tokens(const Guess *guesses, uint32_t count, uint32_t depth) const;

private:
  static constexpr uint32_t kDepths = 4;
  struct Seen {
    float rate;
    uint32_t count;
  };
  Seen seen[Guess::kDrafters * Guess::kSureness][kDepths] = {};
};

} // namespace sinter::runtime
#endif
