//===- TemplateValue.h - Values of a chat template --------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Python's values as far as templates meet them.  Everything lives in a Heap,
// an arena that one rendering owns; values are plain and never destroyed.
//
// Failing: the Heap remembers the first failure; a function that fails returns
// any valid value, and callers look at `failed()` where they loop.
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_RUNTIME_TEXT_TEMPLATEVALUE_H
#define SINTER_RUNTIME_TEXT_TEMPLATEVALUE_H

#include "runtime/base/Status.h"
#include "runtime/base/Vector.h"

#include <cstdint>
#include <string_view>

namespace sinter::plan {
struct TemplateNode;
}

namespace sinter::text {

struct Sequence;
struct Mapping;
struct LoopState;
struct MacroState;
struct BoundMethod;

enum class ValueKind : uint8_t {
  Undefined, // text: what is undefined
  None,
  Bool,
  Integer,
  Float,
  String,
  List,
  Tuple,
  Generator, // a Sequence that is consumed from `at` on; always true
  Dict,
  Namespace,
  Loop,
  Macro,
  Function, // text: name of a global function
  Method    // of a value
};

struct Value {
  ValueKind kind = ValueKind::Undefined;
  bool safe = false; // a string that was marked safe
  union {
    bool boolean;
    int64_t integer;
    double number;
    const char *data;
    Sequence *sequence;
    Mapping *mapping;
    LoopState *loop;
    const MacroState *macro;
    const BoundMethod *method;
  };
  size_t bytes = 0; // of the text

  Value() : data("") {}
  static Value undefined(std::string_view name) {
    return ofText(ValueKind::Undefined, name);
  }
  static Value none() {
    Value v;
    v.kind = ValueKind::None;
    return v;
  }
  static Value of(bool value) {
    Value v;
    v.kind = ValueKind::Bool, v.boolean = value;
    return v;
  }
  static Value of(int64_t value) {
    Value v;
    v.kind = ValueKind::Integer, v.integer = value;
    return v;
  }
  static Value of(double value) {
    Value v;
    v.kind = ValueKind::Float, v.number = value;
    return v;
  }
  /// The text must outlive the rendering.
  static Value of(std::string_view text) {
    return ofText(ValueKind::String, text);
  }
  static Value ofText(ValueKind kind, std::string_view text) {
    Value v;
    v.kind = kind, v.data = text.data(), v.bytes = text.size();
    return v;
  }
  static Value of(ValueKind kind, Sequence *sequence) {
    Value v;
    v.kind = kind, v.sequence = sequence;
    return v;
  }
  static Value of(ValueKind kind, Mapping *mapping) {
    Value v;
    v.kind = kind, v.mapping = mapping;
    return v;
  }

  bool is(ValueKind other) const { return kind == other; }
  bool isUndefined() const { return is(ValueKind::Undefined); }
  bool isString() const { return is(ValueKind::String); }
  bool isNumber() const { // True and False are numbers too
    return is(ValueKind::Integer) || is(ValueKind::Float) ||
           is(ValueKind::Bool);
  }
  bool isWhole() const { return is(ValueKind::Integer) || is(ValueKind::Bool); }
  bool isSequence() const { // without strings
    return is(ValueKind::List) || is(ValueKind::Tuple) ||
           is(ValueKind::Generator);
  }
  bool isMapping() const { return is(ValueKind::Dict); }
  int64_t whole() const { return is(ValueKind::Bool) ? boolean : integer; }
  double real() const {
    return is(ValueKind::Float) ? number : static_cast<double>(whole());
  }
  /// The text of a string; empty for everything else.
  std::string_view text() const {
    return isString() ? std::string_view(data, bytes) : std::string_view();
  }
  std::string_view name() const { return {data, bytes}; }
};

struct Sequence {
  Value *items = nullptr;
  size_t size = 0, capacity = 0;
  size_t at = 0; // of a generator: what was consumed
};

struct Mapping {
  struct Entry {
    Value key, value;
  };
  Entry *entries = nullptr;
  size_t size = 0, capacity = 0;
};

struct LoopState {
  const Sequence *items;
  size_t index, size;
  int64_t depth;                       // of a recursive loop, from 1
  const plan::TemplateNode *statement; // null: not recursive
  void *scope;                         // where the loop stands
  Value changed;
  bool hasChanged;
};

struct BoundMethod {
  Value self;
  std::string_view name;
};

/// The memory of one rendering, its limits and its first failure.
class Heap {
public:
  Heap(const runtime::Allocator &allocator, size_t limit, uint64_t steps)
      : allocator(allocator), limit(limit), stepsLeft(steps), out(allocator) {}
  ~Heap();
  Heap(const Heap &) = delete;
  Heap &operator=(const Heap &) = delete;

  // Failing
  bool failed() const { return !status.ok(); }
  /// Keeps the first failure, with the current line; returns undefined.
  Value fail(const char *format, ...) __attribute__((format(printf, 2, 3)));
  Value failMemory();
  /// One step of work; false when there were too many.
  bool step(uint64_t n = 1) {
    if (stepsLeft >= n) {
      stepsLeft -= n;
      return !failed();
    }
    return outOfSteps();
  }
  runtime::Status take() { return std::move(status); }

  // Memory: null after a failure
  void *allocate(size_t bytes);
  Value string(std::string_view text); // copies
  Value join(std::string_view a, std::string_view b);
  Sequence *sequence(size_t capacity = 0);
  Mapping *mapping();
  void append(Sequence *to, const Value &value);
  void set(Mapping *to, const Value &key, const Value &value);

  // Text that is being written; a capture takes the end of it.
  void write(std::string_view text);
  size_t mark() const { return out.size(); }
  Value captured(size_t mark);
  std::string_view written() const { return {out.data(), out.size()}; }

  uint32_t line = 0; // of the template
  const runtime::Allocator &memory() const { return allocator; }

private:
  struct Chunk {
    Chunk *next;
    size_t bytes;
  };
  bool outOfSteps();

  runtime::Allocator allocator;
  size_t limit, used = 0;
  uint64_t stepsLeft;
  Chunk *chunks = nullptr;
  char *free = nullptr;
  size_t room = 0;
  runtime::Vector<char> out;
  runtime::Status status;
};

// What Python says of values.
bool truth(const Value &value);
/// Kind as Python names it: "str", "NoneType", ...
const char *typeName(const Value &value);
bool equal(Heap &heap, const Value &a, const Value &b);
/// Negative, 0, positive; fails where Python has no order.
int order(Heap &heap, const Value &a, const Value &b);
bool contains(Heap &heap, const Value &container, const Value &item);
/// null: no such key.
Value *find(Heap &heap, const Mapping *mapping, const Value &key);
Value *find(const Mapping *mapping, std::string_view key);
/// What a loop goes over: a list, the characters of a string, the keys of a
/// dict; a generator is consumed.  Fails for what cannot be iterated.
Sequence *iterate(Heap &heap, const Value &value);
/// False: the value has no length.
bool lengthOf(const Value &value, int64_t &length);

/// str(value), appended to the heap's output.
void writeText(Heap &heap, const Value &value, uint32_t depth = 0);
void writeRepr(Heap &heap, const Value &value, uint32_t depth = 0);
/// Text between strings marked safe: what means something in HTML is escaped.
void writeEscaped(Heap &heap, const Value &value);
/// str(value) as a string.
Value toText(Heap &heap, const Value &value);
/// Shortest decimal that reads back the same, as Python writes it.
std::string_view formatFloat(double number, char (&buffer)[40]);

/// JSON text to a value; fails with the offset.
Value readJson(Heap &heap, std::string_view text);
struct JsonStyle {
  bool ascii = false, sortKeys = false, hasIndent = false;
  std::string_view indent, itemEnd = ", ", keyEnd = ": ";
};
void writeJson(Heap &heap, const Value &value, const JsonStyle &style,
               uint32_t depth = 0);

// Text by characters.
size_t characters(std::string_view text);
/// Byte offset of character `index`; the end when there are not so many.
size_t offsetOf(std::string_view text, size_t index);
/// Bytes of the white space character at the start or the end, 0 for none.
size_t leadingSpace(std::string_view text);
size_t trailingSpace(std::string_view text);
std::string_view strip(std::string_view text, bool left = true,
                       bool right = true);
enum class Case { Upper, Lower, Title, Capitalize };
void writeCase(Heap &heap, std::string_view text, Case to);

} // namespace sinter::text

#endif // SINTER_RUNTIME_TEXT_TEMPLATEVALUE_H
