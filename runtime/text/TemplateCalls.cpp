// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes, items, calls and macros.

#include "runtime/text/TemplateEvaluator.h"

using namespace sinter;
using namespace sinter::text;

//===----------------------------------------------------------------------===//
// Attributes and items
//===----------------------------------------------------------------------===//

static Value bound(Heap &heap, const Value &self, std::string_view name) {
  void *bytes = heap.allocate(sizeof(BoundMethod));
  if (!bytes)
    return {};
  Value method;
  method.kind = ValueKind::Method;
  method.method = new (bytes) BoundMethod{self, name};
  return method;
}

Value Evaluator::loopAttribute(const LoopState &loop, std::string_view name) {
  auto number = [](size_t value) {
    return Value::of(static_cast<int64_t>(value));
  };
  auto at = [&](size_t i, const char *what) {
    return i < loop.size ? loop.items->items[i] : Value::undefined(what);
  };
  if (name == "index")
    return number(loop.index + 1);
  if (name == "index0")
    return number(loop.index);
  if (name == "revindex")
    return number(loop.size - loop.index);
  if (name == "revindex0")
    return number(loop.size - loop.index - 1);
  if (name == "first")
    return Value::of(loop.index == 0);
  if (name == "last")
    return Value::of(loop.index + 1 == loop.size);
  if (name == "length")
    return number(loop.size);
  if (name == "depth" || name == "depth0")
    return Value::of(loop.depth - (name == "depth0"));
  if (name == "previtem")
    return at(loop.index - 1, "there is no previous item");
  if (name == "nextitem")
    return at(loop.index + 1, "there is no next item");
  return Value::undefined(name);
}

Value Evaluator::attribute(const Value &object, std::string_view name) {
  if (heap.failed())
    return {};
  if (object.isUndefined())
    return heap.fail("'%.*s' is undefined", SINTER_TEXT_ARG(object.name()));
  if (hasMethod(object, name))
    return bound(heap, object, name);
  Value *found = nullptr;
  if (object.isMapping() || object.is(ValueKind::Namespace))
    found = find(object.mapping, name);
  else if (object.is(ValueKind::Loop))
    return loopAttribute(*object.loop, name);
  return found ? *found : Value::undefined(name);
}

Value Evaluator::item(const Value &object, const Value &key) {
  if (heap.failed())
    return {};
  if (object.isUndefined())
    return heap.fail("'%.*s' is undefined", SINTER_TEXT_ARG(object.name()));
  if (object.isMapping())
    if (Value *found = find(heap, object.mapping, key))
      return *found;
  if (key.isString())
    return attribute(object, key.text());
  int64_t size = 0;
  bool indexed = object.isString() || object.is(ValueKind::List) ||
                 object.is(ValueKind::Tuple);
  if (indexed && key.isWhole() && lengthOf(object, size)) {
    int64_t at = key.whole() < 0 ? key.whole() + size : key.whole();
    if (at < 0 || at >= size)
      return Value::undefined("an item out of range");
    if (!object.isString())
      return object.sequence->items[at];
    std::string_view rest = object.text();
    rest.remove_prefix(offsetOf(rest, at));
    return Value::of(rest.substr(0, utf8Step(rest).bytes));
  }
  return Value::undefined("an item that is not there");
}

Value Evaluator::path(Value object, const Value &path) {
  if (path.isWhole())
    return item(object, path);
  std::string_view rest = path.text();
  while (!heap.failed()) {
    size_t dot = rest.find('.');
    std::string_view part = rest.substr(0, dot);
    int64_t index = 0;
    bool digits = !part.empty() && part.size() < 18;
    for (char c : part) {
      digits &= c >= '0' && c <= '9';
      index = digits ? index * 10 + (c - '0') : 0;
    }
    object = item(object, digits ? Value::of(index) : Value::of(part));
    if (dot == std::string_view::npos)
      break;
    rest.remove_prefix(dot + 1);
  }
  return object;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

bool Evaluator::evaluateArguments(Node expression, Arguments &out) {
  for (size_t i = 1; i < children(expression) && !heap.failed(); ++i) {
    Node argument = child(expression, i);
    if (kind(argument) == NodeKind::Keyword)
      heap.set(&out.named, Value::of(text(argument)),
               evaluate(child(argument, 0)));
    else
      heap.append(&out.positional, evaluate(argument));
  }
  return !heap.failed();
}

Value Evaluator::evaluateCall(Node expression) {
  Value subject = evaluate(child(expression, 0));
  Arguments arguments;
  if (!evaluateArguments(expression, arguments))
    return {};
  if (kind(expression) == NodeKind::Filter)
    return applyFilter(text(expression), subject, arguments);
  if (kind(expression) == NodeKind::Test)
    return Value::of(applyTest(text(expression), subject, arguments));
  return call(subject, arguments);
}

Value Evaluator::call(const Value &callee, const Arguments &arguments) {
  switch (callee.kind) {
  case ValueKind::Macro:
    return callMacro(*callee.macro, arguments);
  case ValueKind::Loop:
    return callLoop(*callee.loop, arguments);
  case ValueKind::Function:
    return callFunction(*this, callee.name(), arguments);
  case ValueKind::Method:
    return callMethod(*this, *callee.method, arguments);
  case ValueKind::Undefined:
    return heap.fail("'%.*s' is undefined and cannot be called",
                     SINTER_TEXT_ARG(callee.name()));
  default:
    return heap.fail("a '%s' cannot be called", typeName(callee));
  }
}

Value Evaluator::callMacro(const MacroState &macro,
                           const Arguments &arguments) {
  Node definition = macro.node;
  std::string_view name = text(definition);
  size_t parameters = children(definition) - 1;
  if (arguments.positional.size > parameters)
    return heap.fail("the macro '%.*s' takes %zu arguments, not %zu",
                     SINTER_TEXT_ARG(name), parameters,
                     arguments.positional.size);
  Scope *outer = std::exchange(scope, macro.closure);
  if (!enter())
    return {};
  size_t used = 0;
  for (size_t i = 0; i < parameters && !heap.failed(); ++i) {
    Node parameter = child(definition, i + 1);
    Value *named = find(&arguments.named, text(parameter));
    Value value = Value::undefined(text(parameter));
    bool isPositional = i < arguments.positional.size;
    if (named && isPositional)
      heap.fail("the macro '%.*s' gets '%.*s' twice", SINTER_TEXT_ARG(name),
                SINTER_TEXT_ARG(text(parameter)));
    else if (isPositional)
      value = arguments.positional.items[i];
    else if (named)
      value = *named;
    else if (kind(child(parameter, 0)) != NodeKind::Nothing)
      value = evaluate(child(parameter, 0));
    used += named != nullptr;
    heap.set(&scope->variables, Value::of(text(parameter)), value);
  }
  // What a call block hands over.
  Value *caller = find(&arguments.named, "caller");
  if (caller && !find(&scope->variables, "caller")) {
    heap.set(&scope->variables, Value::of(std::string_view("caller")), *caller);
    ++used;
  }
  if (used != arguments.named.size)
    heap.fail("the macro '%.*s' has no parameter of a name it is called with",
              SINTER_TEXT_ARG(name));
  size_t mark = heap.mark();
  execute(child(definition, 0));
  scope = outer;
  return heap.captured(mark);
}

bool Evaluator::bind(std::string_view callee, const Arguments &arguments,
                     std::initializer_list<std::string_view> names,
                     Bound *out) {
  if (arguments.positional.size > names.size()) {
    heap.fail("'%.*s' takes at most %zu arguments, not %zu",
              SINTER_TEXT_ARG(callee), names.size(), arguments.positional.size);
    return false;
  }
  for (size_t i = 0; i < arguments.positional.size; ++i)
    out[i] = {arguments.positional.items[i], true};
  for (size_t i = 0; i < arguments.named.size; ++i) {
    const auto &entry = arguments.named.entries[i];
    size_t at = 0;
    for (std::string_view name : names) {
      if (name == entry.key.text())
        break;
      ++at;
    }
    if (at == names.size() || out[at].given) {
      heap.fail("'%.*s' has no parameter '%.*s', or has it twice",
                SINTER_TEXT_ARG(callee), SINTER_TEXT_ARG(entry.key.text()));
      return false;
    }
    out[at] = {entry.value, true};
  }
  return !heap.failed();
}

std::string_view Evaluator::needText(std::string_view callee,
                                     const Value &value) {
  if (!value.isString())
    heap.fail("'%.*s' needs a string, not '%s'", SINTER_TEXT_ARG(callee),
              typeName(value));
  return value.text();
}

int64_t Evaluator::needWhole(std::string_view callee, const Value &value) {
  if (value.isWhole())
    return value.whole();
  heap.fail("'%.*s' needs an integer, not '%s'", SINTER_TEXT_ARG(callee),
            typeName(value));
  return 0;
}
