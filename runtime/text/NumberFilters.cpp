// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters that give numbers.

#include "runtime/text/TemplateFilters.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

using namespace sinter;
using namespace sinter::text;
using namespace sinter::text::filters;

namespace {

/// Text without white space around, sign plus and underscores between digits.
std::string_view numeral(std::string_view text, char (&buffer)[64]) {
  text = strip(text);
  if (text.starts_with("+"))
    text.remove_prefix(1);
  size_t used = 0;
  for (size_t i = 0; i < text.size() && used < sizeof buffer; ++i) {
    bool between = text[i] == '_' && i > 0 && i + 1 < text.size() &&
                   std::isdigit(static_cast<unsigned char>(text[i - 1])) &&
                   std::isdigit(static_cast<unsigned char>(text[i + 1]));
    if (!between)
      buffer[used++] = text[i];
  }
  return used == sizeof buffer ? std::string_view()
                               : std::string_view(buffer, used);
}

bool readFloat(std::string_view text, double &out) {
  char buffer[64];
  std::string_view digits = numeral(text, buffer);
  auto result =
      std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return !digits.empty() && result.ec == std::errc() &&
         result.ptr == digits.data() + digits.size();
}

Value toInt(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("int", arguments, {"default", "base"}, b))
    return {};
  Value otherwise = b[0].orElse(Value::of(int64_t(0)));
  int64_t base = b[1].given ? e.needWhole("int", b[1].value) : 10;
  if (value.isUndefined())
    return e.heap.fail("'int' of an undefined value");
  if (value.isWhole())
    return Value::of(value.whole());
  double real = value.is(ValueKind::Float) ? value.number : NAN;
  if (value.isString()) {
    char buffer[64];
    std::string_view digits = numeral(value.text(), buffer);
    if (base == 16 && (digits.starts_with("0x") || digits.starts_with("0X")))
      digits.remove_prefix(2);
    if (base < 2 || base > 36)
      return e.heap.fail("'int' to a base that is not 2 to 36");
    int64_t whole = 0;
    auto result = std::from_chars(digits.data(), digits.data() + digits.size(),
                                  whole, static_cast<int>(base));
    if (!digits.empty() && result.ec == std::errc() &&
        result.ptr == digits.data() + digits.size())
      return Value::of(whole);
    if (!readFloat(value.text(), real))
      return otherwise;
  }
  if (std::isnan(real) || std::isinf(real))
    return otherwise;
  if (std::fabs(real) >= 9.2e18)
    return e.heap.fail("'int' of a number beyond 64 bits");
  return Value::of(static_cast<int64_t>(real));
}

Value toFloat(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[1];
  if (!e.bind("float", arguments, {"default"}, b))
    return {};
  if (value.isUndefined())
    return e.heap.fail("'float' of an undefined value");
  if (value.isNumber())
    return Value::of(value.real());
  double real;
  if (value.isString() && readFloat(value.text(), real))
    return Value::of(real);
  return b[0].orElse(Value::of(0.0));
}

Value absolute(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "abs", arguments);
  if (value.is(ValueKind::Float))
    return Value::of(std::fabs(value.number));
  int64_t whole = e.needWhole("abs", value);
  return whole == INT64_MIN ? e.heap.fail("'abs' beyond 64 bits")
                            : Value::of(whole < 0 ? -whole : whole);
}

Value roundTo(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("round", arguments, {"precision", "method"}, b))
    return {};
  int64_t places = b[0].given ? e.needWhole("round", b[0].value) : 0;
  std::string_view method =
      b[1].given ? e.needText("round", b[1].value) : "common";
  if (!value.isNumber())
    return e.heap.fail("'round' needs a number, not '%s'", typeName(value));
  if (places < 0 || places > 20)
    return e.heap.fail("'round' to %lld places is not supported",
                       static_cast<long long>(places));
  if (method == "common") {
    if (value.isWhole())
      return Value::of(value.whole());
    char text[400];
    std::snprintf(text, sizeof text, "%.*f", static_cast<int>(places),
                  value.number);
    double rounded = value.number;
    std::from_chars(text, text + std::strlen(text), rounded);
    return Value::of(rounded);
  }
  if (method != "ceil" && method != "floor")
    return e.heap.fail("'round' knows the methods common, ceil and floor");
  double scale = std::pow(10.0, static_cast<double>(places));
  double scaled = value.real() * scale;
  return Value::of((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) /
                   scale);
}

constexpr Entry kFilters[] = {
    {"abs", absolute}, {"float", toFloat}, {"int", toInt}, {"round", roundTo}};

} // namespace

Filter filters::findNumber(std::string_view name) {
  return filters::find(kFilters, name);
}
