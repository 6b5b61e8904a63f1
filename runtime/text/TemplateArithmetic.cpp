// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/TemplateEvaluator.h"

#include <cmath>
#include <cstdio>

using namespace sinter;
using namespace sinter::text;

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
  if (sign == '%' && left.isString() && !left.safe)
    return formatPercent(heap, left.text(), right);
  for (const Value *side : {&left, &right}) {
    if (side->isUndefined())
      return heap.fail("'%.*s' is undefined", static_cast<int>(side->bytes),
                       side->data);
  }
  if (left.safe || right.safe) {
    if (sign != '+' || !left.isString() || !right.isString())
      return heap.fail("a string marked safe can only be printed or joined");
    size_t mark = heap.mark();
    writeEscaped(heap, left);
    writeEscaped(heap, right);
    Value text = heap.captured(mark);
    text.safe = true;
    return text;
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
  return heap.fail("'%.*s' does not go between '%s' and '%s'",
                   static_cast<int>(operation.size()), operation.data(),
                   typeName(left), typeName(right));
}

//===----------------------------------------------------------------------===//
// "..." % value
//===----------------------------------------------------------------------===//

/// One conversion: %[flags][width][.precision]kind.
struct Conversion {
  char format[16]; // for printf, up to the kind
  bool left = false;
  size_t width = 0, precision = SIZE_MAX;
  char kind = 0;
};

/// Reads a conversion behind the percent sign; false when it is malformed.
static bool readConversion(std::string_view &text, Conversion &out) {
  size_t i = 0, used = 0;
  auto copy = [&] { out.format[used++] = text[i++]; };
  auto number = [&](size_t &value) {
    for (value = 0; i < text.size() && text[i] >= '0' && text[i] <= '9';) {
      value = value * 10 + (text[i] - '0');
      if (used > 10)
        return false;
      copy();
    }
    return true;
  };
  out.format[used++] = '%';
  while (i < text.size() && used < 6 &&
         std::string_view("-+ 0#").find(text[i]) != std::string_view::npos) {
    out.left |= text[i] == '-';
    copy();
  }
  if (!number(out.width))
    return false;
  if (i < text.size() && text[i] == '.') {
    copy();
    if (!number(out.precision))
      return false;
  }
  out.format[used] = 0;
  if (i == text.size() || out.width > 400 ||
      (out.precision != SIZE_MAX && out.precision > 100))
    return false;
  out.kind = text[i];
  text.remove_prefix(i + 1);
  return true;
}

static void writeNumber(Heap &heap, const Conversion &how, const Value &item) {
  char format[32], digits[1024];
  bool whole = std::string_view("dixXo").find(how.kind) != std::string::npos;
  double real = item.real();
  if (whole && !item.isWhole() && !(std::fabs(real) < 9.2e18)) {
    heap.fail("a number beyond 64 bits cannot be formatted");
    return;
  }
  std::snprintf(format, sizeof format, whole ? "%sll%c" : "%s%c", how.format,
                how.kind);
  auto integer = item.isWhole() ? item.whole() : static_cast<int64_t>(real);
  // Python puts a sign before the digits of other bases.
  bool negative = integer < 0 && how.kind != 'd' && how.kind != 'i';
  if (whole && negative)
    heap.fail("a negative number in another base cannot be formatted");
  else if (whole)
    std::snprintf(digits, sizeof digits, format,
                  static_cast<long long>(integer));
  else
    std::snprintf(digits, sizeof digits, format, real);
  heap.write(digits);
}

static void convert(Heap &heap, const Conversion &how, const Value &item) {
  bool isNumeric =
      std::string_view("dixXofFeEgG").find(how.kind) != std::string::npos;
  bool needsWhole = std::string_view("xXo").find(how.kind) != std::string::npos;
  if (isNumeric && item.isNumber() && (!needsWhole || item.isWhole()))
    return writeNumber(heap, how, item);
  size_t mark = heap.mark();
  if (how.kind == 's')
    writeText(heap, item);
  else if (how.kind == 'r')
    writeRepr(heap, item);
  else if (how.kind == 'c' && item.isString() && characters(item.text()) == 1)
    heap.write(item.text());
  else
    heap.fail("the format '%%%c' of a '%s' is not supported", how.kind,
              typeName(item));
  std::string_view text = heap.captured(mark).text();
  text = text.substr(0, offsetOf(text, how.precision));
  size_t blanks = characters(text);
  blanks = blanks < how.width ? how.width - blanks : 0;
  if (how.left)
    heap.write(text);
  for (size_t i = 0; i < blanks; ++i)
    heap.write(" ");
  if (!how.left)
    heap.write(text);
}

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
    text.remove_prefix(percent + 1);
    Conversion how;
    if (!readConversion(text, how))
      return heap.fail("a format string has a malformed conversion");
    if (how.kind == '%') {
      heap.write("%");
      continue;
    }
    if (next == count)
      return heap.fail("not enough values for a format string");
    convert(heap, how, isTuple ? value.sequence->items[next] : value);
    ++next;
  }
  if (next < count &&
      !((value.isMapping() || value.isUndefined()) && next == 0))
    return heap.fail("too many values for a format string");
  return heap.captured(mark);
}
