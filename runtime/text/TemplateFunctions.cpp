// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions that every template can call.

#include "runtime/text/TemplateEvaluator.h"
#include "runtime/text/Utf8.h"

#include <ctime>

using namespace sinter;
using namespace sinter::text;

namespace {

using Function = Value (*)(Evaluator &, const Arguments &);

/// jinja2's sandbox has the same bound.
constexpr int64_t kMaxRange = 100'000;

Value range(Evaluator &e, const Arguments &arguments) {
  size_t count = arguments.positional.size;
  if (count < 1 || count > 3 || arguments.named.size)
    return e.heap.fail("'range' takes 1 to 3 integers");
  int64_t parts[3] = {0, 0, 1};
  for (size_t i = 0; i < count; ++i)
    parts[i] = e.needWhole("range", arguments.positional.items[i]);
  if (count == 1)
    std::swap(parts[0], parts[1]);
  auto [start, stop, step] = parts;
  if (step == 0)
    return e.heap.fail("the step of 'range' must not be 0");
  Sequence *items = e.heap.sequence();
  for (int64_t i = start; (step > 0 ? i < stop : i > stop) && e.heap.step();) {
    if (static_cast<int64_t>(items->size) == kMaxRange)
      return e.heap.fail("'range' gives more than %lld numbers",
                         static_cast<long long>(kMaxRange));
    e.heap.append(items, Value::of(i));
    if (__builtin_add_overflow(i, step, &i))
      break;
  }
  return Value::of(ValueKind::List, items);
}

/// A dict, a list of pairs or nothing, and then names.
Mapping *pairs(Evaluator &e, const Arguments &arguments, const char *name) {
  Mapping *out = e.heap.mapping();
  if (arguments.positional.size > 1)
    e.heap.fail("'%s' takes at most one dict", name);
  if (arguments.positional.size == 1) {
    const Value &from = arguments.positional.items[0];
    if (from.isMapping()) {
      for (size_t i = 0; i < from.mapping->size && e.heap.step(); ++i)
        e.heap.set(out, from.mapping->entries[i].key,
                   from.mapping->entries[i].value);
    } else {
      Sequence *list = iterate(e.heap, from);
      for (size_t i = 0; i < list->size && e.heap.step(); ++i) {
        Sequence *pair = iterate(e.heap, list->items[i]);
        if (pair->size == 2)
          e.heap.set(out, pair->items[0], pair->items[1]);
        else
          e.heap.fail("'%s' needs pairs", name);
      }
    }
  }
  for (size_t i = 0; i < arguments.named.size && e.heap.step(); ++i)
    e.heap.set(out, arguments.named.entries[i].key,
               arguments.named.entries[i].value);
  return out;
}

Value dict(Evaluator &e, const Arguments &arguments) {
  return Value::of(ValueKind::Dict, pairs(e, arguments, "dict"));
}

Value space(Evaluator &e, const Arguments &arguments) {
  return Value::of(ValueKind::Namespace, pairs(e, arguments, "namespace"));
}

Value raise(Evaluator &e, const Arguments &arguments) {
  Bound b[1];
  if (!e.bind("raise_exception", arguments, {"message"}, b))
    return {};
  Value why = toText(e.heap, b[0].value);
  return e.heap.fail("the template refuses this input: %.*s",
                     static_cast<int>(why.bytes < 250 ? why.bytes : 250),
                     why.data);
}

Value now(Evaluator &e, const Arguments &arguments) {
  Bound b[1];
  if (!e.bind("strftime_now", arguments, {"format"}, b))
    return {};
  std::string_view format = e.needText("strftime_now", b[0].value);
  char pattern[128], text[256];
  if (format.size() >= sizeof pattern || format.empty())
    return format.empty()
               ? Value::of(format)
               : e.heap.fail("a date format of %zu bytes is too long",
                             format.size());
  std::memcpy(pattern, format.data(), format.size());
  pattern[format.size()] = 0;
  std::time_t seconds = e.now < 0 ? std::time(nullptr) : e.now;
  std::tm parts{};
  if (!(e.now < 0 ? localtime_r(&seconds, &parts) : gmtime_r(&seconds, &parts)))
    return e.heap.fail("the time cannot be shown");
  size_t bytes = std::strftime(text, sizeof text, pattern, &parts);
  if (!bytes)
    return e.heap.fail("the date format '%s' gives no text", pattern);
  return e.heap.string({text, bytes});
}

constexpr struct {
  std::string_view name;
  Function call;
} kFunctions[] = {{"dict", dict},
                  {"namespace", space},
                  {"raise_exception", raise},
                  {"range", range},
                  {"strftime_now", now}};

} // namespace

bool text::isFunction(std::string_view name) {
  for (const auto &entry : kFunctions)
    if (entry.name == name)
      return true;
  return false;
}

Value text::callFunction(Evaluator &evaluator, std::string_view name,
                         const Arguments &arguments) {
  for (const auto &entry : kFunctions)
    if (entry.name == name)
      return entry.call(evaluator, arguments);
  return evaluator.heap.fail("there is no function '%.*s'",
                             static_cast<int>(name.size()), name.data());
}
