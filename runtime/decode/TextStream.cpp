// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/TextStream.h"

#include <cstring>

namespace sinter::runtime {

Status TextStream::open(const char *const *strings, size_t count,
                        size_t longestPiece) {
  size_t longestStop = 0;
  SINTER_NEED(stops.reserve(count));
  for (size_t i = 0; i < count; ++i) {
    std::string_view stop = strings && strings[i] ? strings[i] : "";
    if (stop.empty())
      return fail(allocator, SINTER_INVALID_ARGUMENT,
                  "stop string %zu is empty; leave it out", i);
    if (text::utf8ValidPrefix(stop) != stop.size())
      return fail(allocator, SINTER_INVALID_ARGUMENT,
                  "stop string %zu is not UTF-8", i);
    SINTER_NEED(stops.push_back(stop));
    longestStop = stop.size() > longestStop ? stop.size() : longestStop;
  }
  // Room for all that can ever be held back, so that nothing is allocated
  // between two tokens.
  SINTER_NEED(
      held.reserve(longestStop + text::Utf8Stream::bound(longestPiece) + 3));
  return Status();
}

Status TextStream::add(std::string_view bytes) {
  size_t before = held.size();
  SINTER_NEED(held.resize(before + text::Utf8Stream::bound(bytes.size())));
  size_t written = characters.feed(bytes, held.data() + before);
  SINTER_NEED(held.resize(before + written));
  cutAtStop();
  readyBytes = held.size() - (found ? 0 : claimable());
  return Status();
}

Status TextStream::finish() {
  size_t before = held.size();
  SINTER_NEED(held.resize(before + 3));
  size_t written = found ? 0 : characters.finish(held.data() + before);
  SINTER_NEED(held.resize(before + written));
  readyBytes = held.size();
  return Status();
}

void TextStream::consume() {
  held.dropFront(readyBytes);
  readyBytes = 0;
}

void TextStream::cutAtStop() {
  size_t first = held.size();
  for (std::string_view stop : stops)
    if (size_t at = held.view().find(stop); at < first)
      first = at;
  if (first == held.size())
    return;
  found = true;
  (void)held.resize(first); // shrinks
}

/// Bytes at the end that are the beginning of a stop string.
size_t TextStream::claimable() const {
  size_t most = 0;
  for (std::string_view stop : stops)
    for (size_t n = stop.size() - 1; n > most; --n)
      if (n <= held.size() && !memcmp(held.end() - n, stop.data(), n)) {
        most = n;
        break;
      }
  return most;
}

} // namespace sinter::runtime
