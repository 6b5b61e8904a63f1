//===- PreTokenizers.h - How a text is split before merging -----*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_LIB_IMPORT_TEXT_PRETOKENIZERS_H
#define SINTER_LIB_IMPORT_TEXT_PRETOKENIZERS_H

#include <string>
#include <string_view>
#include <vector>

namespace sinter::import {

/// What one of the names of `tokenizer.ggml.pre` stands for.
struct PreTokenizer {
  std::string_view name;
  /// As the model's tokenizer.json has them: each splits what the one before
  /// left, matches and gaps alike.
  std::vector<std::string_view> patterns;
  /// Words that are tokens as a whole are not merged.
  bool ignoreMerges = false;
  /// BOS is added where the file says nothing.
  bool addBos = false;
};

/// All that are known.
const std::vector<PreTokenizer> &preTokenizers();

/// Items of a character class ("\x{1c89}-\x{1c8a}...") for the characters
/// of a general category that PCRE2 with Unicode 14 does not know; empty for
/// categories that none of our patterns has.
std::string_view newCharacters(std::string_view category);

/// The pattern for PCRE2, so that it means the same with every version of it:
/// \s and \S mean White_Space (PCRE2's own \s has U+180E, which Unicode took
/// out in 2013), and a category has its new characters too.
std::string toPcre2(std::string_view pattern);

} // namespace sinter::import

#endif // SINTER_LIB_IMPORT_TEXT_PRETOKENIZERS_H
