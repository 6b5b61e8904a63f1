// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_TEXTSTREAM_H
#define SINTER_RUNTIME_DECODE_TEXTSTREAM_H

#include "runtime/base/Status.h"
#include "runtime/base/Vector.h"
#include "runtime/text/Utf8.h"

namespace sinter::runtime {

/// Turns the bytes of tokens into text to hand out: whole characters only, and
/// nothing that may turn out to belong to a stop string.
class TextStream {
public:
  explicit TextStream(const Allocator &allocator)
      : allocator(allocator), stops(allocator), held(allocator) {}

  /// `strings` must live as long as this; each is UTF-8 and not empty.
  /// `longestPiece` bytes are the most that add() will get.
  Status open(const char *const *strings, size_t count, size_t longestPiece);

  /// Adds the bytes of a token; afterwards ready() may be handed out.
  Status add(std::string_view bytes);
  /// No more bytes will come: everything becomes ready.
  Status finish();
  /// Text that no stop string can claim any more.
  std::string_view ready() const { return {held.data(), readyBytes}; }
  /// ready() was handed out.
  void consume();
  /// Bytes of a character came that is not complete.
  bool inCharacter() const { return characters.pending() != 0; }
  /// A stop string was found; it and what followed it are gone.
  bool stopped() const { return found; }

private:
  void cutAtStop();
  size_t claimable() const;

  Allocator allocator;
  Vector<std::string_view> stops;
  String held;
  size_t readyBytes = 0;
  bool found = false;
  text::Utf8Stream characters;
};

} // namespace sinter::runtime
#endif
