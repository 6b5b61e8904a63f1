// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text of templates as Python sees it: str(), repr(), white space, case.

#include "runtime/text/TemplateValue.h"
#include "runtime/text/Utf8.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <utf8proc.h>

using namespace sinter;
using namespace sinter::text;

//===----------------------------------------------------------------------===//
// Characters
//===----------------------------------------------------------------------===//

size_t text::characters(std::string_view text) {
  size_t count = 0;
  for (char c : text)
    count += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  return count;
}

size_t text::offsetOf(std::string_view text, size_t index) {
  size_t at = 0;
  while (at < text.size()) {
    if ((static_cast<uint8_t>(text[at]) & 0xc0) != 0x80 && index-- == 0)
      break;
    ++at;
  }
  return at;
}

/// str.isspace of Python.
static bool isSpace(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 ||
         c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

size_t text::leadingSpace(std::string_view text) {
  if (text.empty())
    return 0;
  Utf8Step step = utf8Step(text);
  return isSpace(step.point) ? step.bytes : 0;
}

size_t text::trailingSpace(std::string_view text) {
  for (size_t n = 1; n <= 3 && n <= text.size(); ++n) {
    std::string_view last = text.substr(text.size() - n);
    if ((static_cast<uint8_t>(last[0]) & 0xc0) == 0x80)
      continue;
    return isSpace(utf8Step(last).point) ? n : 0;
  }
  return 0;
}

std::string_view text::strip(std::string_view text, bool left, bool right) {
  if (left)
    while (size_t n = leadingSpace(text))
      text.remove_prefix(n);
  if (right)
    while (size_t n = trailingSpace(text))
      text.remove_suffix(n);
  return text;
}

//===----------------------------------------------------------------------===//
// Case
//===----------------------------------------------------------------------===//

namespace {

/// Characters whose upper or title case is more than one (SpecialCasing.txt).
struct WideCase {
  uint16_t point;
  uint16_t upper[3], title[3];
};
constexpr WideCase kWideCase[] = {
    {0xdf, {0x53, 0x53, 0x0}, {0x53, 0x73, 0x0}},
    {0x149, {0x2bc, 0x4e, 0x0}, {0x2bc, 0x4e, 0x0}},
    {0x1f0, {0x4a, 0x30c, 0x0}, {0x4a, 0x30c, 0x0}},
    {0x390, {0x399, 0x308, 0x301}, {0x399, 0x308, 0x301}},
    {0x3b0, {0x3a5, 0x308, 0x301}, {0x3a5, 0x308, 0x301}},
    {0x587, {0x535, 0x552, 0x0}, {0x535, 0x582, 0x0}},
    {0x1e96, {0x48, 0x331, 0x0}, {0x48, 0x331, 0x0}},
    {0x1e97, {0x54, 0x308, 0x0}, {0x54, 0x308, 0x0}},
    {0x1e98, {0x57, 0x30a, 0x0}, {0x57, 0x30a, 0x0}},
    {0x1e99, {0x59, 0x30a, 0x0}, {0x59, 0x30a, 0x0}},
    {0x1e9a, {0x41, 0x2be, 0x0}, {0x41, 0x2be, 0x0}},
    {0x1f50, {0x3a5, 0x313, 0x0}, {0x3a5, 0x313, 0x0}},
    {0x1f52, {0x3a5, 0x313, 0x300}, {0x3a5, 0x313, 0x300}},
    {0x1f54, {0x3a5, 0x313, 0x301}, {0x3a5, 0x313, 0x301}},
    {0x1f56, {0x3a5, 0x313, 0x342}, {0x3a5, 0x313, 0x342}},
    {0x1f80, {0x1f08, 0x399, 0x0}, {0x1f88, 0x0, 0x0}},
    {0x1f81, {0x1f09, 0x399, 0x0}, {0x1f89, 0x0, 0x0}},
    {0x1f82, {0x1f0a, 0x399, 0x0}, {0x1f8a, 0x0, 0x0}},
    {0x1f83, {0x1f0b, 0x399, 0x0}, {0x1f8b, 0x0, 0x0}},
    {0x1f84, {0x1f0c, 0x399, 0x0}, {0x1f8c, 0x0, 0x0}},
    {0x1f85, {0x1f0d, 0x399, 0x0}, {0x1f8d, 0x0, 0x0}},
    {0x1f86, {0x1f0e, 0x399, 0x0}, {0x1f8e, 0x0, 0x0}},
    {0x1f87, {0x1f0f, 0x399, 0x0}, {0x1f8f, 0x0, 0x0}},
    {0x1f88, {0x1f08, 0x399, 0x0}, {0x1f88, 0x0, 0x0}},
    {0x1f89, {0x1f09, 0x399, 0x0}, {0x1f89, 0x0, 0x0}},
    {0x1f8a, {0x1f0a, 0x399, 0x0}, {0x1f8a, 0x0, 0x0}},
    {0x1f8b, {0x1f0b, 0x399, 0x0}, {0x1f8b, 0x0, 0x0}},
    {0x1f8c, {0x1f0c, 0x399, 0x0}, {0x1f8c, 0x0, 0x0}},
    {0x1f8d, {0x1f0d, 0x399, 0x0}, {0x1f8d, 0x0, 0x0}},
    {0x1f8e, {0x1f0e, 0x399, 0x0}, {0x1f8e, 0x0, 0x0}},
    {0x1f8f, {0x1f0f, 0x399, 0x0}, {0x1f8f, 0x0, 0x0}},
    {0x1f90, {0x1f28, 0x399, 0x0}, {0x1f98, 0x0, 0x0}},
    {0x1f91, {0x1f29, 0x399, 0x0}, {0x1f99, 0x0, 0x0}},
    {0x1f92, {0x1f2a, 0x399, 0x0}, {0x1f9a, 0x0, 0x0}},
    {0x1f93, {0x1f2b, 0x399, 0x0}, {0x1f9b, 0x0, 0x0}},
    {0x1f94, {0x1f2c, 0x399, 0x0}, {0x1f9c, 0x0, 0x0}},
    {0x1f95, {0x1f2d, 0x399, 0x0}, {0x1f9d, 0x0, 0x0}},
    {0x1f96, {0x1f2e, 0x399, 0x0}, {0x1f9e, 0x0, 0x0}},
    {0x1f97, {0x1f2f, 0x399, 0x0}, {0x1f9f, 0x0, 0x0}},
    {0x1f98, {0x1f28, 0x399, 0x0}, {0x1f98, 0x0, 0x0}},
    {0x1f99, {0x1f29, 0x399, 0x0}, {0x1f99, 0x0, 0x0}},
    {0x1f9a, {0x1f2a, 0x399, 0x0}, {0x1f9a, 0x0, 0x0}},
    {0x1f9b, {0x1f2b, 0x399, 0x0}, {0x1f9b, 0x0, 0x0}},
    {0x1f9c, {0x1f2c, 0x399, 0x0}, {0x1f9c, 0x0, 0x0}},
    {0x1f9d, {0x1f2d, 0x399, 0x0}, {0x1f9d, 0x0, 0x0}},
    {0x1f9e, {0x1f2e, 0x399, 0x0}, {0x1f9e, 0x0, 0x0}},
    {0x1f9f, {0x1f2f, 0x399, 0x0}, {0x1f9f, 0x0, 0x0}},
    {0x1fa0, {0x1f68, 0x399, 0x0}, {0x1fa8, 0x0, 0x0}},
    {0x1fa1, {0x1f69, 0x399, 0x0}, {0x1fa9, 0x0, 0x0}},
    {0x1fa2, {0x1f6a, 0x399, 0x0}, {0x1faa, 0x0, 0x0}},
    {0x1fa3, {0x1f6b, 0x399, 0x0}, {0x1fab, 0x0, 0x0}},
    {0x1fa4, {0x1f6c, 0x399, 0x0}, {0x1fac, 0x0, 0x0}},
    {0x1fa5, {0x1f6d, 0x399, 0x0}, {0x1fad, 0x0, 0x0}},
    {0x1fa6, {0x1f6e, 0x399, 0x0}, {0x1fae, 0x0, 0x0}},
    {0x1fa7, {0x1f6f, 0x399, 0x0}, {0x1faf, 0x0, 0x0}},
    {0x1fa8, {0x1f68, 0x399, 0x0}, {0x1fa8, 0x0, 0x0}},
    {0x1fa9, {0x1f69, 0x399, 0x0}, {0x1fa9, 0x0, 0x0}},
    {0x1faa, {0x1f6a, 0x399, 0x0}, {0x1faa, 0x0, 0x0}},
    {0x1fab, {0x1f6b, 0x399, 0x0}, {0x1fab, 0x0, 0x0}},
    {0x1fac, {0x1f6c, 0x399, 0x0}, {0x1fac, 0x0, 0x0}},
    {0x1fad, {0x1f6d, 0x399, 0x0}, {0x1fad, 0x0, 0x0}},
    {0x1fae, {0x1f6e, 0x399, 0x0}, {0x1fae, 0x0, 0x0}},
    {0x1faf, {0x1f6f, 0x399, 0x0}, {0x1faf, 0x0, 0x0}},
    {0x1fb2, {0x1fba, 0x399, 0x0}, {0x1fba, 0x345, 0x0}},
    {0x1fb3, {0x391, 0x399, 0x0}, {0x1fbc, 0x0, 0x0}},
    {0x1fb4, {0x386, 0x399, 0x0}, {0x386, 0x345, 0x0}},
    {0x1fb6, {0x391, 0x342, 0x0}, {0x391, 0x342, 0x0}},
    {0x1fb7, {0x391, 0x342, 0x399}, {0x391, 0x342, 0x345}},
    {0x1fbc, {0x391, 0x399, 0x0}, {0x1fbc, 0x0, 0x0}},
    {0x1fc2, {0x1fca, 0x399, 0x0}, {0x1fca, 0x345, 0x0}},
    {0x1fc3, {0x397, 0x399, 0x0}, {0x1fcc, 0x0, 0x0}},
    {0x1fc4, {0x389, 0x399, 0x0}, {0x389, 0x345, 0x0}},
    {0x1fc6, {0x397, 0x342, 0x0}, {0x397, 0x342, 0x0}},
    {0x1fc7, {0x397, 0x342, 0x399}, {0x397, 0x342, 0x345}},
    {0x1fcc, {0x397, 0x399, 0x0}, {0x1fcc, 0x0, 0x0}},
    {0x1fd2, {0x399, 0x308, 0x300}, {0x399, 0x308, 0x300}},
    {0x1fd3, {0x399, 0x308, 0x301}, {0x399, 0x308, 0x301}},
    {0x1fd6, {0x399, 0x342, 0x0}, {0x399, 0x342, 0x0}},
    {0x1fd7, {0x399, 0x308, 0x342}, {0x399, 0x308, 0x342}},
    {0x1fe2, {0x3a5, 0x308, 0x300}, {0x3a5, 0x308, 0x300}},
    {0x1fe3, {0x3a5, 0x308, 0x301}, {0x3a5, 0x308, 0x301}},
    {0x1fe4, {0x3a1, 0x313, 0x0}, {0x3a1, 0x313, 0x0}},
    {0x1fe6, {0x3a5, 0x342, 0x0}, {0x3a5, 0x342, 0x0}},
    {0x1fe7, {0x3a5, 0x308, 0x342}, {0x3a5, 0x308, 0x342}},
    {0x1ff2, {0x1ffa, 0x399, 0x0}, {0x1ffa, 0x345, 0x0}},
    {0x1ff3, {0x3a9, 0x399, 0x0}, {0x1ffc, 0x0, 0x0}},
    {0x1ff4, {0x38f, 0x399, 0x0}, {0x38f, 0x345, 0x0}},
    {0x1ff6, {0x3a9, 0x342, 0x0}, {0x3a9, 0x342, 0x0}},
    {0x1ff7, {0x3a9, 0x342, 0x399}, {0x3a9, 0x342, 0x345}},
    {0x1ffc, {0x3a9, 0x399, 0x0}, {0x1ffc, 0x0, 0x0}},
    {0xfb00, {0x46, 0x46, 0x0}, {0x46, 0x66, 0x0}},
    {0xfb01, {0x46, 0x49, 0x0}, {0x46, 0x69, 0x0}},
    {0xfb02, {0x46, 0x4c, 0x0}, {0x46, 0x6c, 0x0}},
    {0xfb03, {0x46, 0x46, 0x49}, {0x46, 0x66, 0x69}},
    {0xfb04, {0x46, 0x46, 0x4c}, {0x46, 0x66, 0x6c}},
    {0xfb05, {0x53, 0x54, 0x0}, {0x53, 0x74, 0x0}},
    {0xfb06, {0x53, 0x54, 0x0}, {0x53, 0x74, 0x0}},
    {0xfb13, {0x544, 0x546, 0x0}, {0x544, 0x576, 0x0}},
    {0xfb14, {0x544, 0x535, 0x0}, {0x544, 0x565, 0x0}},
    {0xfb15, {0x544, 0x53b, 0x0}, {0x544, 0x56b, 0x0}},
    {0xfb16, {0x54e, 0x546, 0x0}, {0x54e, 0x576, 0x0}},
    {0xfb17, {0x544, 0x53d, 0x0}, {0x544, 0x56d, 0x0}},
};

bool isCased(char32_t c) {
  auto point = static_cast<utf8proc_int32_t>(c);
  utf8proc_category_t kind = utf8proc_category(point);
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL ||
         kind == UTF8PROC_CATEGORY_LT;
}

} // namespace

static void writePoint(Heap &heap, char32_t point) {
  char bytes[4];
  heap.write({bytes, utf8Encode(point, bytes)});
}

static void writeBig(Heap &heap, char32_t point, bool title) {
  if (point >= 0x80 && point < 0x10000)
    for (const WideCase &entry : kWideCase)
      if (entry.point == point) {
        for (uint16_t part : title ? entry.title : entry.upper)
          if (part)
            writePoint(heap, part);
        return;
      }
  auto from = static_cast<utf8proc_int32_t>(point);
  writePoint(heap, title ? utf8proc_totitle(from) : utf8proc_toupper(from));
}

/// A capital sigma at the end of a word has a small form of its own.
static void writeSmall(Heap &heap, char32_t point, bool afterCased,
                       std::string_view rest) {
  if (point == 0x130) {
    writePoint(heap, 'i');
    return writePoint(heap, 0x307);
  }
  if (point == 0x3a3) {
    bool before = !rest.empty() && isCased(utf8Step(rest).point);
    return writePoint(heap, afterCased && !before ? 0x3c2 : 0x3c3);
  }
  writePoint(heap, utf8proc_tolower(static_cast<utf8proc_int32_t>(point)));
}

void text::writeCase(Heap &heap, std::string_view text, Case to) {
  bool first = true, afterCased = false;
  while (!text.empty() && heap.step()) {
    Utf8Step step = utf8Step(text);
    text.remove_prefix(step.bytes);
    bool big = to == Case::Upper || (to == Case::Title && !afterCased) ||
               (to == Case::Capitalize && first);
    if (big)
      writeBig(heap, step.point, to != Case::Upper);
    else
      writeSmall(heap, step.point, afterCased, text);
    afterCased = isCased(step.point);
    first = false;
  }
}

//===----------------------------------------------------------------------===//
// str() and repr()
//===----------------------------------------------------------------------===//

std::string_view text::formatFloat(double number, char (&buffer)[40]) {
  if (std::isnan(number))
    return "nan";
  if (std::isinf(number))
    return number < 0 ? "-inf" : "inf";
  // Python: the shortest digits, with an exponent below 1e-4 and from 1e16 on.
  double size = std::fabs(number);
  bool plain = number == 0 || (size >= 1e-4 && size < 1e16);
  auto result = std::to_chars(buffer, buffer + sizeof buffer - 3, number,
                              plain ? std::chars_format::fixed
                                    : std::chars_format::scientific);
  std::string_view digits(buffer, result.ptr - buffer);
  if (plain && digits.find('.') == std::string_view::npos) {
    *result.ptr++ = '.';
    *result.ptr++ = '0';
  }
  return {buffer, static_cast<size_t>(result.ptr - buffer)};
}

/// str.isprintable of Python for one character.
static bool isPrintable(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return false;
  case UTF8PROC_CATEGORY_ZS:
    return c == ' ';
  default:
    return true;
  }
}

static void writeQuoted(Heap &heap, std::string_view text) {
  bool hasSingle = text.find('\'') != std::string_view::npos;
  bool hasDouble = text.find('"') != std::string_view::npos;
  char quote = hasSingle && !hasDouble ? '"' : '\'';
  heap.write({&quote, 1});
  while (!text.empty() && heap.step()) {
    Utf8Step step = utf8Step(text);
    std::string_view letter = text.substr(0, step.bytes);
    text.remove_prefix(step.bytes);
    char32_t c = step.point;
    char escape[16];
    if (c == static_cast<unsigned char>(quote) || c == '\\')
      std::snprintf(escape, sizeof escape, "\\%c", static_cast<char>(c));
    else if (c == '\n' || c == '\r' || c == '\t')
      std::snprintf(escape, sizeof escape, "\\%c",
                    c == '\n'   ? 'n'
                    : c == '\r' ? 'r'
                                : 't');
    else if (isPrintable(c)) {
      heap.write(letter);
      continue;
    } else
      std::snprintf(escape, sizeof escape,
                    c < 0x100     ? "\\x%02x"
                    : c < 0x10000 ? "\\u%04x"
                                  : "\\U%08x",
                    static_cast<unsigned>(c));
    heap.write(escape);
  }
  heap.write({&quote, 1});
}

static void writeItems(Heap &heap, const Value &value, uint32_t depth) {
  bool tuple = value.is(ValueKind::Tuple);
  const Sequence &items = *value.sequence;
  heap.write(tuple ? "(" : "[");
  for (size_t i = 0; i < items.size && heap.step(); ++i) {
    if (i)
      heap.write(", ");
    writeRepr(heap, items.items[i], depth + 1);
  }
  heap.write(tuple ? (items.size == 1 ? ",)" : ")") : "]");
}

void text::writeRepr(Heap &heap, const Value &value, uint32_t depth) {
  if (depth > 100) {
    heap.fail("a value is nested too deeply to be printed");
    return;
  }
  if (value.isString())
    return writeQuoted(heap, value.text());
  if (value.isUndefined())
    return heap.write("Undefined");
  writeText(heap, value, depth);
}

void text::writeText(Heap &heap, const Value &value, uint32_t depth) {
  char digits[40];
  switch (value.kind) {
  case ValueKind::Undefined:
    return;
  case ValueKind::None:
    return heap.write("None");
  case ValueKind::Bool:
    return heap.write(value.boolean ? "True" : "False");
  case ValueKind::Integer: {
    auto end = std::to_chars(digits, digits + sizeof digits, value.integer);
    return heap.write({digits, static_cast<size_t>(end.ptr - digits)});
  }
  case ValueKind::Float:
    return heap.write(formatFloat(value.number, digits));
  case ValueKind::String:
    return heap.write(value.text());
  case ValueKind::List:
  case ValueKind::Tuple:
    return writeItems(heap, value, depth);
  case ValueKind::Dict: {
    heap.write("{");
    for (size_t i = 0; i < value.mapping->size && heap.step(); ++i) {
      if (i)
        heap.write(", ");
      writeRepr(heap, value.mapping->entries[i].key, depth + 1);
      heap.write(": ");
      writeRepr(heap, value.mapping->entries[i].value, depth + 1);
    }
    return heap.write("}");
  }
  case ValueKind::Loop:
    heap.write("<LoopContext ");
    writeText(heap, Value::of(static_cast<int64_t>(value.loop->index + 1)));
    heap.write("/");
    writeText(heap, Value::of(static_cast<int64_t>(value.loop->size)));
    return heap.write(">");
  default:
    // Python prints an address here: no template means that.
    heap.fail("a %s cannot be printed", typeName(value));
  }
}

void text::writeEscaped(Heap &heap, const Value &value) {
  Value text = toText(heap, value);
  if (value.safe)
    return heap.write(text.text());
  std::string_view rest = text.text();
  while (!rest.empty() && heap.step()) {
    size_t at = rest.find_first_of("&<>'\"");
    heap.write(rest.substr(0, at));
    if (at == std::string_view::npos)
      break;
    char c = rest[at];
    heap.write(c == '&'    ? "&amp;"
               : c == '<'  ? "&lt;"
               : c == '>'  ? "&gt;"
               : c == '\'' ? "&#39;"
                           : "&#34;");
    rest.remove_prefix(at + 1);
  }
}

Value text::toText(Heap &heap, const Value &value) {
  if (value.isString())
    return value;
  size_t mark = heap.mark();
  writeText(heap, value);
  return heap.captured(mark);
}
