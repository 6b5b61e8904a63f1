// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Text/TemplateParser.h"

#include <algorithm>
#include <iterator>

using namespace sinter;
using namespace sinter::import;

//===----------------------------------------------------------------------===//
// Operators, loosest first
//===----------------------------------------------------------------------===//

/// One expression, or a tuple where commas follow.
TemplateParser::Node TemplateParser::tuple(bool ternary, bool inParentheses) {
  uint32_t line = now().line;
  auto ends = [&] {
    return is(TokenKind::OutputEnd) || is(TokenKind::BlockEnd) ||
           is(TokenKind::End) || isOperator(")");
  };
  if (inParentheses && ends())
    return make(NodeKind::Tuple, line);
  Node first = expression(ternary);
  if (!isOperator(","))
    return first;
  Nodes children = {first};
  while (takeOperator(",") && !ends())
    children.push_back(expression(ternary));
  return make(NodeKind::Tuple, line, std::move(children));
}

TemplateParser::Node TemplateParser::expression(bool ternary) {
  Nest nest(*this);
  uint32_t line = now().line;
  Node node = orExpression();
  while (ternary && takeWord("if")) {
    Node condition = orExpression();
    Node otherwise = takeWord("else") ? expression() : nothing();
    node = make(NodeKind::Ternary, line, {condition, node, otherwise});
  }
  return node;
}

TemplateParser::Node TemplateParser::orExpression() {
  uint32_t line = now().line;
  Node node = andExpression();
  while (takeWord("or"))
    node = make(NodeKind::Or, line, {node, andExpression()});
  return node;
}

TemplateParser::Node TemplateParser::andExpression() {
  uint32_t line = now().line;
  Node node = notExpression();
  while (takeWord("and"))
    node = make(NodeKind::And, line, {node, notExpression()});
  return node;
}

TemplateParser::Node TemplateParser::notExpression() {
  Nest nest(*this);
  uint32_t line = now().line;
  if (takeWord("not"))
    return make(NodeKind::Not, line, {notExpression()});
  return compare();
}

TemplateParser::Node TemplateParser::compare() {
  static constexpr std::pair<std::string_view, char> kOperators[] = {
      {"==", '='}, {"!=", '!'}, {"<", '<'},
      {">", '>'},  {"<=", '{'}, {">=", '}'}};
  uint32_t line = now().line;
  Node first = sum();
  Nodes children = {first};
  std::string operators;
  while (!failed()) {
    auto *found = std::ranges::find_if(
        kOperators, [&](const auto &entry) { return isOperator(entry.first); });
    if (found != std::end(kOperators)) {
      operators += found->second;
      next();
    } else if (takeWord("in")) {
      operators += 'i';
    } else if (isWord("not") && ahead().kind == TokenKind::Name &&
               ahead().text == "in") {
      operators += 'n';
      next();
      next();
    } else {
      break;
    }
    children.push_back(sum());
  }
  return operators.empty()
             ? first
             : make(NodeKind::Compare, line, std::move(children), operators);
}

TemplateParser::Node TemplateParser::sum() {
  uint32_t line = now().line;
  Node node = concat();
  while (isOperator("+") || isOperator("-")) {
    std::string text = now().text;
    next();
    node = make(NodeKind::Binary, line, {node, concat()}, text);
  }
  return node;
}

TemplateParser::Node TemplateParser::concat() {
  uint32_t line = now().line;
  Nodes children = {product()};
  while (takeOperator("~"))
    children.push_back(product());
  return children.size() == 1
             ? children[0]
             : make(NodeKind::Concat, line, std::move(children));
}

TemplateParser::Node TemplateParser::product() {
  uint32_t line = now().line;
  Node node = power();
  while (isOperator("*") || isOperator("/") || isOperator("//") ||
         isOperator("%")) {
    std::string text = now().text;
    next();
    node = make(NodeKind::Binary, line, {node, power()}, text);
  }
  return node;
}

TemplateParser::Node TemplateParser::power() {
  uint32_t line = now().line;
  Node node = unary();
  while (takeOperator("**"))
    node = make(NodeKind::Binary, line, {node, unary()}, "**");
  return node;
}

TemplateParser::Node TemplateParser::unary(bool withFilters) {
  Nest nest(*this);
  uint32_t line = now().line;
  Node node;
  if (takeOperator("-"))
    node = make(NodeKind::Negate, line, {unary(false)});
  else if (takeOperator("+"))
    node = make(NodeKind::Plus, line, {unary(false)});
  else
    node = primary();
  node = postfix(node);
  return withFilters ? filters(node) : node;
}

//===----------------------------------------------------------------------===//
// Primaries
//===----------------------------------------------------------------------===//

TemplateParser::Node TemplateParser::primaryName() {
  uint32_t line = now().line;
  std::string name = now().text;
  next();
  if (name == "true" || name == "True")
    return make(NodeKind::True, line);
  if (name == "false" || name == "False")
    return make(NodeKind::False, line);
  if (name == "none" || name == "None")
    return make(NodeKind::None, line);
  return make(NodeKind::Name, line, {}, name);
}

TemplateParser::Node TemplateParser::primary() {
  uint32_t line = now().line;
  switch (now().kind) {
  case TokenKind::Name:
    return primaryName();
  case TokenKind::String: {
    std::string text;
    for (; is(TokenKind::String); next())
      text += now().text;
    return make(NodeKind::String, line, {}, text);
  }
  case TokenKind::Integer:
  case TokenKind::Float: {
    bool isFloat = is(TokenKind::Float);
    Node node = make(isFloat ? NodeKind::Float : NodeKind::Integer, line);
    out.nodes[node]->integer = now().integer;
    out.nodes[node]->number = now().number;
    next();
    return node;
  }
  default:
    break;
  }
  if (takeOperator("(")) {
    Node node = tuple(true, true);
    expectOperator(")");
    return node;
  }
  if (takeOperator("["))
    return list();
  if (takeOperator("{"))
    return dict();
  return fail("expected an expression, found " + show());
}

TemplateParser::Node TemplateParser::list() {
  uint32_t line = now().line;
  Nodes children;
  while (!failed() && !takeOperator("]")) {
    children.push_back(expression());
    if (!isOperator("]"))
      expectOperator(",");
  }
  return make(NodeKind::List, line, std::move(children));
}

TemplateParser::Node TemplateParser::dict() {
  uint32_t line = now().line;
  Nodes children;
  while (!failed() && !takeOperator("}")) {
    children.push_back(expression());
    expectOperator(":");
    children.push_back(expression());
    if (!isOperator("}"))
      expectOperator(",");
  }
  return make(NodeKind::Dict, line, std::move(children));
}

//===----------------------------------------------------------------------===//
// What follows a primary
//===----------------------------------------------------------------------===//

TemplateParser::Node TemplateParser::postfix(Node node) {
  while (!failed()) {
    uint32_t line = now().line;
    if (takeOperator(".")) {
      if (is(TokenKind::Integer)) {
        Node key = make(NodeKind::Integer, line);
        out.nodes[key]->integer = now().integer;
        next();
        node = make(NodeKind::Item, line, {node, key});
      } else {
        node = make(NodeKind::Attribute, line, {node},
                    expectName("the name of an attribute"));
      }
    } else if (takeOperator("[")) {
      node = subscript(node);
    } else if (takeOperator("(")) {
      Nodes children = {node};
      arguments(children);
      node = make(NodeKind::Call, line, std::move(children));
    } else {
      break;
    }
  }
  return node;
}

TemplateParser::Node TemplateParser::subscript(Node node) {
  uint32_t line = now().line;
  bool isSlice = false;
  // Up to three parts between colons, each of which may be absent.
  Nodes parts;
  while (!failed()) {
    bool absent = isOperator(":") || isOperator("]");
    parts.push_back(absent ? nothing() : expression());
    if (!takeOperator(":"))
      break;
    isSlice = true;
  }
  if (isOperator(","))
    return fail("more than one subscript is not supported");
  expectOperator("]");
  if (parts.size() > 3)
    return fail("a slice has at most three parts");
  if (!isSlice) {
    if (out.nodes[parts[0]]->kind == static_cast<uint8_t>(NodeKind::Nothing))
      return fail("expected a subscript");
    return make(NodeKind::Item, line, {node, parts[0]});
  }
  while (parts.size() < 3)
    parts.push_back(nothing());
  return make(NodeKind::Slice, line, {node, parts[0], parts[1], parts[2]});
}

/// Behind the opening parenthesis, up to and with the closing one.
void TemplateParser::arguments(Nodes &children) {
  bool named = false;
  while (!failed() && !takeOperator(")")) {
    uint32_t line = now().line;
    if (isOperator("*") || isOperator("**")) {
      fail("'" + now().text + "' in a call is not supported");
    } else if (is(TokenKind::Name) && ahead().kind == TokenKind::Operator &&
               ahead().text == "=") {
      named = true;
      std::string name = now().text;
      next();
      next();
      children.push_back(make(NodeKind::Keyword, line, {expression()}, name));
    } else {
      if (named)
        fail("an argument without name follows one with a name");
      children.push_back(expression());
    }
    if (!isOperator(")"))
      expectOperator(",");
  }
}

TemplateParser::Node TemplateParser::filters(Node node) {
  while (!failed()) {
    uint32_t line = now().line;
    if (takeOperator("|")) {
      node = filter(node);
    } else if (takeWord("is")) {
      node = test(node);
    } else if (takeOperator("(")) { // calls what a filter gave
      Nodes children = {node};
      arguments(children);
      node = make(NodeKind::Call, line, std::move(children));
    } else {
      break;
    }
  }
  return node;
}

TemplateParser::Node TemplateParser::filter(Node value) {
  uint32_t line = now().line;
  std::string name = expectName("the name of a filter");
  if (!failed() && std::ranges::find(text::kFilterNames, name) ==
                       std::ranges::end(text::kFilterNames))
    return fail("the filter '" + name + "' is not supported");
  Nodes children = {value};
  if (takeOperator("("))
    arguments(children);
  return make(NodeKind::Filter, line, std::move(children), name);
}

TemplateParser::Node TemplateParser::test(Node value) {
  uint32_t line = now().line;
  bool negated = takeWord("not");
  std::string name = expectName("the name of a test");
  if (!failed() && std::ranges::find(text::kTestNames, name) ==
                       std::ranges::end(text::kTestNames))
    return fail("the test '" + name + "' is not supported");
  Nodes children = {value};
  bool operand = is(TokenKind::Name) || is(TokenKind::String) ||
                 is(TokenKind::Integer) || is(TokenKind::Float) ||
                 isOperator("[") || isOperator("{");
  if (takeOperator("(")) {
    arguments(children);
  } else if (operand && !isAnyWord({"else", "or", "and"})) {
    if (isWord("is"))
      return fail("tests cannot be chained with 'is'");
    children.push_back(postfix(primary()));
  }
  Node node = make(NodeKind::Test, line, std::move(children), name);
  return negated ? make(NodeKind::Not, line, {node}) : node;
}
