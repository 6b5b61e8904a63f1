// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an expression is worth.

#include "runtime/text/TemplateEvaluator.h"

using namespace sinter;
using namespace sinter::text;

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
