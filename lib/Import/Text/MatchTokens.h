//===- MatchTokens.h - one vocabulary in terms of another -------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_LIB_IMPORT_TEXT_MATCHTOKENS_H
#define SINTER_LIB_IMPORT_TEXT_MATCHTOKENS_H

#include "lib/Import/Text/Text.h"

namespace sinter::import {

/// Where the tokens of a vocabulary are in another one.
struct TokenMatch {
  /// Both have the same tokens with the same ids; then there are no `ids`.
  bool same = false;
  /// For each token: t >= 0 is the other's id of the same token; t < 0: it has
  /// none, and its token ~t stands in for it in a text.
  std::vector<int32_t> ids;
  size_t shared = 0; // tokens of both
};

/// Finds each token of `from` in `target`: by its bytes, and by whether it is
/// matched in text as a whole (control tokens). A token that `target` lacks is
/// an error, of which the first is named. What `from` lacks is stood in for by
/// the longest token that its bytes end in.
std::optional<TokenMatch> matchTokens(const plan::TokenizerT &target,
                                      const plan::TokenizerT &from,
                                      Errors &errors);

} // namespace sinter::import

#endif // SINTER_LIB_IMPORT_TEXT_MATCHTOKENS_H
