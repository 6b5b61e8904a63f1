// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON in and out: what comes from the caller, and the filter `tojson`.

#include "runtime/text/TemplateValue.h"
#include "runtime/text/Utf8.h"

#include <charconv>
#include <cstdio>

using namespace sinter;
using namespace sinter::text;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

constexpr uint32_t kMaxDepth = 100;

class Reader {
public:
  Reader(Heap &heap, std::string_view text) : heap(heap), text(text) {}

  Value run() {
    Value value = read(0);
    space();
    return at < text.size() ? fail("more text after the value") : value;
  }

private:
  Value read(uint32_t depth);
  Value list(uint32_t depth);
  Value object(uint32_t depth);
  Value string();
  Value number();
  bool escape();
  bool hex(char32_t &unit);

  Value fail(const char *what) {
    return heap.fail("the messages are no valid JSON: %s, at byte %zu", what,
                     at);
  }
  void space() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' ||
                                text[at] == '\n' || text[at] == '\r'))
      ++at;
  }
  bool take(char c) {
    space();
    bool found = at < text.size() && text[at] == c;
    at += found;
    return found;
  }
  bool take(std::string_view word) {
    bool found = text.substr(at).starts_with(word);
    at += found ? word.size() : 0;
    return found;
  }

  Heap &heap;
  std::string_view text;
  size_t at = 0;
};

} // namespace

Value Reader::read(uint32_t depth) {
  if (depth > kMaxDepth)
    return fail("more than 100 levels");
  space();
  if (!heap.step() || at == text.size())
    return fail("the text ends early");
  char c = text[at];
  if (c == '"')
    return string();
  if (take('['))
    return list(depth);
  if (take('{'))
    return object(depth);
  if (take("true"))
    return Value::of(true);
  if (take("false"))
    return Value::of(false);
  if (take("null"))
    return Value::none();
  if (c == '-' || (c >= '0' && c <= '9'))
    return number();
  return fail("expected a value");
}

Value Reader::list(uint32_t depth) {
  Sequence *items = heap.sequence();
  if (!take(']'))
    do
      heap.append(items, read(depth + 1));
    while (!heap.failed() && take(','));
  else
    return Value::of(ValueKind::List, items);
  if (!heap.failed() && !take(']'))
    fail("expected , or ]");
  return Value::of(ValueKind::List, items);
}

Value Reader::object(uint32_t depth) {
  Mapping *mapping = heap.mapping();
  Value result = Value::of(ValueKind::Dict, mapping);
  if (take('}'))
    return result;
  do {
    space();
    if (at == text.size() || text[at] != '"')
      return fail("expected a key in double quotes");
    Value key = string();
    if (heap.failed())
      return {};
    if (!take(':'))
      return fail("expected :");
    heap.set(mapping, key, read(depth + 1));
  } while (!heap.failed() && take(','));
  if (!heap.failed() && !take('}'))
    fail("expected , or }");
  return result;
}

bool Reader::hex(char32_t &unit) {
  uint32_t value = 0;
  std::string_view digits = text.substr(at, 4);
  auto result =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 4 || result.ptr != digits.data() + 4)
    return fail("\\u needs four hexadecimal digits"), false;
  at += 4;
  unit = value;
  return true;
}

/// Behind a backslash: writes what it means.
bool Reader::escape() {
  static constexpr std::string_view names = "\"\\/bfnrt";
  static constexpr std::string_view chars = "\"\\/\b\f\n\r\t";
  char c = at < text.size() ? text[at++] : 0;
  if (size_t k = names.find(c); c && k != std::string_view::npos)
    return heap.write(chars.substr(k, 1)), true;
  char32_t point;
  if (c != 'u')
    return fail("unknown escape in a string"), false;
  if (!hex(point))
    return false;
  if (point >= 0xd800 && point < 0xdc00 && take("\\u")) {
    char32_t low;
    if (!hex(low))
      return false;
    point = low >= 0xdc00 && low < 0xe000
                ? 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00)
                : 0xd800;
  }
  if (point >= 0xd800 && point < 0xe000)
    return fail("half a surrogate pair is no text"), false;
  char bytes[4];
  heap.write({bytes, utf8Encode(point, bytes)});
  return true;
}

Value Reader::string() {
  ++at; // the quote
  size_t mark = heap.mark(), begin = at;
  while (!heap.failed()) {
    size_t end = at;
    while (end < text.size() && text[end] != '"' && text[end] != '\\' &&
           static_cast<uint8_t>(text[end]) >= 0x20)
      ++end;
    std::string_view plain = text.substr(at, end - at);
    if (utf8ValidPrefix(plain) != plain.size())
      return fail("a string is not UTF-8");
    at = end;
    if (at == text.size())
      return fail("a string is not closed");
    // A string without escapes stays where it is.
    if (text[at] == '"' && heap.mark() == mark && end - begin == plain.size()) {
      ++at;
      return Value::of(plain);
    }
    heap.write(plain);
    if (text[at] == '"') {
      ++at;
      return heap.captured(mark);
    }
    if (text[at] != '\\')
      return fail("a control character in a string must be escaped");
    ++at;
    if (!escape())
      return {};
  }
  return {};
}

Value Reader::number() {
  size_t begin = at;
  at += text[at] == '-';
  auto digits = [&] {
    size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    return at - from;
  };
  bool zero = at < text.size() && text[at] == '0';
  size_t count = digits();
  if (!count || (zero && count > 1))
    return fail("a number is malformed");
  bool isFloat = false;
  if (at < text.size() && text[at] == '.') {
    isFloat = true;
    ++at;
    if (!digits())
      return fail("a number is malformed");
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    isFloat = true;
    ++at;
    at += at < text.size() && (text[at] == '+' || text[at] == '-');
    if (!digits())
      return fail("a number is malformed");
  }
  const char *first = text.data() + begin, *last = text.data() + at;
  double real = 0;
  int64_t whole = 0;
  auto result = isFloat ? std::from_chars(first, last, real)
                        : std::from_chars(first, last, whole);
  if (result.ec != std::errc())
    return fail("a number is too large");
  return isFloat ? Value::of(real) : Value::of(whole);
}

Value text::readJson(Heap &heap, std::string_view text) {
  return Reader(heap, text).run();
}

//===----------------------------------------------------------------------===//
// Writing, as json.dumps
//===----------------------------------------------------------------------===//

static void writeString(Heap &heap, std::string_view text, bool ascii) {
  heap.write("\"");
  while (!text.empty() && heap.step()) {
    size_t plain = 0;
    while (plain < text.size() && text[plain] != '"' && text[plain] != '\\' &&
           static_cast<uint8_t>(text[plain]) >= 0x20 &&
           (!ascii || static_cast<uint8_t>(text[plain]) < 0x80))
      ++plain;
    heap.write(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty())
      break;
    static constexpr std::string_view chars = "\"\\\n\r\t\b\f";
    static constexpr std::string_view names = "\"\\nrtbf";
    char escape[16];
    Utf8Step step = utf8Step(text);
    char32_t c = step.point;
    if (size_t k = c < 0x80 ? chars.find(static_cast<char>(c))
                            : std::string_view::npos;
        k != std::string_view::npos)
      std::snprintf(escape, sizeof escape, "\\%c", names[k]);
    else if (c < 0x10000)
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
    else
      std::snprintf(escape, sizeof escape, "\\u%04x\\u%04x",
                    static_cast<unsigned>(0xd800 + ((c - 0x10000) >> 10)),
                    static_cast<unsigned>(0xdc00 + (c & 0x3ff)));
    heap.write(escape);
    text.remove_prefix(step.bytes);
  }
  heap.write("\"");
}

static void newLine(Heap &heap, const JsonStyle &style, uint32_t depth) {
  if (!style.hasIndent)
    return;
  heap.write("\n");
  for (uint32_t i = 0; i < depth; ++i)
    heap.write(style.indent);
}

/// A number as JSON, which names the infinite ones otherwise than Python.
static void writeNumber(Heap &heap, const Value &value) {
  char digits[40];
  std::string_view text =
      value.is(ValueKind::Float) ? formatFloat(value.number, digits) : "";
  if (text == "nan")
    return heap.write("NaN");
  if (text == "inf" || text == "-inf")
    return heap.write(text == "inf" ? "Infinity" : "-Infinity");
  if (value.is(ValueKind::Bool))
    return heap.write(value.boolean ? "true" : "false");
  writeText(heap, value);
}

static void writeKey(Heap &heap, const Value &key, const JsonStyle &style) {
  if (key.isString())
    return writeString(heap, key.text(), style.ascii);
  if (!key.isNumber() && !key.is(ValueKind::None)) {
    heap.fail("a key of type %s cannot be written as JSON", typeName(key));
    return;
  }
  heap.write("\"");
  if (key.is(ValueKind::None))
    heap.write("null");
  else
    writeNumber(heap, key);
  heap.write("\"");
}

static void writeObject(Heap &heap, const Mapping &mapping,
                        const JsonStyle &style, uint32_t depth) {
  if (!mapping.size)
    return heap.write("{}");
  Sequence *sorted = heap.sequence(mapping.size);
  for (size_t i = 0; i < mapping.size && heap.step(); ++i) {
    // Insertion sort: objects are small, and every step is counted.
    const Value &key = mapping.entries[i].key;
    heap.append(sorted, key);
    for (size_t j = i; style.sortKeys && j > 0 && !heap.failed() &&
                       order(heap, key, sorted->items[j - 1]) < 0;
         --j) {
      sorted->items[j] = sorted->items[j - 1];
      sorted->items[j - 1] = key;
    }
  }
  heap.write("{");
  for (size_t i = 0; i < sorted->size && heap.step(); ++i) {
    if (i)
      heap.write(style.itemEnd);
    newLine(heap, style, depth + 1);
    const Value &key = sorted->items[i];
    writeKey(heap, key, style);
    heap.write(style.keyEnd);
    const Value *value =
        style.sortKeys ? find(heap, &mapping, key) : &mapping.entries[i].value;
    if (value)
      writeJson(heap, *value, style, depth + 1);
  }
  newLine(heap, style, depth);
  heap.write("}");
}

static void writeList(Heap &heap, const Sequence &items, const JsonStyle &style,
                      uint32_t depth) {
  if (!items.size)
    return heap.write("[]");
  heap.write("[");
  for (size_t i = 0; i < items.size && heap.step(); ++i) {
    if (i)
      heap.write(style.itemEnd);
    newLine(heap, style, depth + 1);
    writeJson(heap, items.items[i], style, depth + 1);
  }
  newLine(heap, style, depth);
  heap.write("]");
}

void text::writeJson(Heap &heap, const Value &value, const JsonStyle &style,
                     uint32_t depth) {
  if (depth > kMaxDepth) {
    heap.fail("a value is nested too deeply for JSON");
    return;
  }
  switch (value.kind) {
  case ValueKind::None:
    return heap.write("null");
  case ValueKind::Bool:
  case ValueKind::Integer:
  case ValueKind::Float:
    return writeNumber(heap, value);
  case ValueKind::String:
    return writeString(heap, value.text(), style.ascii);
  case ValueKind::List:
  case ValueKind::Tuple:
    return writeList(heap, *value.sequence, style, depth);
  case ValueKind::Dict:
    return writeObject(heap, *value.mapping, style, depth);
  default:
    heap.fail("a value of type %s cannot be written as JSON", typeName(value));
  }
}
