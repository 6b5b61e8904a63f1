// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_DRAFTER_H
#define SINTER_RUNTIME_DECODE_DRAFTER_H

#include <cstdint>
#include <span>

namespace sinter::plan {
struct Plan;
}

namespace sinter::runtime {

/// What a drafter proposes.
struct Proposal {
  uint32_t count = 0; // ids
  uint32_t match = 0; // ids of the suffix that was found again
  uint32_t drafter = 0;
  bool model = false; // the program makes the ids, and each takes time
};

/// Ids that may follow `text`, at most `most`, from drafter `index` of a
/// verified plan. Looks at the text alone and keeps nothing, so that a
/// truncated session needs no care: a search costs microseconds, a forward
/// milliseconds.
Proposal propose(const plan::Plan &plan, uint32_t index,
                 std::span<const int32_t> text, int32_t *ids, uint32_t most);

} // namespace sinter::runtime
#endif
