// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests of jinja2 (`x is defined`).

#include "runtime/text/TemplateEvaluator.h"

using namespace sinter;
using namespace sinter::text;

/// A test between a value and one argument; false when it is none of these.
static bool testPair(Heap &heap, std::string_view name, const Value &value,
                     const Value &other, bool &holds) {
  auto isAny = [&](std::initializer_list<std::string_view> names) {
    for (std::string_view each : names)
      if (each == name)
        return true;
    return false;
  };
  if (isAny({"eq", "equalto", "=="}))
    holds = equal(heap, value, other);
  else if (isAny({"ne", "!="}))
    holds = !equal(heap, value, other);
  else if (isAny({"lt", "lessthan", "<"}))
    holds = order(heap, value, other) < 0;
  else if (isAny({"gt", "greaterthan", ">"}))
    holds = order(heap, value, other) > 0;
  else if (isAny({"le", "<="}))
    holds = order(heap, value, other) <= 0;
  else if (isAny({"ge", ">="}))
    holds = order(heap, value, other) >= 0;
  else if (name == "in")
    holds = contains(heap, other, value);
  else if (name == "sameas")
    holds = value.kind == other.kind &&
            (value.is(ValueKind::Float) ? value.number == other.number
                                        : equal(heap, value, other)) &&
            (!(value.isSequence() || value.isMapping()) ||
             value.sequence == other.sequence);
  else if (name == "divisibleby")
    holds = equal(heap, binary(heap, "%", value, other), Value::of(int64_t(0)));
  else
    return false;
  return true;
}

/// str.islower and str.isupper: some letter has a case, and all that have one
/// have this one.
static bool hasOnlyCase(Heap &heap, const Value &value, Case wanted) {
  Value text = toText(heap, value);
  size_t mark = heap.mark();
  writeCase(heap, text.text(), wanted);
  Value same = heap.captured(mark);
  writeCase(heap, text.text(),
            wanted == Case::Upper ? Case::Lower : Case::Upper);
  Value other = heap.captured(mark);
  return text.text() == same.text() && same.text() != other.text();
}

static bool testAlone(Heap &heap, std::string_view name, const Value &value,
                      bool &holds) {
  if (name == "defined")
    holds = !value.isUndefined();
  else if (name == "undefined")
    holds = value.isUndefined();
  else if (name == "none")
    holds = value.is(ValueKind::None);
  else if (name == "string")
    holds = value.isString();
  else if (name == "mapping")
    holds = value.isMapping();
  else if (name == "number")
    holds = value.isNumber();
  else if (name == "integer")
    holds = value.is(ValueKind::Integer);
  else if (name == "float")
    holds = value.is(ValueKind::Float);
  else if (name == "boolean")
    holds = value.is(ValueKind::Bool);
  else if (name == "true" || name == "false")
    holds = value.is(ValueKind::Bool) && value.boolean == (name == "true");
  else if (name == "iterable")
    holds = value.isString() || value.isSequence() || value.isMapping() ||
            value.isUndefined() || value.is(ValueKind::Loop);
  else if (name == "sequence")
    holds = value.isString() || value.is(ValueKind::List) ||
            value.is(ValueKind::Tuple) || value.isMapping() ||
            value.isUndefined();
  else if (name == "callable")
    holds = value.is(ValueKind::Macro) || value.is(ValueKind::Function) ||
            value.is(ValueKind::Method) || value.isUndefined();
  else if (name == "even" || name == "odd")
    holds = equal(heap, binary(heap, "%", value, Value::of(int64_t(2))),
                  Value::of(int64_t(name == "odd")));
  else if (name == "lower" || name == "upper")
    holds =
        hasOnlyCase(heap, value, name == "lower" ? Case::Lower : Case::Upper);
  else
    return false;
  return true;
}

bool Evaluator::applyTest(std::string_view name, const Value &value,
                          const Arguments &arguments) {
  if (heap.failed())
    return false;
  bool holds = false;
  size_t count = arguments.positional.size;
  if (arguments.named.size)
    heap.fail("a test takes no arguments by name");
  else if (count == 1 &&
           testPair(heap, name, value, arguments.positional.items[0], holds))
    return holds;
  else if (count == 0 && testAlone(heap, name, value, holds))
    return holds;
  else
    heap.fail("there is no test '%.*s' with %zu arguments",
              static_cast<int>(name.size()), name.data(), count);
  return false;
}
