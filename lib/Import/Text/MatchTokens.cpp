//===- MatchTokens.cpp - one vocabulary in terms of another ---------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Text/MatchTokens.h"

#include <cstdio>
#include <unordered_map>

using namespace sinter;
using namespace sinter::import;

namespace {

/// The tokens of a vocabulary by their bytes.
class Tokens {
public:
  explicit Tokens(const plan::TokenizerT &tables) : tables(tables) {
    for (size_t id = 0; id < size(); ++id)
      (isLiteral(id) ? literals : pieces).try_emplace(bytes(id), int32_t(id));
  }

  size_t size() const { return tables.token_types.size(); }
  std::string_view bytes(size_t id) const {
    uint32_t begin = tables.piece_offsets[id];
    return {reinterpret_cast<const char *>(tables.piece_bytes.data()) + begin,
            tables.piece_offsets[id + 1] - begin};
  }
  /// Matched in text as a whole: control and user-defined tokens.
  bool isLiteral(size_t id) const {
    return tables.token_types[id] == 3 || tables.token_types[id] == 4;
  }
  /// -1: there is none.
  int32_t find(std::string_view bytes, bool literal) const {
    const auto &in = literal ? literals : pieces;
    auto found = in.find(bytes);
    return found == in.end() ? -1 : found->second;
  }
  /// The longest piece that `bytes` ends in; -1: there is none.
  int32_t ending(std::string_view bytes) const {
    int32_t found = -1;
    while (found < 0 && bytes.size() > 1) {
      bytes.remove_prefix(1);
      found = find(bytes, /*literal=*/false);
    }
    return found;
  }

private:
  const plan::TokenizerT &tables;
  std::unordered_map<std::string_view, int32_t> pieces, literals;
};

/// Bytes as they may stand in a message: short, printable.
std::string quote(std::string_view bytes) {
  std::string out = "'";
  for (uint8_t c : bytes.substr(0, 60)) {
    char text[8];
    std::snprintf(text, sizeof(text), c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x",
                  c);
    out += text;
  }
  return out + (bytes.size() > 60 ? "...'" : "'");
}

std::string describe(const Tokens &tokens, size_t id) {
  return std::string(tokens.isLiteral(id) ? "special token " : "token ") +
         std::to_string(id) + " " + quote(tokens.bytes(id));
}

} // namespace

std::optional<TokenMatch> import::matchTokens(const plan::TokenizerT &target,
                                              const plan::TokenizerT &from,
                                              Errors &errors) {
  Tokens wanted(target), given(from);
  TokenMatch match;
  match.same = wanted.size() == given.size();
  match.ids.assign(wanted.size(), -1);
  for (size_t id = 0; id < given.size(); ++id) {
    int32_t same = wanted.find(given.bytes(id), given.isLiteral(id));
    if (same < 0) {
      std::string here = id < wanted.size() ? describe(wanted, id) : "no token";
      errors.push_back("its " + describe(given, id) +
                       " is no token of the other vocabulary, which has " +
                       here + " there");
      return std::nullopt;
    }
    match.same &= same == int32_t(id);
    match.ids[same] = int32_t(id);
    ++match.shared;
  }
  for (size_t id = 0; id < wanted.size() && !match.same; ++id) {
    if (match.ids[id] >= 0)
      continue;
    int32_t other = given.ending(wanted.bytes(id));
    if (other < 0) {
      errors.push_back("it has nothing that could stand in for " +
                       describe(wanted, id));
      return std::nullopt;
    }
    match.ids[id] = ~other;
  }
  if (match.same)
    match.ids.clear();
  return match;
}
