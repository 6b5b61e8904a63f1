//===- Utf8.h - Well-formed text out of any bytes ---------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_RUNTIME_TEXT_UTF8_H
#define SINTER_RUNTIME_TEXT_UTF8_H

#include "runtime/base/Vector.h"

#include <string_view>

namespace sinter::text {

/// What stands at the start of some bytes.
struct Utf8Step {
  size_t bytes;   // of the character, or of the maximal invalid sequence
  char32_t point; // the character; kUtf8Invalid when there is none
  bool cut;       // invalid, but more bytes could complete it
};
inline constexpr char32_t kUtf8Invalid = 0xffffffff;

/// Reads one character of `text`, which is not empty.  Invalid sequences are
/// the maximal subparts of Unicode 3.9, as everybody replaces them.
Utf8Step utf8Step(std::string_view text);

/// Bytes before the first that is not well-formed UTF-8; text.size() if none.
size_t utf8ValidPrefix(std::string_view text);

/// Bytes that end on a character boundary: all but the beginning of a
/// character at the very end.  Invalid sequences before it do not matter.
size_t utf8CompletePrefix(std::string_view text);

/// Appends `text` with each maximal invalid sequence as U+FFFD; false when
/// there is no memory.
[[nodiscard]] bool appendUtf8Lossy(std::string_view text,
                                   runtime::Vector<char> &out);

/// Writes `point` to `out` (4 bytes); returns how many bytes it took.
size_t utf8Encode(char32_t point, char *out);

/// Turns a stream of bytes into a stream of whole characters: holds back the
/// beginning of a character (at most three bytes) and replaces each maximal
/// invalid sequence by U+FFFD.  Needs no memory.
class Utf8Stream {
public:
  /// Bytes that `out` of feed needs for `bytes` bytes.
  static size_t bound(size_t bytes) { return 3 * (bytes + 3); }
  /// Returns the bytes written.
  size_t feed(std::string_view bytes, char *out);
  /// The end: what is still held back becomes U+FFFD (3 bytes at most).
  size_t finish(char *out);
  size_t pending() const { return held; }

private:
  char buffer[4] = {};
  size_t held = 0;
};

/// Writes at most `capacity` items and counts all of them: what the C API's
/// "needed size" convention asks for.
template <typename T> class Sink {
public:
  Sink(T *items, size_t capacity) : items(items), capacity(capacity) {}
  void push(T item) { append(&item, 1); }
  void append(const T *more, size_t n) {
    if (used < capacity && n)
      std::memcpy(items + used, more,
                  (capacity - used < n ? capacity - used : n) * sizeof(T));
    used += n;
  }
  size_t size() const { return used; }

private:
  T *items;
  size_t capacity;
  size_t used = 0;
};

} // namespace sinter::text

#endif // SINTER_RUNTIME_TEXT_UTF8_H
