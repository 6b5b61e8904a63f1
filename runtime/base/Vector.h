// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_BASE_VECTOR_H
#define SINTER_RUNTIME_BASE_VECTOR_H

#include "runtime/base/Allocator.h"

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace sinter::runtime {

/// A growing array over an Allocator.  What may need memory returns false when
/// there is none, and leaves the contents as they were.
template <typename T> class Vector {
  static constexpr size_t alignment = alignof(T) < 16 ? 16 : alignof(T);

public:
  explicit Vector(const Allocator &from = Allocator()) : allocator(from) {}
  Vector(Vector &&other) noexcept
      : allocator(other.allocator), first(std::exchange(other.first, nullptr)),
        count(std::exchange(other.count, 0)),
        room(std::exchange(other.room, 0)) {}
  Vector &operator=(Vector &&other) noexcept {
    std::swap(allocator, other.allocator);
    std::swap(first, other.first);
    std::swap(count, other.count);
    std::swap(room, other.room);
    return *this;
  }
  Vector(const Vector &) = delete;
  Vector &operator=(const Vector &) = delete;
  ~Vector() {
    clear();
    allocator.release(first, room * sizeof(T), alignment);
  }

  /// Room for exactly `wanted` elements, at least.
  [[nodiscard]] bool reserve(size_t wanted) {
    if (wanted <= room)
      return true;
    if (wanted > SIZE_MAX / 2 / sizeof(T))
      return false;
    T *fresh =
        static_cast<T *>(allocator.allocate(wanted * sizeof(T), alignment));
    if (!fresh)
      return false;
    for (size_t i = 0; i < count; ++i) {
      new (fresh + i) T(std::move(first[i]));
      first[i].~T();
    }
    allocator.release(first, room * sizeof(T), alignment);
    first = fresh;
    room = wanted;
    return true;
  }
  [[nodiscard]] bool push_back(T value) {
    if (count == room && !reserve(room < 8 ? 8 : room + room / 2))
      return false;
    new (first + count++) T(std::move(value));
    return true;
  }
  /// New elements are value-initialized.
  [[nodiscard]] bool resize(size_t wanted) {
    if (!reserve(wanted))
      return false;
    while (count > wanted)
      first[--count].~T();
    while (count < wanted)
      new (first + count++) T();
    return true;
  }
  [[nodiscard]] bool append(const T *values, size_t n) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (n > room - count) {
      size_t wanted = count + n, grown = room + room / 2;
      if (wanted < count || !reserve(wanted > grown ? wanted : grown))
        return false;
    }
    if (n)
      std::memcpy(static_cast<void *>(first + count), values, n * sizeof(T));
    count += n;
    return true;
  }
  void pop_back() { first[--count].~T(); }
  void clear() {
    while (count)
      pop_back();
  }
  /// Removes the first n elements.
  void dropFront(size_t n) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memmove(static_cast<void *>(first), first + n,
                 (count - n) * sizeof(T));
    count -= n;
  }

  size_t size() const { return count; }
  size_t capacity() const { return room; }
  bool empty() const { return count == 0; }
  T *data() { return first; }
  const T *data() const { return first; }
  T &operator[](size_t i) { return first[i]; }
  const T &operator[](size_t i) const { return first[i]; }
  T &back() { return first[count - 1]; }
  const T &back() const { return first[count - 1]; }
  T *begin() { return first; }
  T *end() { return first + count; }
  const T *begin() const { return first; }
  const T *end() const { return first + count; }
  operator std::span<const T>() const { return {first, count}; }
  const Allocator &getAllocator() const { return allocator; }

private:
  Allocator allocator;
  T *first = nullptr;
  size_t count = 0;
  size_t room = 0;
};

/// Bytes of text; not zero-terminated.
class String : public Vector<char> {
public:
  using Vector<char>::Vector;
  using Vector<char>::append;
  [[nodiscard]] bool append(std::string_view text) {
    return Vector<char>::append(text.data(), text.size());
  }
  std::string_view view() const { return {data(), size()}; }
};

} // namespace sinter::runtime
#endif
