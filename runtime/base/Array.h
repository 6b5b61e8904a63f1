// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_BASE_ARRAY_H
#define SINTER_RUNTIME_BASE_ARRAY_H

#include "runtime/base/Allocator.h"

#include <cstdint>

namespace sinter::runtime {

/// So many elements that are made at once and stay where they are: for what
/// cannot move, such as atomics.
template <typename T> class Array {
  static constexpr size_t alignment = alignof(T) < 16 ? 16 : alignof(T);

public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() { reset(); }

  /// In place of what was there; false when there is no memory.
  [[nodiscard]] bool create(const Allocator &from, size_t wanted) {
    reset();
    if (wanted > SIZE_MAX / 2 / sizeof(T))
      return false;
    first = static_cast<T *>(from.allocate(wanted * sizeof(T), alignment));
    if (!first)
      return false;
    allocator = from;
    while (count < wanted)
      new (first + count++) T();
    return true;
  }
  void reset() {
    size_t bytes = count * sizeof(T);
    while (count > 0)
      first[--count].~T();
    allocator.release(first, bytes, alignment);
    first = nullptr;
  }

  size_t size() const { return count; }
  T *begin() { return first; }
  T *end() { return first + count; }
  T &operator[](size_t index) { return first[index]; }

private:
  Allocator allocator;
  T *first = nullptr;
  size_t count = 0;
};

} // namespace sinter::runtime
#endif
