// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Text/TemplateParser.h"
#include "lib/Import/Text/Text.h"

#include <algorithm>

using namespace sinter;
using namespace sinter::import;

//===----------------------------------------------------------------------===//
// Tokens and nodes
//===----------------------------------------------------------------------===//

bool TemplateParser::isAnyWord(Words words) const {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return isWord(word); });
}

bool TemplateParser::takeOperator(std::string_view text) {
  bool found = isOperator(text);
  if (found)
    next();
  return found;
}

bool TemplateParser::takeWord(std::string_view text) {
  bool found = isWord(text);
  if (found)
    next();
  return found;
}

std::string TemplateParser::show() const {
  switch (now().kind) {
  case TokenKind::Text:
    return "text";
  case TokenKind::BlockBegin:
    return "{%";
  case TokenKind::BlockEnd:
    return "%}";
  case TokenKind::OutputBegin:
    return "{{";
  case TokenKind::OutputEnd:
    return "}}";
  case TokenKind::End:
    return "the end of the template";
  default:
    return "'" + now().text.substr(0, 40) + "'";
  }
}

void TemplateParser::expectOperator(std::string_view text) {
  if (!takeOperator(text))
    fail("expected '" + std::string(text) + "', found " + show());
}

void TemplateParser::expectWord(std::string_view text) {
  if (!takeWord(text))
    fail("expected '" + std::string(text) + "', found " + show());
}

std::string TemplateParser::expectName(const char *what) {
  std::string name = now().text;
  if (is(TokenKind::Name))
    next();
  else
    fail(std::string("expected ") + what + ", found " + show());
  return name;
}

/// Keeps the first failure; the tokens go on at the end, so that no loop waits
/// for more.
TemplateParser::Node TemplateParser::fail(std::string message) {
  if (!failed()) {
    error = std::move(message);
    errorLine = now().line;
    position = tokens.size() - 1;
  }
  return make(NodeKind::Nothing, errorLine);
}

TemplateParser::Node TemplateParser::make(NodeKind kind, uint32_t line,
                                          Nodes children, std::string text) {
  uint32_t depth = 0;
  for (Node child : children)
    depth = std::max(depth, depths[child]);
  depths.push_back(depth + 1);
  if (depth >= text::kMaxTemplateDepth && !failed())
    fail("nested more than " + std::to_string(text::kMaxTemplateDepth) +
         " levels deep");
  auto node = std::make_unique<plan::TemplateNodeT>();
  node->kind = static_cast<uint8_t>(kind);
  node->line = line;
  node->children = std::move(children);
  node->text = std::move(text);
  out.nodes.push_back(std::move(node));
  return out.nodes.size() - 1;
}

TemplateParser::Nest::Nest(TemplateParser &parser) : parser(parser) {
  if (++parser.nesting > text::kMaxTemplateDepth)
    parser.fail("nested more than " + std::to_string(text::kMaxTemplateDepth) +
                " levels deep");
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

bool TemplateParser::run() {
  out.root = block({});
  if (!failed() && !is(TokenKind::End))
    fail("unexpected " + show());
  return !failed();
}

/// Statements up to a tag whose first word is one of `ends`, which stays; up
/// to the end of the template if there are none.
TemplateParser::Node TemplateParser::block(Words ends) {
  Nest nest(*this);
  Nodes children;
  uint32_t line = now().line;
  while (!failed() && !is(TokenKind::End)) {
    uint32_t here = now().line;
    if (is(TokenKind::Text)) {
      children.push_back(make(NodeKind::Text, here, {}, now().text));
      next();
    } else if (is(TokenKind::OutputBegin)) {
      next();
      children.push_back(make(NodeKind::Output, here, {tuple()}));
      if (!is(TokenKind::OutputEnd))
        fail("expected }}, found " + show());
      next();
    } else {
      next(); // {%
      if (isAnyWord(ends))
        return make(NodeKind::Block, line, std::move(children));
      children.push_back(statement());
    }
  }
  if (!failed() && ends.size())
    fail("the template ends where {% " + std::string(*(ends.end() - 1)) +
         " %} is missing");
  return make(NodeKind::Block, line, std::move(children));
}

void TemplateParser::closeTag() {
  if (!is(TokenKind::BlockEnd))
    fail("expected %}, found " + show());
  next();
}

void TemplateParser::endTag(std::string_view word) {
  expectWord(word);
  closeTag();
}

TemplateParser::Node TemplateParser::statement() {
  uint32_t line = now().line;
  if (takeWord("if"))
    return ifStatement();
  if (takeWord("for"))
    return forStatement();
  if (takeWord("set"))
    return setStatement();
  if (takeWord("macro"))
    return macroStatement();
  if (takeWord("call"))
    return callStatement();
  if (takeWord("with"))
    return withStatement();
  if (takeWord("filter"))
    return filterStatement();
  if (takeWord("generation")) { // marks what the assistant says
    closeTag();
    Node body = block({"endgeneration"});
    endTag("endgeneration");
    return make(NodeKind::Scoped, line, {body});
  }
  if (isAnyWord({"break", "continue"})) {
    auto kind = isWord("break") ? NodeKind::Break : NodeKind::Continue;
    if (!loops)
      return fail("'" + now().text + "' outside of a loop");
    next();
    closeTag();
    return make(kind, line);
  }
  if (is(TokenKind::Name))
    return fail("the statement {% " + now().text + " %} is not supported" +
                (now().text.starts_with("end") || now().text.starts_with("el")
                     ? " here"
                     : ""));
  return fail("expected a statement, found " + show());
}

TemplateParser::Node TemplateParser::ifStatement() {
  Nodes children;
  uint32_t line = now().line;
  while (!failed()) {
    children.push_back(tuple(false));
    closeTag();
    children.push_back(block({"elif", "else", "endif"}));
    if (takeWord("elif"))
      continue;
    if (takeWord("else")) {
      closeTag();
      children.push_back(block({"endif"}));
    }
    endTag("endif");
    break;
  }
  return make(NodeKind::If, line, std::move(children));
}

TemplateParser::Node TemplateParser::forStatement() {
  uint32_t line = now().line;
  Node to = target(false);
  expectWord("in");
  Node from = tuple(false);
  Node filter = takeWord("if") ? expression() : nothing();
  bool recursive = takeWord("recursive");
  closeTag();
  ++loops;
  Node body = block({"else", "endfor"});
  --loops;
  Node otherwise;
  if (takeWord("else")) {
    closeTag();
    otherwise = block({"endfor"});
  } else {
    otherwise = nothing();
  }
  endTag("endfor");
  Node node = make(NodeKind::For, line, {to, from, filter, body, otherwise});
  out.nodes[node]->integer = recursive;
  return node;
}

TemplateParser::Node TemplateParser::setStatement() {
  uint32_t line = now().line;
  Node to = target(true);
  if (takeOperator("=")) {
    Node value = tuple();
    closeTag();
    return make(NodeKind::Set, line, {to, value});
  }
  Node filter =
      isOperator("|") ? filters(make(NodeKind::Captured, line)) : nothing();
  closeTag();
  Node body = block({"endset"});
  endTag("endset");
  return make(NodeKind::SetBlock, line, {to, body, filter});
}

void TemplateParser::parameters(Nodes &children) {
  expectOperator("(");
  bool hasDefaults = false;
  while (!failed() && !takeOperator(")")) {
    uint32_t line = now().line;
    std::string name = expectName("a parameter");
    bool hasDefault = takeOperator("=");
    if (hasDefaults && !hasDefault)
      fail("a parameter without default follows one with");
    hasDefaults |= hasDefault;
    Node value = hasDefault ? expression() : nothing();
    children.push_back(make(NodeKind::Parameter, line, {value}, name));
    if (!isOperator(")"))
      expectOperator(",");
  }
}

/// The body of a macro up to {% `end` %}; loops outside do not reach into it.
TemplateParser::Node TemplateParser::macroBody(std::string name, Nodes children,
                                               uint32_t line,
                                               std::string_view end) {
  closeTag();
  uint32_t outer = std::exchange(loops, 0);
  children[0] = block({end});
  loops = outer;
  expectWord(end);
  return make(NodeKind::Macro, line, std::move(children), std::move(name));
}

TemplateParser::Node TemplateParser::macroStatement() {
  uint32_t line = now().line;
  std::string name = expectName("the name of a macro");
  Nodes children = {0};
  parameters(children);
  Node macro = macroBody(name, std::move(children), line, "endmacro");
  if (isWord(name))
    next();
  closeTag();
  return macro;
}

TemplateParser::Node TemplateParser::callStatement() {
  uint32_t line = now().line;
  Nodes children = {0};
  if (isOperator("("))
    parameters(children);
  Node call = expression();
  if (!failed() &&
      out.nodes[call]->kind != static_cast<uint8_t>(NodeKind::Call))
    return fail("expected a call");
  Node caller = macroBody("caller", std::move(children), line, "endcall");
  closeTag();
  return make(NodeKind::CallBlock, line, {call, caller});
}

TemplateParser::Node TemplateParser::withStatement() {
  uint32_t line = now().line;
  Nodes children = {0};
  while (!failed() && !is(TokenKind::BlockEnd)) {
    children.push_back(target(false));
    expectOperator("=");
    children.push_back(expression());
    if (!is(TokenKind::BlockEnd))
      expectOperator(",");
  }
  closeTag();
  children[0] = block({"endwith"});
  endTag("endwith");
  return make(NodeKind::With, line, std::move(children));
}

TemplateParser::Node TemplateParser::filterStatement() {
  uint32_t line = now().line;
  // The tag has no bar before the first filter.
  Node chain = filters(filter(make(NodeKind::Captured, line)));
  closeTag();
  Node body = block({"endfilter"});
  endTag("endfilter");
  return make(NodeKind::FilterText, line, {body, chain});
}

TemplateParser::Node TemplateParser::targetName(bool mayBeNamespace) {
  uint32_t line = now().line;
  if (takeOperator("(")) {
    Node inner = target(false);
    expectOperator(")");
    return inner;
  }
  if (isAnyWord({"true", "false", "none", "True", "False", "None", "loop"}))
    return fail("cannot assign to '" + now().text + "'");
  std::string name = expectName("the name of a variable");
  if (!mayBeNamespace || !takeOperator("."))
    return make(NodeKind::Name, line, {}, name);
  size_t dot = name.size();
  Node node = make(NodeKind::NamespaceTarget, line, {},
                   name + "." + expectName("an attribute"));
  out.nodes[node]->integer = dot;
  return node;
}

TemplateParser::Node TemplateParser::target(bool mayBeNamespace) {
  Nest nest(*this);
  uint32_t line = now().line;
  Nodes children = {targetName(mayBeNamespace)};
  if (!isOperator(","))
    return children[0];
  while (takeOperator(","))
    if (is(TokenKind::Name) && !isWord("in"))
      children.push_back(targetName(mayBeNamespace));
  return make(NodeKind::Tuple, line, std::move(children));
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

std::optional<plan::ChatTemplateT>
import::buildChatTemplate(std::string_view jinja, Errors &errors) {
  auto refuse = [&](uint32_t line, const std::string &why) {
    errors.push_back("chat template, line " + std::to_string(line) + ": " +
                     why);
    return std::nullopt;
  };
  TemplateLexer lexer(jinja);
  std::vector<Token> tokens;
  if (!lexer.run(tokens))
    return refuse(lexer.errorLine, lexer.error);
  plan::ChatTemplateT out;
  TemplateParser parser(tokens, out);
  if (!parser.run())
    return refuse(parser.errorLine, parser.error);
  out.source = jinja;
  return out;
}
