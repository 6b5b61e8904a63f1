// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests of jinja2 (`x is defined`), and arithmetic.

#include "runtime/text/TemplateEvaluator.h"
#include "runtime/text/Utf8.h"

#include <cmath>
#include <cstdio>

using namespace sinter;
using namespace sinter::text;

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static Value overflow(Heap &heap) {
  return heap.fail("an integer grows beyond 64 bits");
}

static Value powerWhole(Heap &heap, int64_t base, int64_t exponent) {
  if (exponent < 0)
    return base ? Value::of(std::pow(static_cast<double>(base),
                                     static_cast<double>(exponent)))
                : heap.fail("0 to a negative power");
  int64_t result = 1;
  for (; exponent > 0 && heap.step(); exponent >>= 1) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result))
      return overflow(heap);
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base))
      return overflow(heap);
  }
  return Value::of(result);
}

static Value wholes(Heap &heap, char operation, bool twice, int64_t a,
                    int64_t b) {
  int64_t result = 0;
  if (operation == '+')
    return __builtin_add_overflow(a, b, &result) ? overflow(heap)
                                                 : Value::of(result);
  if (operation == '-')
    return __builtin_sub_overflow(a, b, &result) ? overflow(heap)
                                                 : Value::of(result);
  if (operation == '*' && twice)
    return powerWhole(heap, a, b);
  if (operation == '*')
    return __builtin_mul_overflow(a, b, &result) ? overflow(heap)
                                                 : Value::of(result);
  if (b == 0)
    return heap.fail("division by zero");
  if (operation == '/' && !twice)
    return Value::of(static_cast<double>(a) / static_cast<double>(b));
  if (a == INT64_MIN && b == -1)
    return operation == '%' ? Value::of(int64_t(0)) : overflow(heap);
  // Python rounds down, and the remainder has the sign of the divisor.
  int64_t quotient = a / b, rest = a % b;
  bool down = rest != 0 && (rest < 0) != (b < 0);
  return Value::of(operation == '%' ? rest + (down ? b : 0) : quotient - down);
}

static Value reals(Heap &heap, char operation, bool twice, double a, double b) {
  if (operation == '+')
    return Value::of(a + b);
  if (operation == '-')
    return Value::of(a - b);
  if (operation == '*')
    return Value::of(twice ? std::pow(a, b) : a * b);
  if (b == 0)
    return heap.fail("division by zero");
  if (operation == '/')
    return Value::of(twice ? std::floor(a / b) : a / b);
  double rest = std::fmod(a, b);
  return Value::of(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
}

static Value repeat(Heap &heap, const Value &what, int64_t times) {
  times = times < 0 ? 0 : times;
  if (what.isString()) {
    size_t mark = heap.mark();
    for (int64_t i = 0; i < times && what.bytes && heap.step(); ++i)
      heap.write(what.text());
    return heap.captured(mark);
  }
  Sequence *items = heap.sequence();
  for (int64_t i = 0; i < times && what.sequence->size && heap.step(); ++i)
    for (size_t j = 0; j < what.sequence->size && heap.step(); ++j)
      heap.append(items, what.sequence->items[j]);
  return Value::of(what.kind, items);
}

static bool isListOrTuple(const Value &value) {
  return value.is(ValueKind::List) || value.is(ValueKind::Tuple);
}

Value text::binary(Heap &heap, std::string_view operation, const Value &left,
                   const Value &right) {
  char sign = operation.empty() ? 0 : operation[0];
  bool twice = operation.size() == 2;
  for (const Value *side : {&left, &right}) {
    if (side->isUndefined())
      return heap.fail("'%.*s' is undefined", static_cast<int>(side->bytes),
                       side->data);
    if (side->safe)
      return heap.fail("a string marked safe can only be printed");
  }
  if (left.isWhole() && right.isWhole())
    return wholes(heap, sign, twice, left.whole(), right.whole());
  if (left.isNumber() && right.isNumber())
    return reals(heap, sign, twice, left.real(), right.real());
  if (sign == '+' && left.isString() && right.isString())
    return heap.join(left.text(), right.text());
  if (sign == '+' && isListOrTuple(left) && left.kind == right.kind) {
    Sequence *items = heap.sequence(left.sequence->size + right.sequence->size);
    for (const Value *side : {&left, &right})
      for (size_t i = 0; i < side->sequence->size && heap.step(); ++i)
        heap.append(items, side->sequence->items[i]);
    return Value::of(left.kind, items);
  }
  if (sign == '*' && !twice && right.isWhole() &&
      (left.isString() || isListOrTuple(left)))
    return repeat(heap, left, right.whole());
  if (sign == '*' && !twice && left.isWhole() &&
      (right.isString() || isListOrTuple(right)))
    return repeat(heap, right, left.whole());
  if (sign == '%' && left.isString())
    return formatPercent(heap, left.text(), right);
  return heap.fail("'%.*s' does not go between '%s' and '%s'",
                   static_cast<int>(operation.size()), operation.data(),
                   typeName(left), typeName(right));
}

//===----------------------------------------------------------------------===//
// "..." % value
//===----------------------------------------------------------------------===//

Value text::formatPercent(Heap &heap, std::string_view text,
                          const Value &value) {
  size_t mark = heap.mark(), next = 0;
  bool isTuple = value.is(ValueKind::Tuple);
  size_t count = isTuple ? value.sequence->size : 1;
  while (!text.empty() && heap.step()) {
    size_t percent = text.find('%');
    heap.write(text.substr(0, percent));
    if (percent == std::string_view::npos)
      break;
    char kind = percent + 1 < text.size() ? text[percent + 1] : 0;
    text.remove_prefix(percent + (kind ? 2 : 1));
    if (kind == '%') {
      heap.write("%");
      continue;
    }
    if (next == count)
      return heap.fail("not enough values for a format string");
    const Value &item = isTuple ? value.sequence->items[next] : value;
    ++next;
    if (kind == 's') {
      writeText(heap, item);
    } else if (kind == 'r') {
      writeRepr(heap, item);
    } else if ((kind == 'd' || kind == 'i') && item.isNumber()) {
      double real = item.real();
      if (item.isWhole())
        writeText(heap, Value::of(item.whole()));
      else if (std::fabs(real) < 9.2e18)
        writeText(heap, Value::of(static_cast<int64_t>(real)));
      else
        return heap.fail("a number beyond 64 bits cannot be formatted");
    } else if (kind == 'f' && item.isNumber()) {
      char digits[400];
      std::snprintf(digits, sizeof digits, "%f", item.real());
      heap.write(digits);
    } else {
      return heap.fail("the format '%%%c' of a '%s' is not supported",
                       kind ? kind : ' ', typeName(item));
    }
  }
  if (isTuple && next < count)
    return heap.fail("too many values for a format string");
  if (!isTuple && !value.isMapping() && next == 0)
    return heap.fail("too many values for a format string");
  return heap.captured(mark);
}
