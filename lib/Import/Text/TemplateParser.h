//===- TemplateParser.h - Jinja tokens to a tree ----------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recursive descent, with the grammar and the precedences of jinja2.  After
// the first failure everything returns at once: callers look at `failed()`
// only where they loop.
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_LIB_IMPORT_TEXT_TEMPLATEPARSER_H
#define SINTER_LIB_IMPORT_TEXT_TEMPLATEPARSER_H

#include "lib/Import/Text/TemplateLexer.h"
#include "runtime/schema/text_generated.h"
#include "runtime/text/TemplateNodes.h"

#include <initializer_list>

namespace sinter::import {

using text::NodeKind;

class TemplateParser {
public:
  TemplateParser(const std::vector<Token> &tokens, plan::ChatTemplateT &out)
      : tokens(tokens), out(out) {}
  bool run();

  std::string error;
  uint32_t errorLine = 0;

private:
  using Node = uint32_t;
  using Nodes = std::vector<Node>;
  using Words = std::initializer_list<std::string_view>;

  // Tokens
  const Token &now() const { return tokens[position]; }
  const Token &ahead() const {
    return tokens[position + (position + 1 < tokens.size())];
  }
  void next() { position += position + 1 < tokens.size(); }
  bool is(TokenKind kind) const { return now().kind == kind; }
  bool isOperator(std::string_view text) const {
    return is(TokenKind::Operator) && now().text == text;
  }
  bool isWord(std::string_view text) const {
    return is(TokenKind::Name) && now().text == text;
  }
  bool isAnyWord(Words words) const;
  bool takeOperator(std::string_view text);
  bool takeWord(std::string_view text);
  void expectOperator(std::string_view text);
  void expectWord(std::string_view text);
  std::string expectName(const char *what);
  std::string show() const;

  // Nodes
  Node fail(std::string message);
  bool failed() const { return !error.empty(); }
  Node make(NodeKind kind, uint32_t line, Nodes children = {},
            std::string text = {});
  Node nothing() { return make(NodeKind::Nothing, now().line); }

  // Statements
  Node block(Words ends);
  Node statement();
  Node ifStatement();
  Node forStatement();
  Node setStatement();
  Node macroStatement();
  Node callStatement();
  Node macroBody(std::string name, Nodes children, uint32_t line,
                 std::string_view end);
  Node withStatement();
  Node filterStatement();
  void parameters(Nodes &out);
  void endTag(std::string_view word);
  void closeTag();
  Node target(bool mayBeNamespace);
  Node targetName(bool mayBeNamespace);

  // Expressions, loosest first
  Node expression(bool ternary = true);
  Node tuple(bool ternary = true, bool inParentheses = false);
  Node orExpression();
  Node andExpression();
  Node notExpression();
  Node compare();
  Node sum();
  Node concat();
  Node product();
  Node power();
  Node unary(bool withFilters = true);
  Node primary();
  Node primaryName();
  Node list();
  Node dict();
  Node postfix(Node node);
  Node subscript(Node node);
  Node filters(Node node);
  Node filter(Node value);
  Node test(Node value);
  void arguments(Nodes &out);

  const std::vector<Token> &tokens;
  plan::ChatTemplateT &out;
  std::vector<uint32_t> depths; // of the tree under each node
  size_t position = 0;
  uint32_t nesting = 0, loops = 0;

  struct Nest {
    explicit Nest(TemplateParser &parser);
    ~Nest() { --parser.nesting; }
    TemplateParser &parser;
  };
};

} // namespace sinter::import

#endif // SINTER_LIB_IMPORT_TEXT_TEMPLATEPARSER_H
