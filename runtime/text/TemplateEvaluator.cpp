// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/TemplateEvaluator.h"

using namespace sinter;
using namespace sinter::text;

/// For "%.*s".
#define SINTER_TEXT_ARG(view) static_cast<int>((view).size()), (view).data()

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void Evaluator::run(const Mapping &variables) {
  Scope globals{nullptr, variables};
  scope = &globals;
  Scope *own = enter();
  if (own)
    execute(node(tree.root()));
  scope = nullptr;
}

/// A scope inside the current one.
Scope *Evaluator::enter() {
  auto *inner = static_cast<Scope *>(heap.allocate(sizeof(Scope)));
  if (inner) {
    *inner = {scope, {}};
    scope = inner;
  }
  return inner;
}

void Evaluator::execute(Node statement) {
  if (!heap.step())
    return;
  if (++depth > maxDepth)
    heap.fail("nested more than %u levels deep", maxDepth);
  uint32_t outer = heap.line;
  heap.line = statement->line();
  switch (kind(statement)) {
  case NodeKind::Nothing:
    break;
  case NodeKind::Block:
    for (size_t i = 0;
         i < children(statement) && flow == Flow::On && !heap.failed(); ++i)
      execute(child(statement, i));
    break;
  case NodeKind::Text:
    heap.write(text(statement));
    break;
  case NodeKind::Output:
    writeText(heap, evaluate(child(statement, 0)));
    break;
  case NodeKind::If:
    executeIf(statement);
    break;
  case NodeKind::For:
    executeFor(statement);
    break;
  case NodeKind::Set:
    assign(child(statement, 0), evaluate(child(statement, 1)));
    break;
  case NodeKind::SetBlock:
    executeSetBlock(statement);
    break;
  case NodeKind::Macro:
    heap.set(&scope->variables, Value::of(text(statement)),
             defineMacro(statement));
    break;
  case NodeKind::CallBlock:
    executeCallBlock(statement);
    break;
  case NodeKind::With:
    executeWith(statement);
    break;
  case NodeKind::Scoped: {
    Scope *outerScope = scope;
    if (enter())
      execute(child(statement, 0));
    leave(outerScope);
    break;
  }
  case NodeKind::FilterText:
    executeFilterText(statement);
    break;
  case NodeKind::Break:
    flow = Flow::Break;
    break;
  case NodeKind::Continue:
    flow = Flow::Continue;
    break;
  default:
    heap.fail("node kind %d is no statement", statement->kind());
  }
  if (!heap.failed())
    heap.line = outer;
  --depth;
}

Value Evaluator::defineMacro(Node definition) {
  Value macro;
  if (kind(definition) != NodeKind::Macro)
    return heap.fail("node kind %d is no macro", definition->kind());
  if (void *bytes = heap.allocate(sizeof(MacroState))) {
    macro.kind = ValueKind::Macro;
    macro.macro = new (bytes) MacroState{definition, scope};
  }
  return macro;
}

void Evaluator::executeCallBlock(Node statement) {
  Node expression = child(statement, 0);
  if (kind(expression) != NodeKind::Call) {
    heap.fail("node kind %d is no call", expression->kind());
    return;
  }
  Value callee = evaluate(child(expression, 0));
  Arguments arguments;
  if (!evaluateArguments(expression, arguments))
    return;
  heap.set(&arguments.named, Value::of(std::string_view("caller")),
           defineMacro(child(statement, 1)));
  writeText(heap, call(callee, arguments));
}

void Evaluator::executeIf(Node statement) {
  size_t i = 0, count = children(statement);
  for (; i + 1 < count && !heap.failed(); i += 2)
    if (truth(evaluate(child(statement, i))))
      return execute(child(statement, i + 1));
  if (i < count && !heap.failed())
    execute(child(statement, i));
}

/// The items that pass the condition of a loop.
Sequence *Evaluator::filterItems(Node statement, Sequence *items) {
  if (kind(child(statement, 2)) == NodeKind::Nothing)
    return items;
  Sequence *kept = heap.sequence();
  Scope *outer = scope;
  for (size_t i = 0; i < items->size && heap.step() && enter(); ++i) {
    assign(child(statement, 0), items->items[i]);
    if (truth(evaluate(child(statement, 2))))
      heap.append(kept, items->items[i]);
    leave(outer);
  }
  leave(outer);
  return kept;
}

void Evaluator::executeFor(Node statement) {
  runLoop(statement, iterate(heap, evaluate(child(statement, 1))), 1);
}

/// Calling the variable `loop` of a recursive loop runs it over other items.
Value Evaluator::callLoop(const LoopState &loop, const Arguments &arguments) {
  if (!loop.statement)
    return heap.fail("this loop is not recursive and cannot be called");
  Bound b[1];
  if (!bind("loop", arguments, {"iterable"}, b))
    return {};
  size_t mark = heap.mark();
  Scope *outer = std::exchange(scope, static_cast<Scope *>(loop.scope));
  Flow before = flow;
  runLoop(loop.statement, iterate(heap, b[0].value), loop.depth + 1);
  flow = before;
  scope = outer;
  return heap.captured(mark);
}

void Evaluator::runLoop(Node statement, Sequence *items, int64_t level) {
  if (++depth > maxDepth)
    heap.fail("nested more than %u levels deep", maxDepth);
  items = filterItems(statement, items);
  auto *loop = static_cast<LoopState *>(heap.allocate(sizeof(LoopState)));
  Scope *outer = scope;
  if (!items->size && !heap.failed())
    execute(child(statement, 4));
  if (loop)
    *loop = {items,
             0,
             items->size,
             level,
             statement->integer() ? statement : nullptr,
             outer,
             {},
             false};
  Value loopValue;
  loopValue.kind = ValueKind::Loop;
  loopValue.loop = loop;
  for (; loop && loop->index < loop->size && heap.step() && enter();
       ++loop->index) {
    heap.set(&scope->variables, Value::of(std::string_view("loop")), loopValue);
    assign(child(statement, 0), items->items[loop->index]);
    execute(child(statement, 3));
    leave(outer);
    if (flow == Flow::Break)
      break;
    flow = Flow::On;
  }
  leave(outer);
  flow = Flow::On;
  --depth;
}

void Evaluator::executeSetBlock(Node statement) {
  size_t mark = heap.mark();
  Scope *outer = scope;
  if (enter())
    execute(child(statement, 1));
  leave(outer);
  Value value = heap.captured(mark);
  if (kind(child(statement, 2)) != NodeKind::Nothing) {
    Value before = std::exchange(captured, value);
    value = evaluate(child(statement, 2));
    captured = before;
  }
  assign(child(statement, 0), value);
}

void Evaluator::executeFilterText(Node statement) {
  size_t mark = heap.mark();
  Scope *outer = scope;
  if (enter())
    execute(child(statement, 0));
  leave(outer);
  Value before = std::exchange(captured, heap.captured(mark));
  writeText(heap, evaluate(child(statement, 1)));
  captured = before;
}

void Evaluator::executeWith(Node statement) {
  Scope *outer = scope;
  if (!enter())
    return;
  Scope *inner = scope;
  for (size_t i = 1; i + 1 < children(statement) && !heap.failed(); i += 2) {
    scope = outer; // values do not see each other
    Value value = evaluate(child(statement, i + 1));
    scope = inner;
    assign(child(statement, i), value);
  }
  execute(child(statement, 0));
  leave(outer);
}

void Evaluator::assign(Node target, const Value &value) {
  if (heap.failed())
    return;
  switch (kind(target)) {
  case NodeKind::Name:
    return heap.set(&scope->variables, Value::of(text(target)), value);
  case NodeKind::NamespaceTarget:
    return assignNamespace(target, value);
  case NodeKind::Tuple: {
    Sequence *items = iterate(heap, value);
    if (items->size != children(target)) {
      heap.fail("%zu values cannot be assigned to %zu names", items->size,
                children(target));
      return;
    }
    for (size_t i = 0; i < items->size; ++i)
      assign(child(target, i), items->items[i]);
    return;
  }
  default:
    heap.fail("node kind %d cannot be assigned to", target->kind());
  }
}

void Evaluator::assignNamespace(Node target, const Value &value) {
  std::string_view path = text(target);
  size_t dot = static_cast<size_t>(target->integer());
  if (dot >= path.size()) {
    heap.fail("the target of an assignment is malformed");
    return;
  }
  Value space = lookUp(path.substr(0, dot));
  if (!space.is(ValueKind::Namespace)) {
    heap.fail("'%.*s' is no namespace: its attributes cannot be set",
              static_cast<int>(dot), path.data());
    return;
  }
  heap.set(space.mapping, Value::of(path.substr(dot + 1)), value);
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Value Evaluator::evaluate(Node expression) {
  if (!heap.step())
    return {};
  if (++depth > maxDepth) {
    --depth;
    return heap.fail("nested more than %u levels deep", maxDepth);
  }
  uint32_t outer = heap.line;
  heap.line = expression->line();
  Value value = evaluateDeep(expression);
  if (!heap.failed())
    heap.line = outer;
  --depth;
  return value;
}

Value Evaluator::evaluateDeep(Node expression) {
  auto operand = [&](size_t i) { return evaluate(child(expression, i)); };
  switch (kind(expression)) {
  case NodeKind::None:
    return Value::none();
  case NodeKind::True:
  case NodeKind::False:
    return Value::of(kind(expression) == NodeKind::True);
  case NodeKind::Integer:
    return Value::of(int64_t(expression->integer()));
  case NodeKind::Float:
    return Value::of(expression->number());
  case NodeKind::String:
    return Value::of(text(expression));
  case NodeKind::Name:
    return lookUp(text(expression));
  case NodeKind::Captured:
    return captured;
  case NodeKind::Attribute:
    return attribute(operand(0), text(expression));
  case NodeKind::Item: {
    Value object = operand(0);
    return item(object, operand(1));
  }
  case NodeKind::Slice:
    return evaluateSlice(expression);
  case NodeKind::List:
    return evaluateItems(expression, ValueKind::List);
  case NodeKind::Tuple:
    return evaluateItems(expression, ValueKind::Tuple);
  case NodeKind::Dict:
    return evaluateDict(expression);
  case NodeKind::Negate:
    return evaluateNegate(expression);
  case NodeKind::Plus: {
    Value value = operand(0);
    if (!value.isNumber())
      return heap.fail("'+' needs a number, not '%s'", typeName(value));
    return value.is(ValueKind::Bool) ? Value::of(value.whole()) : value;
  }
  case NodeKind::Not:
    return Value::of(!truth(operand(0)));
  case NodeKind::Binary:
    return evaluateBinary(expression);
  case NodeKind::Concat:
    return evaluateConcat(expression);
  case NodeKind::And: {
    Value left = operand(0);
    return truth(left) ? operand(1) : left;
  }
  case NodeKind::Or: {
    Value left = operand(0);
    return truth(left) ? left : operand(1);
  }
  case NodeKind::Compare:
    return evaluateCompare(expression);
  case NodeKind::Ternary:
    if (truth(operand(0)))
      return operand(1);
    return kind(child(expression, 2)) == NodeKind::Nothing
               ? Value::undefined("the inline if without else")
               : operand(2);
  case NodeKind::Filter:
  case NodeKind::Test:
  case NodeKind::Call:
    return evaluateCall(expression);
  default:
    return heap.fail("node kind %d is no expression", expression->kind());
  }
}

Value Evaluator::lookUp(std::string_view name) {
  for (Scope *at = scope; at; at = at->parent)
    if (Value *found = find(&at->variables, name))
      return *found;
  if (isFunction(name))
    return Value::ofText(ValueKind::Function, name);
  return Value::undefined(name);
}

Value Evaluator::evaluateBinary(Node expression) {
  Value left = evaluate(child(expression, 0));
  Value right = evaluate(child(expression, 1));
  return heap.failed() ? Value() : binary(heap, text(expression), left, right);
}

Value Evaluator::evaluateCompare(Node expression) {
  std::string_view operators = text(expression);
  Value left = evaluate(child(expression, 0));
  for (size_t i = 1; i < children(expression) && i <= operators.size(); ++i) {
    Value right = evaluate(child(expression, i));
    if (heap.failed())
      return {};
    bool holds = false;
    switch (operators[i - 1]) {
    case '=':
    case '!':
      holds = equal(heap, left, right) == (operators[i - 1] == '=');
      break;
    case 'i':
    case 'n':
      holds = contains(heap, right, left) == (operators[i - 1] == 'i');
      break;
    case '<':
      holds = order(heap, left, right) < 0;
      break;
    case '>':
      holds = order(heap, left, right) > 0;
      break;
    case '{':
      holds = order(heap, left, right) <= 0;
      break;
    case '}':
      holds = order(heap, left, right) >= 0;
      break;
    default:
      return heap.fail("unknown comparison");
    }
    if (!holds)
      return Value::of(false);
    left = right;
  }
  return Value::of(true);
}

Value Evaluator::evaluateConcat(Node expression) {
  // Operands may capture text of their own: evaluate first, then write.
  Sequence *parts = heap.sequence(children(expression));
  for (size_t i = 0; i < children(expression) && !heap.failed(); ++i) {
    heap.append(parts, evaluate(child(expression, i)));
  }
  size_t mark = heap.mark();
  for (size_t i = 0; i < parts->size && !heap.failed(); ++i)
    writeText(heap, parts->items[i]);
  return heap.captured(mark);
}

Value Evaluator::evaluateItems(Node expression, ValueKind kind) {
  Sequence *items = heap.sequence(children(expression));
  for (size_t i = 0; i < children(expression) && !heap.failed(); ++i)
    heap.append(items, evaluate(child(expression, i)));
  return Value::of(kind, items);
}

Value Evaluator::evaluateDict(Node expression) {
  Mapping *mapping = heap.mapping();
  for (size_t i = 0; i + 1 < children(expression) && !heap.failed(); i += 2) {
    Value key = evaluate(child(expression, i));
    if (key.is(ValueKind::List) || key.isMapping())
      return heap.fail("a %s cannot be a key of a dict", typeName(key));
    heap.set(mapping, key, evaluate(child(expression, i + 1)));
  }
  return Value::of(ValueKind::Dict, mapping);
}

Value Evaluator::evaluateNegate(Node expression) {
  Value value = evaluate(child(expression, 0));
  if (value.is(ValueKind::Float))
    return Value::of(-value.number);
  if (value.isWhole() && value.whole() != INT64_MIN)
    return Value::of(-value.whole());
  return heap.fail("'-' needs a number, not '%s'", typeName(value));
}

/// The bounds of a slice as Python computes them.
static bool sliceBounds(Heap &heap, const Value parts[3], int64_t size,
                        int64_t &start, int64_t &stop, int64_t &step) {
  for (int i = 0; i < 3; ++i)
    if (!parts[i].is(ValueKind::None) && !parts[i].isWhole()) {
      heap.fail("a slice needs integers, not '%s'", typeName(parts[i]));
      return false;
    }
  step = parts[2].is(ValueKind::None) ? 1 : parts[2].whole();
  if (step == 0) {
    heap.fail("the step of a slice must not be 0");
    return false;
  }
  auto bound = [&](const Value &part, int64_t otherwise) {
    if (part.is(ValueKind::None))
      return otherwise;
    int64_t at = part.whole();
    at = at < 0 ? (at < -size ? -1 : at + size) : at;
    if (step > 0)
      return at < 0 ? 0 : at > size ? size : at;
    return at < 0 ? -1 : at >= size ? size - 1 : at;
  };
  start = bound(parts[0], step > 0 ? 0 : size - 1);
  stop = bound(parts[1], step > 0 ? size : -1);
  return true;
}

Value Evaluator::evaluateSlice(Node expression) {
  Value object = evaluate(child(expression, 0));
  Value parts[3];
  for (size_t i = 0; i < 3; ++i) {
    Node part = child(expression, i + 1);
    parts[i] = kind(part) == NodeKind::Nothing ? Value::none() : evaluate(part);
  }
  if (heap.failed())
    return {};
  bool isText = object.isString();
  if (!isText && !object.is(ValueKind::List) && !object.is(ValueKind::Tuple))
    return object.isUndefined()
               ? heap.fail("'%.*s' is undefined",
                           SINTER_TEXT_ARG(object.name()))
               : heap.fail("a '%s' cannot be sliced", typeName(object));
  int64_t size = 0, start, stop, step;
  lengthOf(object, size);
  if (!sliceBounds(heap, parts, size, start, stop, step))
    return {};
  if (isText && step == 1) {
    std::string_view all = object.text();
    size_t from = offsetOf(all, start), to = offsetOf(all, stop);
    return Value::of(from < to ? all.substr(from, to - from)
                               : std::string_view());
  }
  Sequence *from = iterate(heap, object), *taken = heap.sequence();
  for (int64_t i = start; (step > 0 ? i < stop : i > stop) && heap.step();) {
    heap.append(taken, from->items[i]);
    if (__builtin_add_overflow(i, step, &i))
      break;
  }
  if (!isText)
    return Value::of(object.kind, taken);
  size_t mark = heap.mark();
  for (size_t i = 0; i < taken->size; ++i)
    heap.write(taken->items[i].text());
  return heap.captured(mark);
}

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
