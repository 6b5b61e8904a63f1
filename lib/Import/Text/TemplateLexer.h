//===- TemplateLexer.h - Jinja source to tokens -----------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_LIB_IMPORT_TEXT_TEMPLATELEXER_H
#define SINTER_LIB_IMPORT_TEXT_TEMPLATELEXER_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::import {

enum class TokenKind : uint8_t {
  Text,       // text between tags, white space control applied
  BlockBegin, // {%
  BlockEnd,
  OutputBegin, // {{
  OutputEnd,
  Name,
  String, // escapes undone
  Integer,
  Float,
  Operator,
  End
};

struct Token {
  TokenKind kind;
  std::string text;
  uint32_t line;
  int64_t integer = 0;
  double number = 0;
};

/// Splits a template as jinja2 does with trim_blocks and lstrip_blocks set, as
/// `transformers` sets them.  On failure `error` says why, at `errorLine`.
class TemplateLexer {
public:
  explicit TemplateLexer(std::string_view source);
  bool run(std::vector<Token> &tokens);

  std::string error;
  uint32_t errorLine = 0;

private:
  bool fail(std::string message);
  bool comment();
  bool raw(std::vector<Token> &tokens, size_t begin);
  bool tag(std::vector<Token> &tokens, bool output);
  bool token(std::vector<Token> &tokens, std::string &open);
  bool string(std::vector<Token> &tokens);
  bool number(std::vector<Token> &tokens);
  bool at(std::string_view what) const {
    return source.compare(position, what.size(), what) == 0;
  }
  void text(std::vector<Token> &tokens, size_t begin, size_t end,
            bool mayStripLine);
  void afterBlockEnd();
  void advance(size_t to);

  std::string source; // line ends normalized
  size_t position = 0;
  uint32_t line = 1;
  bool lineStarts = true; // what was read last ended with a line break
};

} // namespace sinter::import

#endif // SINTER_LIB_IMPORT_TEXT_TEMPLATELEXER_H
