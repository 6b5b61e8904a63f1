// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Methods of Python's str, as far as templates call them.

#include "runtime/text/TemplateMethods.h"
#include "runtime/text/Utf8.h"

#include <algorithm>
#include <utf8proc.h>

using namespace sinter;
using namespace sinter::text;
using namespace sinter::text::methods;

namespace {

constexpr size_t npos = std::string_view::npos;

bool isAbsent(const Bound &bound) {
  return !bound.given || bound.value.is(ValueKind::None);
}

Value changeCase(Evaluator &e, const Value &self, std::string_view name,
                 const Arguments &arguments) {
  if (!e.bind(name, arguments, {}, nullptr))
    return {};
  size_t mark = e.heap.mark();
  writeCase(e.heap, self.text(),
            name == "upper"   ? Case::Upper
            : name == "title" ? Case::Title
            : name == "lower" ? Case::Lower
                              : Case::Capitalize);
  return e.heap.captured(mark);
}

/// strip, lstrip and rstrip; with characters, all of those.
Value stripped(Evaluator &e, const Value &self, std::string_view name,
               const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"chars"}, b))
    return {};
  bool left = name != "rstrip", right = name != "lstrip";
  std::string_view text = self.text();
  if (isAbsent(b[0]))
    return Value::of(strip(text, left, right));
  std::string_view chars = e.needText(name, b[0].value);
  auto has = [&](std::string_view letter) {
    e.heap.step();
    return chars.find(letter) != npos;
  };
  while (left && !text.empty()) {
    size_t n = utf8Step(text).bytes;
    if (!has(text.substr(0, n)))
      break;
    text.remove_prefix(n);
  }
  while (right && !text.empty()) {
    size_t at = text.size() - 1;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80)
      --at;
    if (!has(text.substr(at)))
      break;
    text = text.substr(0, at);
  }
  return Value::of(text);
}

/// Words between runs of white space, at most `limit` cuts.
void splitSpaces(Heap &heap, std::string_view text, int64_t limit,
                 Sequence *out) {
  text = strip(text, true, false);
  while (!text.empty() && heap.step()) {
    if (limit-- == 0) {
      heap.append(out, Value::of(text));
      return;
    }
    size_t end = 0;
    while (end < text.size() && !leadingSpace(text.substr(end)))
      end += utf8Step(text.substr(end)).bytes;
    heap.append(out, Value::of(text.substr(0, end)));
    text = strip(text.substr(end), true, false);
  }
}

void splitSpacesRight(Heap &heap, std::string_view text, int64_t limit,
                      Sequence *out) {
  text = strip(text, false, true);
  while (!text.empty() && heap.step()) {
    if (limit-- == 0) {
      heap.append(out, Value::of(text));
      break;
    }
    size_t begin = text.size();
    while (begin > 0 && !trailingSpace(text.substr(0, begin))) {
      --begin;
      while (begin > 0 && (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80)
        --begin;
    }
    heap.append(out, Value::of(text.substr(begin)));
    text = strip(text.substr(0, begin), false, true);
  }
  std::reverse(out->items, out->items + out->size);
}

Value split(Evaluator &e, const Value &self, std::string_view name,
            const Arguments &arguments) {
  Bound b[2];
  if (!e.bind(name, arguments, {"sep", "maxsplit"}, b))
    return {};
  int64_t limit = b[1].given ? e.needWhole(name, b[1].value) : -1;
  bool right = name == "rsplit";
  std::string_view text = self.text();
  Sequence *out = e.heap.sequence();
  if (isAbsent(b[0])) {
    right ? splitSpacesRight(e.heap, text, limit, out)
          : splitSpaces(e.heap, text, limit, out);
    return list(out);
  }
  std::string_view by = e.needText(name, b[0].value);
  if (by.empty())
    return e.heap.fail("'%s' needs a separator that is not empty",
                       right ? "rsplit" : "split");
  while (e.heap.step(text.size() / 64 + 1)) {
    size_t at = limit-- == 0 ? npos : right ? text.rfind(by) : text.find(by);
    if (at == npos)
      break;
    e.heap.append(out, Value::of(right ? text.substr(at + by.size())
                                       : text.substr(0, at)));
    text = right ? text.substr(0, at) : text.substr(at + by.size());
  }
  e.heap.append(out, Value::of(text));
  if (right)
    std::reverse(out->items, out->items + out->size);
  return list(out);
}

/// Bytes of the line break at the start of `text`, 0 for none.
size_t lineBreak(std::string_view text) {
  char32_t c = utf8Step(text).point;
  if (text.starts_with("\r\n"))
    return 2;
  if ((c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e))
    return 1;
  return c == 0x85 ? 2 : c == 0x2028 || c == 0x2029 ? 3 : 0;
}

Value splitLines(Evaluator &e, const Value &self, std::string_view name,
                 const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"keepends"}, b))
    return {};
  bool keep = truth(b[0].value);
  std::string_view text = self.text();
  Sequence *out = e.heap.sequence();
  while (!text.empty() && e.heap.step()) {
    size_t end = 0, cut = 0;
    while (end < text.size() && !(cut = lineBreak(text.substr(end))))
      end += utf8Step(text.substr(end)).bytes;
    e.heap.append(out, Value::of(text.substr(0, end + (keep ? cut : 0))));
    text.remove_prefix(end + cut);
  }
  return list(out);
}

Value startsOrEnds(Evaluator &e, const Value &self, std::string_view name,
                   const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"affix"}, b))
    return {};
  auto fits = [&](const Value &affix) {
    std::string_view text = e.needText(name, affix);
    return !e.heap.failed() &&
           (name == "startswith" ? self.text().starts_with(text)
                                 : self.text().ends_with(text));
  };
  if (!b[0].value.is(ValueKind::Tuple))
    return Value::of(fits(b[0].value));
  const Sequence &any = *b[0].value.sequence;
  for (size_t i = 0; i < any.size && e.heap.step(); ++i)
    if (fits(any.items[i]))
      return Value::of(true);
  return Value::of(false);
}

Value removeAffix(Evaluator &e, const Value &self, std::string_view name,
                  const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"affix"}, b))
    return {};
  std::string_view text = self.text(), affix = e.needText(name, b[0].value);
  if (name == "removeprefix" && text.starts_with(affix))
    text.remove_prefix(affix.size());
  else if (name == "removesuffix" && text.ends_with(affix))
    text.remove_suffix(affix.size());
  return Value::of(text);
}

/// find, rfind, index, rindex: by characters.
Value findText(Evaluator &e, const Value &self, std::string_view name,
               const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"sub"}, b))
    return {};
  std::string_view sub = e.needText(name, b[0].value);
  size_t at = name[0] == 'r' ? self.text().rfind(sub) : self.text().find(sub);
  e.heap.step(self.bytes / 16 + 1);
  if (at != npos)
    return number(characters(self.text().substr(0, at)));
  if (name.ends_with("index"))
    return e.heap.fail("the text to find is not there");
  return Value::of(int64_t(-1));
}

Value countText(Evaluator &e, const Value &self, std::string_view name,
                const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"sub"}, b))
    return {};
  std::string_view text = self.text(), sub = e.needText(name, b[0].value);
  if (sub.empty())
    return number(characters(text) + 1);
  size_t count = 0;
  for (size_t at = 0; (at = text.find(sub, at)) != npos && e.heap.step();
       at += sub.size())
    ++count;
  return number(count);
}

Value replaceText(Evaluator &e, const Value &self, std::string_view name,
                  const Arguments &arguments) {
  Bound b[3];
  if (!e.bind(name, arguments, {"old", "new", "count"}, b))
    return {};
  std::string_view text = self.text(), old = e.needText(name, b[0].value);
  std::string_view fresh = e.needText(name, b[1].value);
  int64_t limit = b[2].given ? e.needWhole(name, b[2].value) : -1;
  size_t mark = e.heap.mark();
  while (e.heap.step() && limit != 0) {
    size_t at = text.find(old);
    if (at == npos)
      break;
    // Nothing stands before every character and at the end.
    size_t step = old.empty() && !text.empty() ? utf8Step(text).bytes : 0;
    e.heap.write(text.substr(0, at));
    e.heap.write(fresh);
    e.heap.write(text.substr(0, step));
    bool ends = old.empty() && text.empty();
    text.remove_prefix(at + old.size() + step);
    --limit;
    if (ends)
      break;
  }
  e.heap.write(text);
  return e.heap.captured(mark);
}

Value joinText(Evaluator &e, const Value &self, std::string_view name,
               const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"iterable"}, b))
    return {};
  Sequence *items = iterate(e.heap, b[0].value);
  size_t mark = e.heap.mark();
  for (size_t i = 0; i < items->size && e.heap.step(); ++i) {
    if (i)
      e.heap.write(self.text());
    e.heap.write(e.needText(name, items->items[i]));
  }
  return e.heap.captured(mark);
}

Value partition(Evaluator &e, const Value &self, std::string_view name,
                const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"sep"}, b))
    return {};
  std::string_view text = self.text(), by = e.needText(name, b[0].value);
  bool right = name[0] == 'r';
  if (by.empty())
    return e.heap.fail("a separator must not be empty");
  size_t at = right ? text.rfind(by) : text.find(by);
  Sequence *parts = e.heap.sequence(3);
  auto add = [&](std::string_view part) {
    e.heap.append(parts, Value::of(part));
  };
  if (at == npos) {
    add(right ? "" : text), add(""), add(right ? text : "");
  } else {
    add(text.substr(0, at)), add(by), add(text.substr(at + by.size()));
  }
  return Value::of(ValueKind::Tuple, parts);
}

/// isalpha, isdigit, isspace, ...: not empty, and every character is so.
Value isAll(Evaluator &e, const Value &self, std::string_view name,
            const Arguments &arguments) {
  if (!e.bind(name, arguments, {}, nullptr))
    return {};
  if (name == "islower" || name == "isupper")
    return Value::of(e.applyTest(name.substr(2), self, {}));
  std::string_view text = self.text();
  bool all = !text.empty();
  while (all && !text.empty() && e.heap.step()) {
    Utf8Step step = utf8Step(text);
    auto kind = utf8proc_category(static_cast<utf8proc_int32_t>(step.point));
    bool letter = kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
    bool digit = kind == UTF8PROC_CATEGORY_ND;
    bool numeric =
        digit || kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_NO;
    all = name == "isalpha"     ? letter
          : name == "isspace"   ? leadingSpace(text) != 0
          : name == "isalnum"   ? letter || numeric
          : name == "isnumeric" ? numeric
                                : digit;
    text.remove_prefix(step.bytes);
  }
  return Value::of(all);
}

Value justify(Evaluator &e, const Value &self, std::string_view name,
              const Arguments &arguments) {
  Bound b[2];
  if (!e.bind(name, arguments, {"width", "fillchar"}, b))
    return {};
  int64_t width = e.needWhole(name, b[0].value);
  int64_t missing = width - static_cast<int64_t>(characters(self.text()));
  std::string_view fill = b[1].given ? e.needText(name, b[1].value) : " ";
  std::string_view text = self.text();
  size_t mark = e.heap.mark();
  if (name == "zfill") {
    fill = "0";
    if (text.starts_with('-') || text.starts_with('+')) {
      e.heap.write(text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
  missing = missing < 0 ? 0 : missing;
  int64_t before = name == "ljust"    ? 0
                   : name == "center" ? missing / 2 + (missing & width & 1)
                                      : missing;
  for (int64_t i = 0; i < missing && e.heap.step(); ++i) {
    if (i == before)
      e.heap.write(text);
    e.heap.write(fill);
  }
  if (before == missing)
    e.heap.write(text);
  return e.heap.captured(mark);
}

/// str.format with {}, {0} and {name}; no format specifications.
Value formatBraces(Evaluator &e, const Value &self, std::string_view name,
                   const Arguments &arguments) {
  std::string_view text = self.text();
  size_t mark = e.heap.mark(), next = 0;
  while (!text.empty() && e.heap.step()) {
    size_t brace = text.find_first_of("{}");
    e.heap.write(text.substr(0, brace));
    if (brace == npos)
      break;
    text.remove_prefix(brace);
    if (text.size() > 1 && text[1] == text[0]) { // doubled: itself
      e.heap.write(text.substr(0, 1));
      text.remove_prefix(2);
      continue;
    }
    size_t close = text.find('}');
    if (text[0] == '}' || close == npos)
      return e.heap.fail("a format string has a single brace");
    std::string_view field = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (field.find_first_of(":!.[{") != npos)
      return e.heap.fail("the format field '{%.*s}' is not supported",
                         static_cast<int>(field.size()), field.data());
    Value *value = find(&arguments.named, field);
    bool digits = field.find_first_not_of("0123456789") == npos;
    size_t index = field.empty() ? next++ : 0;
    for (char c : digits &&field.size() < 6 ? field : std::string_view())
      index = index * 10 + (c - '0');
    if (digits && index < arguments.positional.size)
      value = &arguments.positional.items[index];
    if (!value)
      return e.heap.fail("a format string names '%.*s', which is not given",
                         static_cast<int>(field.size()), field.data());
    writeText(e.heap, *value);
  }
  return e.heap.captured(mark);
}

constexpr Entry kText[] = {{"capitalize", changeCase},
                           {"center", justify},
                           {"count", countText},
                           {"endswith", startsOrEnds},
                           {"find", findText},
                           {"format", formatBraces},
                           {"index", findText},
                           {"isalnum", isAll},
                           {"isalpha", isAll},
                           {"isdecimal", isAll},
                           {"isdigit", isAll},
                           {"islower", isAll},
                           {"isnumeric", isAll},
                           {"isspace", isAll},
                           {"isupper", isAll},
                           {"join", joinText},
                           {"ljust", justify},
                           {"lower", changeCase},
                           {"lstrip", stripped},
                           {"partition", partition},
                           {"removeprefix", removeAffix},
                           {"removesuffix", removeAffix},
                           {"replace", replaceText},
                           {"rfind", findText},
                           {"rindex", findText},
                           {"rjust", justify},
                           {"rpartition", partition},
                           {"rsplit", split},
                           {"rstrip", stripped},
                           {"split", split},
                           {"splitlines", splitLines},
                           {"startswith", startsOrEnds},
                           {"strip", stripped},
                           {"title", changeCase},
                           {"upper", changeCase},
                           {"zfill", justify}};

} // namespace

const Entry *methods::findText(std::string_view name) {
  return search(kText, name);
}
