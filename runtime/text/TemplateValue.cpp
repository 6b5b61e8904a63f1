// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/TemplateValue.h"
#include "runtime/text/Utf8.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace sinter;
using namespace sinter::text;

//===----------------------------------------------------------------------===//
// Heap
//===----------------------------------------------------------------------===//

static constexpr size_t kChunk = 16 * 1024;

Heap::~Heap() {
  while (chunks) {
    Chunk *next = chunks->next;
    allocator.release(chunks, chunks->bytes);
    chunks = next;
  }
}

Value Heap::fail(const char *format, ...) {
  if (failed())
    return {};
  char why[320];
  va_list args;
  va_start(args, format);
  std::vsnprintf(why, sizeof why, format, args);
  va_end(args);
  // A cut message ends on a character boundary.
  why[utf8CompletePrefix(why)] = 0;
  status = line ? runtime::fail(allocator, SINTER_INVALID_ARGUMENT,
                                "chat template, line %u: %s", line, why)
                : runtime::fail(allocator, SINTER_INVALID_ARGUMENT,
                                "chat template: %s", why);
  return {};
}

Value Heap::failMemory() {
  if (!failed())
    status = runtime::outOfMemory();
  return {};
}

bool Heap::outOfSteps() {
  stepsLeft = 0;
  fail("the template takes too many steps; it was stopped");
  return false;
}

void *Heap::allocate(size_t bytes) {
  bytes = (bytes + 15) & ~size_t(15);
  if (bytes > room) {
    size_t chunk = sizeof(Chunk) + (bytes > kChunk ? bytes : kChunk);
    if (failed() || chunk > limit - used) {
      fail("the template needs more than %zu MiB of memory; it was stopped",
           limit >> 20);
      return nullptr;
    }
    auto *fresh = static_cast<Chunk *>(allocator.allocate(chunk));
    if (!fresh) {
      failMemory();
      return nullptr;
    }
    used += chunk;
    *fresh = {chunks, chunk};
    chunks = fresh;
    free = reinterpret_cast<char *>(fresh) + sizeof(Chunk);
    room = chunk - sizeof(Chunk);
  }
  void *result = free;
  free += bytes;
  room -= bytes;
  return result;
}

Value Heap::string(std::string_view text) { return join(text, {}); }

Value Heap::join(std::string_view a, std::string_view b) {
  auto *copy = static_cast<char *>(allocate(a.size() + b.size()));
  if (!copy)
    return Value::of(std::string_view());
  if (!a.empty())
    std::memcpy(copy, a.data(), a.size());
  if (!b.empty())
    std::memcpy(copy + a.size(), b.data(), b.size());
  return Value::of(std::string_view(copy, a.size() + b.size()));
}

Sequence *Heap::sequence(size_t capacity) {
  static thread_local Sequence spare;
  auto *result = static_cast<Sequence *>(allocate(sizeof(Sequence)));
  if (!result)
    return spare = {}, &spare; // after a failure: valid, of no use
  *result = {};
  if (capacity)
    if (void *items = allocate(capacity * sizeof(Value))) {
      result->items = static_cast<Value *>(items);
      result->capacity = capacity;
    }
  return result;
}

Mapping *Heap::mapping() {
  static thread_local Mapping spare;
  auto *result = static_cast<Mapping *>(allocate(sizeof(Mapping)));
  if (!result)
    return spare = {}, &spare;
  *result = {};
  return result;
}

/// Room for one more in a growing array of the heap.
template <typename T>
static bool grow(Heap &heap, T *&items, size_t size, size_t &capacity) {
  if (size < capacity)
    return true;
  size_t bigger = capacity ? capacity * 2 : 4;
  auto *fresh = static_cast<T *>(heap.allocate(bigger * sizeof(T)));
  if (!fresh)
    return false;
  if (size)
    std::memcpy(static_cast<void *>(fresh), items, size * sizeof(T));
  items = fresh;
  capacity = bigger;
  return true;
}

void Heap::append(Sequence *to, const Value &value) {
  if (grow(*this, to->items, to->size, to->capacity))
    to->items[to->size++] = value;
}

void Heap::set(Mapping *to, const Value &key, const Value &value) {
  if (Value *there = find(*this, to, key))
    *there = value;
  else if (grow(*this, to->entries, to->size, to->capacity))
    to->entries[to->size++] = {key, value};
}

void Heap::write(std::string_view text) {
  if (failed())
    return;
  if (text.size() > limit - used || out.size() + text.size() > limit - used)
    fail("the text grows beyond %zu MiB; it was stopped", limit >> 20);
  else if (!out.append(text.data(), text.size()))
    failMemory();
}

Value Heap::captured(size_t mark) {
  Value text = string(written().substr(mark));
  (void)out.resize(mark); // smaller: cannot fail
  return text;
}

//===----------------------------------------------------------------------===//
// What Python says of values
//===----------------------------------------------------------------------===//

bool text::truth(const Value &value) {
  switch (value.kind) {
  case ValueKind::Undefined:
  case ValueKind::None:
    return false;
  case ValueKind::Bool:
    return value.boolean;
  case ValueKind::Integer:
    return value.integer != 0;
  case ValueKind::Float:
    return value.number != 0;
  case ValueKind::String:
    return value.bytes != 0;
  case ValueKind::List:
  case ValueKind::Tuple:
    return value.sequence->size != 0;
  case ValueKind::Dict:
    return value.mapping->size != 0;
  default:
    return true;
  }
}

const char *text::typeName(const Value &value) {
  static constexpr const char *names[] = {
      "Undefined", "NoneType",    "bool",  "int",       "float",
      "str",       "list",        "tuple", "generator", "dict",
      "Namespace", "LoopContext", "Macro", "function",  "method"};
  return names[static_cast<size_t>(value.kind)];
}

static bool equalDeep(Heap &heap, const Value &a, const Value &b,
                      uint32_t depth) {
  if (!heap.step())
    return false;
  if (depth > 100) {
    heap.fail("values are nested too deeply to be compared");
    return false;
  }
  if (a.isNumber() && b.isNumber())
    return a.isWhole() && b.isWhole() ? a.whole() == b.whole()
                                      : a.real() == b.real();
  if (a.kind != b.kind)
    return false;
  switch (a.kind) {
  case ValueKind::Undefined:
  case ValueKind::None:
    return true;
  case ValueKind::String:
    return a.text() == b.text();
  case ValueKind::List:
  case ValueKind::Tuple:
    if (a.sequence->size != b.sequence->size)
      return false;
    for (size_t i = 0; i < a.sequence->size; ++i)
      if (!equalDeep(heap, a.sequence->items[i], b.sequence->items[i],
                     depth + 1))
        return false;
    return true;
  case ValueKind::Dict:
    if (a.mapping->size != b.mapping->size)
      return false;
    for (size_t i = 0; i < a.mapping->size; ++i) {
      const auto &entry = a.mapping->entries[i];
      Value *other = find(heap, b.mapping, entry.key);
      if (!other || !equalDeep(heap, entry.value, *other, depth + 1))
        return false;
    }
    return true;
  case ValueKind::Function:
    return a.name() == b.name();
  default:
    return a.sequence == b.sequence;
  }
}

bool text::equal(Heap &heap, const Value &a, const Value &b) {
  return equalDeep(heap, a, b, 0);
}

static int orderDeep(Heap &heap, const Value &a, const Value &b,
                     uint32_t depth) {
  if (!heap.step() || depth > 100)
    return 0;
  if (a.isWhole() && b.isWhole())
    return (a.whole() > b.whole()) - (a.whole() < b.whole());
  if (a.isNumber() && b.isNumber())
    return (a.real() > b.real()) - (a.real() < b.real());
  if (a.isString() && b.isString()) // bytes of UTF-8 order like characters
    return a.text().compare(b.text());
  if (a.kind == b.kind && (a.is(ValueKind::List) || a.is(ValueKind::Tuple))) {
    const Sequence &x = *a.sequence, &y = *b.sequence;
    for (size_t i = 0; i < x.size && i < y.size; ++i)
      if (!equal(heap, x.items[i], y.items[i]))
        return orderDeep(heap, x.items[i], y.items[i], depth + 1);
    return (x.size > y.size) - (x.size < y.size);
  }
  if (a.isUndefined() || b.isUndefined())
    heap.fail("'%.*s' is undefined",
              static_cast<int>((a.isUndefined() ? a : b).bytes),
              (a.isUndefined() ? a : b).data);
  else
    heap.fail("'%s' and '%s' cannot be ordered", typeName(a), typeName(b));
  return 0;
}

int text::order(Heap &heap, const Value &a, const Value &b) {
  return orderDeep(heap, a, b, 0);
}

bool text::contains(Heap &heap, const Value &container, const Value &item) {
  switch (container.kind) {
  case ValueKind::String:
    if (!item.isString()) {
      heap.fail("'in <string>' needs a string on its left, not '%s'",
                typeName(item));
      return false;
    }
    heap.step(container.bytes / 16 + 1);
    return container.text().find(item.text()) != std::string_view::npos;
  case ValueKind::Dict:
    return find(heap, container.mapping, item) != nullptr;
  default:
    break;
  }
  Sequence *items = iterate(heap, container);
  for (size_t i = 0; i < items->size && !heap.failed(); ++i)
    if (equal(heap, items->items[i], item))
      return true;
  return false;
}

Value *text::find(Heap &heap, const Mapping *mapping, const Value &key) {
  if (key.isString() || key.isUndefined())
    heap.step(mapping->size / 4 + 1);
  if (key.isString())
    return find(mapping, key.text());
  for (size_t i = 0; i < mapping->size && !heap.failed(); ++i)
    if (equal(heap, mapping->entries[i].key, key))
      return &mapping->entries[i].value;
  return nullptr;
}

Value *text::find(const Mapping *mapping, std::string_view key) {
  for (size_t i = 0; i < mapping->size; ++i) {
    const Value &there = mapping->entries[i].key;
    if (there.isString() && there.text() == key)
      return &mapping->entries[i].value;
  }
  return nullptr;
}

Sequence *text::iterate(Heap &heap, const Value &value) {
  switch (value.kind) {
  case ValueKind::Undefined:
    return heap.sequence();
  case ValueKind::List:
  case ValueKind::Tuple:
    return value.sequence;
  case ValueKind::Generator: {
    Sequence *rest = heap.sequence();
    Sequence &from = *value.sequence;
    rest->items = from.items + from.at;
    rest->size = rest->capacity = from.size - from.at;
    from.at = from.size;
    return rest;
  }
  case ValueKind::Dict: {
    Sequence *keys = heap.sequence(value.mapping->size);
    for (size_t i = 0; i < value.mapping->size && heap.step(); ++i)
      heap.append(keys, value.mapping->entries[i].key);
    return keys;
  }
  case ValueKind::String: {
    Sequence *letters = heap.sequence(characters(value.text()));
    std::string_view rest = value.text();
    while (!rest.empty() && heap.step()) {
      size_t n = utf8Step(rest).bytes;
      heap.append(letters, Value::of(rest.substr(0, n)));
      rest.remove_prefix(n);
    }
    return letters;
  }
  default:
    heap.fail("'%s' cannot be iterated", typeName(value));
    return heap.sequence();
  }
}

bool text::lengthOf(const Value &value, int64_t &length) {
  switch (value.kind) {
  case ValueKind::Undefined:
    length = 0;
    return true;
  case ValueKind::String:
    length = characters(value.text());
    return true;
  case ValueKind::List:
  case ValueKind::Tuple:
    length = value.sequence->size;
    return true;
  case ValueKind::Dict:
    length = value.mapping->size;
    return true;
  case ValueKind::Loop:
    length = value.loop->size;
    return true;
  default:
    return false;
  }
}
