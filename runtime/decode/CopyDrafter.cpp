// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

namespace {
/// An occurrence of the end of the text: what came after it, and how many ids
/// are the same before.
struct Match {
  size_t next = 0;
  uint32_t length = 0;
};

/// 1, 2, 3-4, 5-8, more.
uint32_t surenessOf(uint32_t length) {
  return length <= 2 ? length - 1 : length <= 4 ? 2 : length <= 8 ? 3 : 4;
}
constexpr float kPriors[] = {0.3f, 0.4f, 0.6f, 0.75f, 0.9f};
} // namespace

/// CopySpec (Dumitru et al., 2025), with the longest match first: the ids
/// behind the latest of the occurrences that match best, and beside the first
/// one what came after the best of those that went on otherwise.
void copy(Work &work) {
  const plan::Drafter &drafter = work.drafter;
  Extended &text = work.text;
  Match best, other;
  for (size_t end = text.previous(text.size() - 1); end >= drafter.min_match();
       end = text.previous(end - 1)) {
    Match match{end, matchBefore(text, end, drafter.max_match())};
    if (match.length < drafter.min_match())
      continue;
    if (match.length > best.length) {
      if (best.length && text[best.next] != text[end])
        other = best;
      best = match;
    } else if (match.length > other.length && text[best.next] != text[end]) {
      other = match;
    }
    if (match.length == drafter.max_match())
      break;
  }
  if (best.length == 0)
    return;
  if (other.length) {
    uint32_t sureness = surenessOf(other.length);
    work.also(text[other.next], sureness, kPriors[sureness]);
  }
  uint32_t sureness = surenessOf(best.length);
  // A copy that reaches its own end goes on with what it has written.
  for (size_t at = best.next; work.push(text[at], sureness, kPriors[sureness]);)
    ++at;
}

} // namespace sinter::runtime
