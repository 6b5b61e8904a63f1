// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Methods of Python's list and dict, as far as templates call them.

#include "runtime/text/TemplateMethods.h"

using namespace sinter;
using namespace sinter::text;
using namespace sinter::text::methods;

namespace {

Value get(Evaluator &e, const Value &self, std::string_view name,
          const Arguments &arguments) {
  Bound b[2];
  if (!e.bind(name, arguments, {"key", "default"}, b))
    return {};
  Value *found = find(e.heap, self.mapping, b[0].value);
  return found ? *found : b[1].orElse(Value::none());
}

Value entries(Evaluator &e, const Value &self, std::string_view name,
              const Arguments &arguments) {
  if (!e.bind(name, arguments, {}, nullptr))
    return {};
  Sequence *out = e.heap.sequence(self.mapping->size);
  for (size_t i = 0; i < self.mapping->size && e.heap.step(); ++i) {
    const auto &entry = self.mapping->entries[i];
    if (name == "items") {
      Sequence *pair = e.heap.sequence(2);
      e.heap.append(pair, entry.key);
      e.heap.append(pair, entry.value);
      e.heap.append(out, Value::of(ValueKind::Tuple, pair));
    } else {
      e.heap.append(out, name == "keys" ? entry.key : entry.value);
    }
  }
  return list(out);
}

Value copy(Evaluator &e, const Value &self, std::string_view name,
           const Arguments &arguments) {
  e.bind(name, arguments, {}, nullptr);
  return self; // nothing can change it
}

Value changes(Evaluator &e, const Value &self, std::string_view name,
              const Arguments &) {
  return e.heap.fail("'%.*s' changes a %s, which templates must not do",
                     static_cast<int>(name.size()), name.data(),
                     typeName(self));
}

Value indexOf(Evaluator &e, const Value &self, std::string_view name,
              const Arguments &arguments) {
  Bound b[1];
  if (!e.bind(name, arguments, {"value"}, b))
    return {};
  size_t count = 0;
  for (size_t i = 0; i < self.sequence->size && e.heap.step(); ++i) {
    if (!equal(e.heap, self.sequence->items[i], b[0].value))
      continue;
    if (name == "index")
      return number(i);
    ++count;
  }
  return name == "count" ? number(count)
                         : e.heap.fail("the value to find is not in the list");
}

Value cycle(Evaluator &e, const Value &self, std::string_view,
            const Arguments &arguments) {
  const Sequence &any = arguments.positional;
  if (!any.size || arguments.named.size)
    return e.heap.fail("'cycle' needs values to choose from");
  return any.items[self.loop->index % any.size];
}

Value changed(Evaluator &e, const Value &self, std::string_view,
              const Arguments &arguments) {
  Sequence *copied = e.heap.sequence(arguments.positional.size);
  for (size_t i = 0; i < arguments.positional.size; ++i)
    e.heap.append(copied, arguments.positional.items[i]);
  Value now = Value::of(ValueKind::Tuple, copied);
  bool differs =
      !self.loop->hasChanged || !equal(e.heap, self.loop->changed, now);
  self.loop->hasChanged = true;
  self.loop->changed = now;
  return Value::of(differs);
}

constexpr Entry kDict[] = {{"copy", copy},          {"get", get},
                           {"items", entries},      {"keys", entries},
                           {"values", entries},     {"clear", changes},
                           {"pop", changes},        {"popitem", changes},
                           {"setdefault", changes}, {"update", changes}};
constexpr Entry kList[] = {
    {"copy", copy},       {"count", indexOf}, {"index", indexOf},
    {"append", changes},  {"clear", changes}, {"extend", changes},
    {"insert", changes},  {"pop", changes},   {"remove", changes},
    {"reverse", changes}, {"sort", changes}};
constexpr Entry kTuple[] = {{"count", indexOf}, {"index", indexOf}};
constexpr Entry kLoop[] = {{"changed", changed}, {"cycle", cycle}};

const Entry *methodOf(const Value &self, std::string_view name) {
  switch (self.kind) {
  case ValueKind::String:
    return findText(name);
  case ValueKind::Dict:
    return search(kDict, name);
  case ValueKind::List:
    return search(kList, name);
  case ValueKind::Tuple:
    return search(kTuple, name);
  case ValueKind::Loop:
    return search(kLoop, name);
  default:
    return nullptr;
  }
}

} // namespace

bool text::hasMethod(const Value &self, std::string_view name) {
  return methodOf(self, name) != nullptr;
}

Value text::callMethod(Evaluator &evaluator, const BoundMethod &method,
                       const Arguments &arguments) {
  if (evaluator.heap.failed())
    return {};
  const Entry *entry = methodOf(method.self, method.name);
  if (!entry)
    return evaluator.heap.fail(
        "a '%s' has no method '%.*s'", typeName(method.self),
        static_cast<int>(method.name.size()), method.name.data());
  return entry->call(evaluator, method.self, method.name, arguments);
}
