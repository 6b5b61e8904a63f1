//===- TemplateNodes.h - The tree of a chat template ------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the fields of a TemplateNode (runtime/schema/text.fbs) mean.  Append
// only.  `...` marks children that repeat; a child that may be absent is a
// Nothing node.
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_RUNTIME_TEXT_TEMPLATENODES_H
#define SINTER_RUNTIME_TEXT_TEMPLATENODES_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sinter::text {

enum class NodeKind : uint8_t {
  Nothing = 0,
  // Statements
  Block,  // statement...
  Text,   // text: as it is
  Output, // expression
  If,     // condition, block, condition, block, ... [else block]
  For,    // target, iterable, filter|Nothing, body, else|Nothing;
  // integer 1: recursive, loop(...) goes deeper
  Set,       // target, value
  SetBlock,  // target, body, filter|Nothing (over Captured)
  Macro,     // text: name; body, Parameter...
  Parameter, // text: name; default|Nothing
  With,      // body, target, value, target, value, ...
  Break,
  Continue,
  Scoped,     // body: a block with variables of its own
  FilterText, // body, filter expression over Captured
  // Targets: Name, Tuple of targets, or
  NamespaceTarget, // text: "name.attribute", the dot at `integer`
  // Expressions
  None,
  True,
  False,
  Integer,   // integer
  Float,     // number
  String,    // text
  Name,      // text
  Captured,  // the text that a SetBlock or FilterText captured
  Attribute, // text: name; object
  Item,      // object, key
  Slice,     // object, start|Nothing, stop|Nothing, step|Nothing
  List,      // expression...
  Tuple,     // expression...
  Dict,      // key, value, ...
  Negate,    // expression
  Plus,      // expression
  Not,       // expression
  Binary,    // text: + - * / // % **; left, right
  Concat,    // expression...
  And,       // left, right
  Or,        // left, right
  Compare,   // text: operators, a character each: = ! < > { (<=) } (>=) i (in)
             // n (not in); operand, operand...
  Ternary,   // condition, then, else|Nothing
  Filter,    // text: name; value, argument...
  Test,      // text: name; value, argument...
  Call,      // callee, argument...
  Keyword,   // text: name; value (an argument by name)
  CallBlock, // call, Macro: the call gets the macro as `caller`
  Count_
};

/// Fewest children of a kind; the evaluator relies on them.
constexpr size_t minChildren(NodeKind kind) {
  switch (kind) {
  case NodeKind::For:
    return 5;
  case NodeKind::Slice:
    return 4;
  case NodeKind::SetBlock:
  case NodeKind::Ternary:
    return 3;
  case NodeKind::CallBlock:
  case NodeKind::If:
  case NodeKind::Set:
  case NodeKind::FilterText:
  case NodeKind::Item:
  case NodeKind::Binary:
  case NodeKind::And:
  case NodeKind::Or:
  case NodeKind::Compare:
    return 2;
  case NodeKind::Output:
  case NodeKind::Macro:
  case NodeKind::Parameter:
  case NodeKind::With:
  case NodeKind::Scoped:
  case NodeKind::Attribute:
  case NodeKind::Negate:
  case NodeKind::Plus:
  case NodeKind::Not:
  case NodeKind::Filter:
  case NodeKind::Test:
  case NodeKind::Call:
  case NodeKind::Keyword:
    return 1;
  default:
    return 0;
  }
}

/// Nesting that a tree may have.
inline constexpr uint32_t kMaxTemplateDepth = 250;

/// Filters and tests by name; the compiler refuses others.
inline constexpr std::string_view kFilterNames[] = {
    "abs",       "attr",        "batch",    "capitalize", "center",  "count",
    "d",         "default",     "dictsort", "e",          "escape",  "first",
    "float",     "forceescape", "format",   "indent",     "int",     "items",
    "join",      "last",        "length",   "list",       "lower",   "map",
    "max",       "min",         "reject",   "rejectattr", "replace", "reverse",
    "round",     "safe",        "select",   "selectattr", "sort",    "string",
    "sum",       "title",       "tojson",   "trim",       "unique",  "upper",
    "urlencode", "wordcount"};
inline constexpr std::string_view kTestNames[] = {
    "!=",      "<",        "<=",       "==",          ">",           ">=",
    "boolean", "callable", "defined",  "divisibleby", "eq",          "equalto",
    "even",    "false",    "float",    "ge",          "greaterthan", "gt",
    "in",      "integer",  "iterable", "le",          "lessthan",    "lower",
    "lt",      "mapping",  "ne",       "none",        "number",      "odd",
    "sameas",  "sequence", "string",   "true",        "undefined",   "upper"};

} // namespace sinter::text

#endif // SINTER_RUNTIME_TEXT_TEMPLATENODES_H
