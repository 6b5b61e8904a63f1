//===- Tokenizer.h - Text to ids and back -----------------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Byte-level BPE over the tables of a plan.  The compiler computed everything
// (merge table, piece bytes, regular expressions); opening a tokenizer
// compiles the regular expressions and allocates nothing else.
//
// Equal to the Hugging Face `tokenizers` library, id for id: special tokens
// are found first (leftmost, then longest), the text between is normalized
// and split by the regular expressions one after another, and each word is
// merged by rank.
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_RUNTIME_TEXT_TOKENIZER_H
#define SINTER_RUNTIME_TEXT_TOKENIZER_H

#include "runtime/base/Status.h"
#include "runtime/text/Utf8.h"

namespace sinter::plan {
struct Tokenizer;
}

namespace sinter::text {

class Tokenizer {
public:
  Tokenizer() = default;
  ~Tokenizer() { close(); }
  Tokenizer(const Tokenizer &) = delete;
  Tokenizer &operator=(const Tokenizer &) = delete;

  /// Checks the tables and compiles the regular expressions.  `from` lives in
  /// the mapped plan (which passed the FlatBuffers verifier) and must outlive
  /// this.
  runtime::Status open(const plan::Tokenizer *from,
                       const runtime::Allocator &memory);
  void close();
  bool isOpen() const { return table; }

  /// Ids of `text`; `flags` are sinter_text_flags.  Each maximal invalid UTF-8
  /// sequence is read as U+FFFD.  Any thread; working memory (a few times the
  /// longest word) is released before returning.
  runtime::Status encode(std::string_view text, uint32_t flags,
                         Sink<int32_t> &ids) const;

  /// Bytes of `ids` exactly as the pieces hold them, perhaps no whole
  /// character at the end (see Utf8Stream).  Control tokens are left out unless
  /// `flags` holds SINTER_TEXT_SPECIAL.
  runtime::Status decode(const int32_t *ids, size_t count, uint32_t flags,
                         Sink<char> &text) const;

  /// Bytes of one token; empty for an id out of range.
  std::string_view piece(int32_t id) const;
  /// A control token: never text of the user's.
  bool isControl(int32_t id) const;
  uint32_t size() const { return tokens; }
  /// -1: the model has none.
  int32_t bos() const;
  int32_t eos() const;
  int32_t unk() const;
  int32_t pad() const;

private:
  friend class Encoder;
  static constexpr size_t kMaxRegexes = 12;

  runtime::Status check();
  runtime::Status compileRegexes();

  const plan::Tokenizer *table = nullptr;
  runtime::Allocator allocator;
  uint32_t tokens = 0;
  void *general = nullptr;         // pcre2_general_context
  void *matching = nullptr;        // pcre2_match_context
  void *regexes[kMaxRegexes] = {}; // pcre2_code
  size_t regexCount = 0;
  /// Which bytes special tokens have in the first and in the second place.
  uint64_t specialStarts[4] = {};
  uint64_t specialSeconds[4] = {};
};

} // namespace sinter::text

#endif // SINTER_RUNTIME_TEXT_TOKENIZER_H
