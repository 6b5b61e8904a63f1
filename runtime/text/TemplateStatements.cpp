// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a statement does.

#include "runtime/text/TemplateEvaluator.h"

using namespace sinter;
using namespace sinter::text;

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
