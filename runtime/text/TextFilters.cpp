// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters that give text, and tojson as `transformers` defines it.

#include "runtime/text/TemplateFilters.h"
#include "runtime/text/Utf8.h"

#include <cstdio>
#include <utf8proc.h>

using namespace sinter;
using namespace sinter::text;
using namespace sinter::text::filters;

namespace {

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

constexpr Entry kFilters[] = {{"capitalize", capitalize},
                              {"center", center},
                              {"e", escape},
                              {"escape", escape},
                              {"forceescape", forceEscape},
                              {"format", format},
                              {"indent", indent},
                              {"join", join},
                              {"lower", lower},
                              {"replace", replace},
                              {"safe", safe},
                              {"string", toString},
                              {"title", title},
                              {"tojson", toJson},
                              {"trim", trim},
                              {"upper", upper},
                              {"urlencode", urlEncode},
                              {"wordcount", wordCount}};

} // namespace

Filter filters::findText(std::string_view name) {
  return filters::find(kFilters, name);
}
