//===- TemplateEvaluator.h - One rendering of a chat template ---*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks the tree of a plan.  Statements write to the heap's output; an
// expression gives a Value.  After a failure (Heap::failed) everything returns
// quickly with values that are valid and of no use.
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_RUNTIME_TEXT_TEMPLATEEVALUATOR_H
#define SINTER_RUNTIME_TEXT_TEMPLATEEVALUATOR_H

#include "runtime/schema/text_generated.h"
#include "runtime/text/ChatTemplate.h"
#include "runtime/text/TemplateNodes.h"
#include "runtime/text/TemplateValue.h"

#include <initializer_list>

/// For a format with "%.*s".
#define SINTER_TEXT_ARG(view) static_cast<int>((view).size()), (view).data()

namespace sinter::text {

/// Variables of a loop's turn, a macro call or the whole template.
struct Scope {
  Scope *parent;
  Mapping variables;
};

struct MacroState {
  const plan::TemplateNode *node;
  Scope *closure;
};

/// What stands in the parentheses of a call, evaluated.
struct Arguments {
  Sequence positional;
  Mapping named;
};

/// A parameter after the arguments were matched with it.
struct Bound {
  Value value;
  bool given = false;
  /// The value, or `otherwise` where the call says nothing.
  Value orElse(const Value &otherwise) const {
    return given ? value : otherwise;
  }
};

class Evaluator {
public:
  using Node = const plan::TemplateNode *;

  Evaluator(const plan::ChatTemplate &tree, Heap &heap, uint32_t maxDepth)
      : heap(heap), tree(tree), maxDepth(maxDepth) {}

  /// Renders the whole with these variables.
  void run(const Mapping &variables);

  // What filters, tests and methods need.
  Value attribute(const Value &object, std::string_view name);
  Value item(const Value &object, const Value &key);
  /// A path such as "function.name" or "0", as filters take it.
  Value path(Value object, const Value &path);
  Value call(const Value &callee, const Arguments &arguments);
  Value applyFilter(std::string_view name, const Value &value,
                    const Arguments &arguments);
  bool applyTest(std::string_view name, const Value &value,
                 const Arguments &arguments);
  /// Matches arguments with parameters; false after a failure.
  bool bind(std::string_view callee, const Arguments &arguments,
            std::initializer_list<std::string_view> names, Bound *out);
  /// A string where one is needed.
  std::string_view needText(std::string_view callee, const Value &value);
  int64_t needWhole(std::string_view callee, const Value &value);

  Heap &heap;
  int64_t now = -1; // a stopped clock of strftime_now; negative: it runs

private:
  enum class Flow : uint8_t { On, Break, Continue };

  Node node(uint32_t index) const { return tree.nodes()->Get(index); }
  Node child(Node of, size_t i) const {
    return node(of->children()->Get(static_cast<uint32_t>(i)));
  }
  static size_t children(Node of) {
    return of->children() ? of->children()->size() : 0;
  }
  static std::string_view text(Node of) {
    return of->text() ? of->text()->string_view() : std::string_view();
  }
  static NodeKind kind(Node of) { return static_cast<NodeKind>(of->kind()); }

  // Statements
  void execute(Node statement);
  void executeIf(Node statement);
  void executeFor(Node statement);
  void runLoop(Node statement, Sequence *items, int64_t depth);
  Value callLoop(const LoopState &loop, const Arguments &arguments);
  void executeCallBlock(Node statement);
  Value defineMacro(Node definition);
  void executeSetBlock(Node statement);
  void executeWith(Node statement);
  void executeFilterText(Node statement);
  Sequence *filterItems(Node statement, Sequence *items);
  void assign(Node target, const Value &value);
  void assignNamespace(Node target, const Value &value);
  Scope *enter();
  void leave(Scope *outer) { scope = outer; }

  // Expressions
  Value evaluate(Node expression);
  Value evaluateDeep(Node expression);
  Value lookUp(std::string_view name);
  Value evaluateBinary(Node expression);
  Value evaluateCompare(Node expression);
  Value evaluateConcat(Node expression);
  Value evaluateItems(Node expression, ValueKind kind);
  Value evaluateDict(Node expression);
  Value evaluateSlice(Node expression);
  Value evaluateNegate(Node expression);
  Value evaluateCall(Node expression);
  bool evaluateArguments(Node expression, Arguments &out);
  Value callMacro(const MacroState &macro, const Arguments &arguments);
  Value loopAttribute(const LoopState &loop, std::string_view name);

  const plan::ChatTemplate &tree;
  uint32_t maxDepth, depth = 0;
  Scope *scope = nullptr;
  Flow flow = Flow::On;
  Value captured; // of the innermost SetBlock or FilterText
};

/// Arithmetic of Python on two values.
Value binary(Heap &heap, std::string_view operation, const Value &left,
             const Value &right);
/// `text` % value: %s, %r, %d, %i, %f, %x, %c and %%.
Value formatPercent(Heap &heap, std::string_view text, const Value &value);

/// Whether values of this kind have such a method, in Python.
bool hasMethod(const Value &self, std::string_view name);
Value callMethod(Evaluator &evaluator, const BoundMethod &method,
                 const Arguments &arguments);

bool isFunction(std::string_view name);
Value callFunction(Evaluator &evaluator, std::string_view name,
                   const Arguments &arguments);

} // namespace sinter::text

#endif // SINTER_RUNTIME_TEXT_TEMPLATEEVALUATOR_H
