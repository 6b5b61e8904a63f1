// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The filters of jinja2 that chat templates use, and tojson as `transformers`
// defines it.

#include "runtime/text/TemplateEvaluator.h"
#include "runtime/text/Utf8.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <utf8proc.h>

using namespace sinter;
using namespace sinter::text;

namespace {

using Filter = Value (*)(Evaluator &, const Value &, const Arguments &);

Value generator(Sequence *items) {
  return Value::of(ValueKind::Generator, items);
}

/// A filter without parameters was given some.
bool plain(Evaluator &e, std::string_view name, const Arguments &arguments) {
  return e.bind(name, arguments, {}, nullptr);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

Value changeCase(Evaluator &e, const Value &value, Case to) {
  Value text = toText(e.heap, value);
  size_t mark = e.heap.mark();
  writeCase(e.heap, text.text(), to);
  return e.heap.captured(mark);
}

Value upper(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "upper", arguments);
  return changeCase(e, value, Case::Upper);
}
Value lower(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "lower", arguments);
  return changeCase(e, value, Case::Lower);
}
Value capitalize(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "capitalize", arguments);
  return changeCase(e, value, Case::Capitalize);
}

/// Words begin after white space, '-' and opening brackets.
Value title(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "title", arguments);
  std::string_view rest = toText(e.heap, value).text();
  size_t mark = e.heap.mark();
  while (!rest.empty() && e.heap.step()) {
    auto isBreak = [&](size_t at) {
      return std::string_view("-({[<").find(rest[at]) !=
                 std::string_view::npos ||
             leadingSpace(rest.substr(at)) != 0;
    };
    bool breaks = isBreak(0);
    size_t end = 0;
    while (end < rest.size() && isBreak(end) == breaks)
      end += utf8Step(rest.substr(end)).bytes;
    size_t first = breaks ? end : utf8Step(rest).bytes;
    writeCase(e.heap, rest.substr(0, first), Case::Upper);
    writeCase(e.heap, rest.substr(first, end - first), Case::Lower);
    rest.remove_prefix(end);
  }
  return e.heap.captured(mark);
}

Value trim(Evaluator &e, const Value &value, const Arguments &arguments) {
  Value text = toText(e.heap, value);
  BoundMethod method{text, "strip"};
  return callMethod(e, method, arguments);
}

Value replace(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[3];
  if (!e.bind("replace", arguments, {"old", "new", "count"}, b))
    return {};
  Arguments texts;
  e.heap.append(&texts.positional, toText(e.heap, b[0].value));
  e.heap.append(&texts.positional, toText(e.heap, b[1].value));
  if (b[2].given && !b[2].value.is(ValueKind::None))
    e.heap.append(&texts.positional, b[2].value);
  BoundMethod method{toText(e.heap, value), "replace"};
  return callMethod(e, method, texts);
}

Value indent(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[3];
  if (!e.bind("indent", arguments, {"width", "first", "blank"}, b))
    return {};
  std::string_view rest = e.needText("indent", value);
  Value width = b[0].orElse(Value::of(int64_t(4)));
  bool first = truth(b[1].orElse(Value::of(false)));
  bool blank = truth(b[2].orElse(Value::of(false)));
  int64_t count = width.isString() ? 0 : e.needWhole("indent", width);
  auto margin = [&] {
    e.heap.write(width.text());
    for (int64_t i = 0; i < count && e.heap.step(); ++i)
      e.heap.write(" ");
  };
  Arguments noArguments;
  Value lines = callMethod(e, {value, "splitlines"}, noArguments);
  if (e.heap.failed())
    return {};
  // A line break at the end gives an empty line there.
  if (rest.empty() || rest.back() == '\n')
    e.heap.append(lines.sequence, Value::of(std::string_view()));
  size_t mark = e.heap.mark();
  for (size_t i = 0; i < lines.sequence->size && e.heap.step(); ++i) {
    std::string_view line = lines.sequence->items[i].text();
    if (i)
      e.heap.write("\n");
    if (i ? blank || !line.empty() : first)
      margin();
    e.heap.write(line);
  }
  return e.heap.captured(mark);
}

Value join(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("join", arguments, {"d", "attribute"}, b))
    return {};
  Value between = toText(e.heap, b[0].given ? b[0].value : Value());
  Sequence *items = iterate(e.heap, value);
  size_t mark = e.heap.mark();
  for (size_t i = 0; i < items->size && e.heap.step(); ++i) {
    if (i)
      e.heap.write(between.text());
    bool isPath = b[1].given && !b[1].value.is(ValueKind::None);
    writeText(e.heap,
              isPath ? e.path(items->items[i], b[1].value) : items->items[i]);
  }
  return e.heap.captured(mark);
}

Value toString(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "string", arguments);
  return toText(e.heap, value);
}

Value safe(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "safe", arguments);
  Value text = toText(e.heap, value);
  text.safe = true;
  return text;
}

/// For HTML; what is safe already stays.
Value escape(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "escape", arguments);
  size_t mark = e.heap.mark();
  writeEscaped(e.heap, value);
  Value text = e.heap.captured(mark);
  text.safe = true;
  return text;
}
Value forceEscape(Evaluator &e, const Value &value,
                  const Arguments &arguments) {
  Value text = toText(e.heap, value);
  text.safe = false;
  return escape(e, text, arguments);
}

Value center(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[1];
  if (!e.bind("center", arguments, {"width"}, b))
    return {};
  Arguments width;
  e.heap.append(&width.positional, b[0].orElse(Value::of(int64_t(80))));
  return callMethod(e, {toText(e.heap, value), "center"}, width);
}

/// Text for a URL: everything but letters, digits and "_.-~/" as %XX.
Value urlEncode(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "urlencode", arguments);
  if (value.isMapping() || value.isSequence())
    return e.heap.fail("'urlencode' of a %s is not supported", typeName(value));
  Value text = toText(e.heap, value);
  size_t mark = e.heap.mark();
  for (char c : text.text()) {
    bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 (c >= '0' && c <= '9') ||
                 std::string_view("_.-~/").find(c) != std::string_view::npos;
    char code[4] = {c};
    if (!stays)
      std::snprintf(code, sizeof code, "%%%02X",
                    static_cast<unsigned>(static_cast<uint8_t>(c)));
    e.heap.write({code, stays ? size_t(1) : size_t(3)});
  }
  return e.heap.captured(mark);
}

Value format(Evaluator &e, const Value &value, const Arguments &arguments) {
  auto *items = e.heap.sequence();
  *items = arguments.positional;
  if (arguments.named.size)
    return e.heap.fail("'format' with names is not supported");
  return formatPercent(e.heap, toText(e.heap, value).text(),
                       Value::of(ValueKind::Tuple, items));
}

Value wordCount(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "wordcount", arguments);
  std::string_view rest = toText(e.heap, value).text();
  int64_t count = 0;
  for (bool inside = false; !rest.empty() && e.heap.step();) {
    Utf8Step step = utf8Step(rest);
    auto kind = utf8proc_category(static_cast<utf8proc_int32_t>(step.point));
    bool isWord =
        step.point == '_' ||
        (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO) ||
        (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO);
    count += isWord && !inside;
    inside = isWord;
    rest.remove_prefix(step.bytes);
  }
  return Value::of(count);
}

Value toJson(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[4];
  if (!e.bind("tojson", arguments,
              {"ensure_ascii", "indent", "separators", "sort_keys"}, b))
    return {};
  JsonStyle style;
  style.ascii = truth(b[0].orElse(Value::of(false)));
  style.sortKeys = truth(b[3].orElse(Value::of(false)));
  Value indent = b[1].orElse(Value::none());
  style.hasIndent = !indent.is(ValueKind::None);
  if (indent.isString()) {
    style.indent = indent.text();
  } else if (style.hasIndent) {
    int64_t width = e.needWhole("tojson", indent);
    size_t mark = e.heap.mark();
    for (int64_t i = 0; i < width && e.heap.step(); ++i)
      e.heap.write(" ");
    style.indent = e.heap.captured(mark).text();
  }
  if (style.hasIndent)
    style.itemEnd = ",";
  if (Value pair = b[2].orElse(Value::none()); !pair.is(ValueKind::None)) {
    Sequence *two = iterate(e.heap, pair);
    if (two->size != 2)
      return e.heap.fail("'tojson' needs two separators");
    style.itemEnd = e.needText("tojson", two->items[0]);
    style.keyEnd = e.needText("tojson", two->items[1]);
  }
  size_t mark = e.heap.mark();
  writeJson(e.heap, value, style);
  return e.heap.captured(mark);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Lists
//===----------------------------------------------------------------------===//

Value length(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "length", arguments);
  int64_t count;
  if (!lengthOf(value, count))
    return e.heap.fail("a '%s' has no length", typeName(value));
  return Value::of(count);
}

Value first(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "first", arguments);
  if (value.is(ValueKind::Generator)) { // takes one, leaves the rest
    Sequence &from = *value.sequence;
    return from.at < from.size ? from.items[from.at++]
                               : Value::undefined("first item of nothing");
  }
  Sequence *items = iterate(e.heap, value);
  return items->size ? items->items[0]
                     : Value::undefined("first item of nothing");
}

Value last(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "last", arguments);
  if (value.is(ValueKind::Generator))
    return e.heap.fail("'last' needs a list; a generator has no end to take");
  Sequence *items = iterate(e.heap, value);
  return items->size ? items->items[items->size - 1]
                     : Value::undefined("last item of nothing");
}

Value toList(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "list", arguments);
  Sequence *from = iterate(e.heap, value);
  Sequence *items = e.heap.sequence(from->size);
  for (size_t i = 0; i < from->size && e.heap.step(); ++i)
    e.heap.append(items, from->items[i]);
  return Value::of(ValueKind::List, items);
}

Value reverse(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "reverse", arguments);
  Sequence *from = iterate(e.heap, value);
  if (value.isString()) {
    size_t mark = e.heap.mark();
    for (size_t i = from->size; i-- > 0 && e.heap.step();)
      e.heap.write(from->items[i].text());
    return e.heap.captured(mark);
  }
  Sequence *items = e.heap.sequence(from->size);
  for (size_t i = from->size; i-- > 0 && e.heap.step();)
    e.heap.append(items, from->items[i]);
  return generator(items);
}

Value items(Evaluator &e, const Value &value, const Arguments &arguments) {
  plain(e, "items", arguments);
  if (value.isUndefined())
    return generator(e.heap.sequence());
  if (!value.isMapping())
    return e.heap.fail("'items' needs a dict, not '%s'", typeName(value));
  Arguments noArguments;
  Value pairs = callMethod(e, {value, "items"}, noArguments);
  return e.heap.failed() ? Value() : generator(pairs.sequence);
}

Value batch(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("batch", arguments, {"linecount", "fill_with"}, b))
    return {};
  int64_t size = e.needWhole("batch", b[0].value);
  if (size < 1)
    return e.heap.fail("'batch' needs a size above 0");
  Sequence *from = iterate(e.heap, value), *lines = e.heap.sequence();
  Sequence *line = nullptr;
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    if (i % size == 0) {
      line = e.heap.sequence();
      e.heap.append(lines, Value::of(ValueKind::List, line));
    }
    e.heap.append(line, from->items[i]);
  }
  Value fill = b[1].orElse(Value::none());
  while (line && !fill.is(ValueKind::None) && e.heap.step() &&
         line->size < static_cast<size_t>(size))
    e.heap.append(line, fill);
  return generator(lines);
}

/// `attribute` and whether case counts, for sort, min, max and unique.
struct SortKey {
  Value path;
  bool caseCounts;

  Value of(Evaluator &e, const Value &item) const {
    Value key = path.is(ValueKind::None) ? item : e.path(item, path);
    return key.isString() && !caseCounts ? changeCase(e, key, Case::Lower)
                                         : key;
  }
};

/// Stable, by insertion: lists in templates are short and steps are counted.
Sequence *sorted(Evaluator &e, Sequence *from, const SortKey &by,
                 bool reversed) {
  Sequence *items = e.heap.sequence(from->size);
  Sequence *keys = e.heap.sequence(from->size);
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value key = by.of(e, from->items[i]);
    e.heap.append(items, from->items[i]);
    e.heap.append(keys, key);
    for (size_t j = i; j > 0 && e.heap.step(); --j) {
      int ordered = order(e.heap, key, keys->items[j - 1]);
      if (reversed ? ordered <= 0 : ordered >= 0)
        break;
      std::swap(items->items[j], items->items[j - 1]);
      std::swap(keys->items[j], keys->items[j - 1]);
    }
  }
  return items;
}

Value sort(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[3];
  if (!e.bind("sort", arguments, {"reverse", "case_sensitive", "attribute"}, b))
    return {};
  if (b[2].value.text().find(',') != std::string_view::npos)
    return e.heap.fail("'sort' by several attributes is not supported");
  SortKey by{b[2].orElse(Value::none()), truth(b[1].orElse(Value::of(false)))};
  return Value::of(ValueKind::List,
                   sorted(e, iterate(e.heap, value), by,
                          truth(b[0].orElse(Value::of(false)))));
}

Value dictSort(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[3];
  if (!e.bind("dictsort", arguments, {"case_sensitive", "by", "reverse"}, b))
    return {};
  std::string_view by = b[1].given ? e.needText("dictsort", b[1].value) : "key";
  if (!value.isMapping() || (by != "key" && by != "value"))
    return e.heap.fail("'dictsort' needs a dict, by 'key' or 'value'");
  Arguments noArguments;
  Value pairs = callMethod(e, {value, "items"}, noArguments);
  if (e.heap.failed())
    return {};
  SortKey key{Value::of(int64_t(by == "value")),
              truth(b[0].orElse(Value::of(false)))};
  return Value::of(
      ValueKind::List,
      sorted(e, pairs.sequence, key, truth(b[2].orElse(Value::of(false)))));
}

Value extreme(Evaluator &e, const Value &value, const Arguments &arguments,
              const char *name, int sign) {
  Bound b[2];
  if (!e.bind(name, arguments, {"case_sensitive", "attribute"}, b))
    return {};
  SortKey by{b[1].orElse(Value::none()), truth(b[0].orElse(Value::of(false)))};
  Sequence *from = iterate(e.heap, value);
  Value best = Value::undefined("extreme of nothing"), bestKey;
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value key = by.of(e, from->items[i]);
    int ordered = i ? order(e.heap, key, bestKey) : 0;
    if (i == 0 || (sign < 0 ? ordered < 0 : ordered > 0))
      best = from->items[i], bestKey = key;
  }
  return best;
}
Value least(Evaluator &e, const Value &value, const Arguments &arguments) {
  return extreme(e, value, arguments, "min", -1);
}
Value greatest(Evaluator &e, const Value &value, const Arguments &arguments) {
  return extreme(e, value, arguments, "max", 1);
}

Value sum(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("sum", arguments, {"attribute", "start"}, b))
    return {};
  Value total = b[1].orElse(Value::of(int64_t(0)));
  bool isPath = b[0].given && !b[0].value.is(ValueKind::None);
  Sequence *from = iterate(e.heap, value);
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value item = from->items[i];
    total =
        binary(e.heap, "+", total, isPath ? e.path(item, b[0].value) : item);
  }
  return total;
}

Value unique(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("unique", arguments, {"case_sensitive", "attribute"}, b))
    return {};
  SortKey by{b[1].orElse(Value::none()), truth(b[0].orElse(Value::of(false)))};
  Sequence *from = iterate(e.heap, value), *kept = e.heap.sequence();
  Mapping *seen = e.heap.mapping();
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value key = by.of(e, from->items[i]);
    if (key.is(ValueKind::List) || key.isMapping())
      return e.heap.fail("'unique' cannot compare values of type %s",
                         typeName(key));
    if (find(e.heap, seen, key))
      continue;
    e.heap.set(seen, key, Value::none());
    e.heap.append(kept, from->items[i]);
  }
  return generator(kept);
}

//===----------------------------------------------------------------------===//
// Filters over filters and tests
//===----------------------------------------------------------------------===//

/// The arguments behind the first one.
Arguments behind(const Arguments &arguments, size_t skip) {
  Arguments rest = arguments;
  rest.positional.items += skip;
  rest.positional.size -= skip;
  rest.positional.capacity = rest.positional.size;
  return rest;
}

Value map(Evaluator &e, const Value &value, const Arguments &arguments) {
  Sequence *from = iterate(e.heap, value), *out = e.heap.sequence();
  Value *attribute = find(&arguments.named, "attribute");
  Value *otherwise = find(&arguments.named, "default");
  bool isPath = attribute && !arguments.positional.size;
  if (isPath ? arguments.named.size > 1u + (otherwise != nullptr)
             : !arguments.positional.size)
    return e.heap.fail("'map' needs a filter or an attribute");
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value item = from->items[i];
    if (isPath) {
      item = e.path(item, *attribute);
      if (item.isUndefined() && otherwise)
        item = *otherwise;
    } else {
      Value name = arguments.positional.items[0];
      item = e.applyFilter(e.needText("map", name), item, behind(arguments, 1));
    }
    e.heap.append(out, item);
  }
  return generator(out);
}

Value choose(Evaluator &e, const Value &value, const Arguments &arguments,
             const char *name, bool byAttribute, bool wanted) {
  Sequence *from = iterate(e.heap, value), *out = e.heap.sequence();
  size_t at = byAttribute;
  if (arguments.positional.size < at)
    return e.heap.fail("'%s' needs an attribute", name);
  bool hasTest = arguments.positional.size > at;
  for (size_t i = 0; i < from->size && e.heap.step(); ++i) {
    Value item = from->items[i];
    if (byAttribute)
      item = e.path(item, arguments.positional.items[0]);
    bool passes =
        hasTest ? e.applyTest(e.needText(name, arguments.positional.items[at]),
                              item, behind(arguments, at + 1))
                : truth(item);
    if (passes == wanted)
      e.heap.append(out, from->items[i]);
  }
  return generator(out);
}

Value select(Evaluator &e, const Value &value, const Arguments &arguments) {
  return choose(e, value, arguments, "select", false, true);
}
Value reject(Evaluator &e, const Value &value, const Arguments &arguments) {
  return choose(e, value, arguments, "reject", false, false);
}
Value selectAttr(Evaluator &e, const Value &value, const Arguments &arguments) {
  return choose(e, value, arguments, "selectattr", true, true);
}
Value rejectAttr(Evaluator &e, const Value &value, const Arguments &arguments) {
  return choose(e, value, arguments, "rejectattr", true, false);
}

Value orDefault(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[2];
  if (!e.bind("default", arguments, {"default_value", "boolean"}, b))
    return {};
  bool wanted = value.isUndefined() ||
                (truth(b[1].orElse(Value::of(false))) && !truth(value));
  return wanted ? b[0].orElse(Value::of(std::string_view())) : value;
}

Value attr(Evaluator &e, const Value &value, const Arguments &arguments) {
  Bound b[1];
  if (!e.bind("attr", arguments, {"name"}, b))
    return {};
  std::string_view name = e.needText("attr", b[0].value);
  // Unlike the dot it does not look at the keys of a dict.
  if (value.isMapping() && !hasMethod(value, name))
    return Value::undefined(name);
  return e.attribute(value, name);
}

constexpr struct {
  std::string_view name;
  Filter apply;
} kFilters[] = {{"abs", absolute},
                {"attr", attr},
                {"batch", batch},
                {"capitalize", capitalize},
                {"center", center},
                {"count", length},
                {"d", orDefault},
                {"default", orDefault},
                {"dictsort", dictSort},
                {"e", escape},
                {"escape", escape},
                {"forceescape", forceEscape},
                {"first", first},
                {"float", toFloat},
                {"format", format},
                {"indent", indent},
                {"int", toInt},
                {"items", items},
                {"join", join},
                {"last", last},
                {"length", length},
                {"list", toList},
                {"lower", lower},
                {"map", map},
                {"max", greatest},
                {"min", least},
                {"reject", reject},
                {"rejectattr", rejectAttr},
                {"replace", replace},
                {"reverse", reverse},
                {"round", roundTo},
                {"safe", safe},
                {"select", select},
                {"selectattr", selectAttr},
                {"sort", sort},
                {"string", toString},
                {"sum", sum},
                {"title", title},
                {"tojson", toJson},
                {"trim", trim},
                {"unique", unique},
                {"upper", upper},
                {"urlencode", urlEncode},
                {"wordcount", wordCount}};
static_assert(std::size(kFilters) == std::size(kFilterNames));

} // namespace

Value Evaluator::applyFilter(std::string_view name, const Value &value,
                             const Arguments &arguments) {
  for (const auto &entry : kFilters)
    if (entry.name == name)
      return heap.failed() ? Value() : entry.apply(*this, value, arguments);
  return heap.fail("there is no filter '%.*s'", static_cast<int>(name.size()),
                   name.data());
}
