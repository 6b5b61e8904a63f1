// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Drafter.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

namespace {

/// Ids before `end` that equal the last ids of `text`, at most `most`.
uint32_t matchBefore(std::span<const int32_t> text, size_t end, uint32_t most) {
  uint32_t same = 0;
  while (same < most && same < end &&
         text[end - 1 - same] == text[text.size() - 1 - same])
    ++same;
  return same;
}

/// CopySpec (Dumitru et al., 2025), with the longest match first: the ids
/// behind the latest of the occurrences that match best.
Proposal copy(const plan::Drafter &drafter, std::span<const int32_t> text,
              int32_t *ids, uint32_t most) {
  Proposal best;
  size_t from = 0;
  for (size_t end = text.size() - 1; end >= drafter.min_match(); --end) {
    if (text[end - 1] != text.back())
      continue;
    uint32_t match = matchBefore(text, end, drafter.max_match());
    if (match < drafter.min_match() || match <= best.match)
      continue;
    best.match = match;
    from = end;
    if (match == drafter.max_match())
      break;
  }
  if (best.match == 0)
    return {};
  // A copy that reaches its own end goes on with what it has written.
  for (uint32_t i = 0; i < most; ++i)
    ids[i] =
        from + i < text.size() ? text[from + i] : ids[from + i - text.size()];
  best.count = most;
  return best;
}

/// Text and the ids drafted so far.
class Extended {
public:
  Extended(std::span<const int32_t> text, const int32_t *ids)
      : text(text), ids(ids) {}
  size_t size() const { return text.size() + drafted; }
  int32_t operator[](size_t i) const {
    return i < text.size() ? text[i] : ids[i - text.size()];
  }
  void grow() { ++drafted; }

private:
  std::span<const int32_t> text;
  const int32_t *ids;
  size_t drafted = 0;
};

/// Whether the `length` ids before `end` are the last ones.
bool isSuffix(const Extended &text, size_t end, uint32_t length) {
  for (uint32_t i = 1; i <= length; ++i)
    if (text[end - i] != text[text.size() - i])
      return false;
  return true;
}

/// The id that comes most often after the last `length` ids; the latest of
/// those that come equally often. -1: they come once.
int32_t mostFrequent(const Extended &text, uint32_t length) {
  constexpr uint32_t kCandidates = 16; // the latest ones count
  int32_t candidates[kCandidates];
  uint32_t counts[kCandidates], known = 0;
  for (size_t end = text.size() - 1; end >= length; --end) {
    if (!isSuffix(text, end, length))
      continue;
    uint32_t i = 0;
    while (i < known && candidates[i] != text[end])
      ++i;
    if (i < known) {
      ++counts[i];
    } else if (known < kCandidates) {
      candidates[known] = text[end];
      counts[known++] = 1;
    }
  }
  uint32_t best = 0;
  for (uint32_t i = 1; i < known; ++i)
    best = counts[i] > counts[best] ? i : best;
  return known ? candidates[best] : -1;
}

/// The context n-grams of N-Grammys (Stewart et al., 2024), as a chain.
Proposal lookup(const plan::Drafter &drafter, std::span<const int32_t> text,
                int32_t *ids, uint32_t most) {
  Extended extended(text, ids);
  Proposal made;
  for (; made.count < most; extended.grow()) {
    int32_t next = -1;
    uint32_t length = drafter.max_match() + 1;
    while (next < 0 && --length >= drafter.min_match())
      if (length < extended.size())
        next = mostFrequent(extended, length);
    if (next < 0)
      break;
    if (made.count == 0)
      made.match = length;
    ids[made.count++] = next;
  }
  return made;
}

} // namespace

Proposal propose(const plan::Plan &plan, uint32_t index,
                 std::span<const int32_t> text, int32_t *ids, uint32_t most) {
  const plan::Drafter &drafter = *plan.drafters()->Get(index);
  most = most < drafter.max_draft() ? most : drafter.max_draft();
  Proposal made;
  switch (drafter.kind()) {
  case plan::DrafterKind::Copy:
    made = copy(drafter, text, ids, most);
    break;
  case plan::DrafterKind::Lookup:
    made = lookup(drafter, text, ids, most);
    break;
  case plan::DrafterKind::Model:
    made.count = most;
    made.model = true;
    break;
  case plan::DrafterKind::Priority:
    for (uint32_t i = 0; i < drafter.parts()->size() && made.count == 0; ++i)
      made = propose(plan, drafter.parts()->Get(i), text, ids, most);
    return made;
  }
  made.drafter = index;
  return made;
}

} // namespace sinter::runtime
