// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_PROPOSAL_H
#define SINTER_RUNTIME_DECODE_PROPOSAL_H

#include "runtime/decode/Acceptance.h"
#include "sinter-c/speculation.h"

namespace sinter::runtime {

/// Ids that may come next, and who says so of each: a tree, or a chain. The
/// first ones are the likeliest, so that any number of them is a tree, too.
struct Proposal {
  static constexpr uint32_t kMost = SINTER_SPECULATION_ROWS - 1;

  uint32_t count = 0;
  int32_t ids[kMost] = {};
  Guess guesses[kMost];
  /// What an id comes after: 0 is the text, i + 1 the id i, an earlier one.
  uint8_t parents[kMost] = {};
  /// The program makes the ids, which are not here, and each takes time.
  bool model = false;
  /// Before the first one a model may have much text to read; heads have none.
  bool reads = false;
  /// Layers of the model itself, which have read all of it.
  bool ofItself = false;
  /// Which part of a drafter that chooses one made it.
  static constexpr uint8_t kNoArm = 0xff;
  uint8_t arm = kNoArm;

  /// One more id, after what `parent` says.
  void add(uint32_t parent, int32_t id, const Guess &guess) {
    ids[count] = id;
    guesses[count] = guess;
    parents[count++] = uint8_t(parent);
  }
  /// Ids before id `i` on its path.
  uint32_t depth(uint32_t i) const {
    uint32_t depth = 0;
    for (uint32_t at = parents[i]; at > 0; at = parents[at - 1])
      ++depth;
    return depth;
  }
};

} // namespace sinter::runtime
#endif
