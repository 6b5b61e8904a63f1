// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_DRAFTER_H
#define SINTER_RUNTIME_DECODE_DRAFTER_H

#include "runtime/decode/Acceptance.h"
#include "sinter-c/speculation.h"

#include <span>

namespace sinter::plan {
struct Drafter;
struct Plan;
}

namespace sinter::runtime {

/// Ids that may come next, and who says so of each.
struct Proposal {
  static constexpr uint32_t kMost = SINTER_SPECULATION_ROWS - 1;

  uint32_t count = 0;
  int32_t ids[kMost] = {};
  Guess guesses[kMost];
  /// The program makes the ids, which are not here, and each takes time.
  bool model = false;
  /// Before the first one a model may have much text to read; heads have none.
  bool reads = false;
};

/// What drafters look at.
struct Drafting {
  const plan::Plan &plan;
  const Acceptance &acceptance;
  std::span<const int32_t> text; // never empty
  /// What the model said last after an id; null: nothing is kept.
  const int32_t *recycled = nullptr;
};

/// Ids that may follow the text, at most `most`, from drafter `index` of a
/// verified plan. But for what is recycled, drafters look at the text alone, so
/// that a truncated session needs no care: a search costs microseconds, a
/// forward milliseconds.
Proposal propose(const Drafting &drafting, uint32_t index, uint32_t most);

/// How often the model said the same after an id stands above the id.
constexpr uint32_t kRecycledBits = 24;
/// The model said `token` after `id`.
void recycle(int32_t *recycled, int32_t id, int32_t token);

} // namespace sinter::runtime
#endif
