// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Drafter.h"

namespace sinter::runtime {

static constexpr uint32_t kIdMask = (1u << kRecycledBits) - 1;

/// Token Recycling (Luo et al., 2024) with one candidate: what the model said
/// last after each id, in rows of rejected ids, too.
void recycled(Work &work) {
  constexpr float kPriors[] = {0.15f, 0.3f, 0.4f, 0.45f, 0.5f};
  if (!work.drafting.recycled)
    return;
  while (true) {
    auto entry = uint32_t(work.drafting.recycled[work.text.back()]);
    uint32_t times = entry >> kRecycledBits;
    if (times == 0)
      return;
    uint32_t sureness = times < Guess::kSureness ? times - 1 : 4;
    if (!work.push(int32_t(entry & kIdMask), sureness, kPriors[sureness]))
      return;
  }
}

void recycle(int32_t *recycled, int32_t id, int32_t token) {
  auto &entry = reinterpret_cast<uint32_t &>(recycled[id]);
  uint32_t times = entry >> kRecycledBits;
  bool same = times && (entry & kIdMask) == uint32_t(token);
  times = same ? (times < Guess::kSureness ? times + 1 : times) : 1;
  entry = uint32_t(token) | times << kRecycledBits;
}

} // namespace sinter::runtime
