// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_BASE_ALLOCATOR_H
#define SINTER_RUNTIME_BASE_ALLOCATOR_H

#include "sinter-c/runtime.h"

#include <cstddef>
#include <new>
#include <utility>

namespace sinter::runtime {

/// The host's allocator or the C library's.  Every byte of heap that the
/// runtime uses goes through one of these; allocate returns null instead of
/// throwing. A value: three pointers, copied freely.
class Allocator {
public:
  /// The C library's.
  Allocator();
  explicit Allocator(const sinter_allocator &host) : impl(host) {}

  [[nodiscard]] void *allocate(size_t bytes, size_t alignment = 16) const {
    return impl.allocate(impl.context, bytes, alignment);
  }
  void release(void *pointer, size_t bytes, size_t alignment = 16) const {
    if (pointer)
      impl.release(impl.context, pointer, bytes, alignment);
  }

private:
  sinter_allocator impl;
};

/// Owns one T from an Allocator.
template <typename T> class Owned {
public:
  Owned() = default;
  Owned(Owned &&other) noexcept
      : allocator(other.allocator),
        object(std::exchange(other.object, nullptr)) {}
  Owned &operator=(Owned &&other) noexcept {
    std::swap(allocator, other.allocator);
    std::swap(object, other.object);
    return *this;
  }
  ~Owned() { reset(); }

  /// Null when the allocator refuses.
  template <typename... Args>
  static Owned make(const Allocator &from, Args &&...args) {
    Owned result;
    result.allocator = from;
    if (void *bytes =
            from.allocate(sizeof(T), alignof(T) < 16 ? 16 : alignof(T)))
      result.object = new (bytes) T(std::forward<Args>(args)...);
    return result;
  }
  /// Takes back what release() gave away.
  static Owned adopt(const Allocator &from, T *object) {
    Owned result;
    result.allocator = from;
    result.object = object;
    return result;
  }

  void reset() {
    if (!object)
      return;
    // The object may hold the last copy of what the allocator needs: destroy
    // first, then free with our own copy.
    T *dying = std::exchange(object, nullptr);
    Allocator keep = allocator;
    dying->~T();
    keep.release(dying, sizeof(T), alignof(T) < 16 ? 16 : alignof(T));
  }
  T *release() { return std::exchange(object, nullptr); }
  T *get() const { return object; }
  T *operator->() const { return object; }
  T &operator*() const { return *object; }
  explicit operator bool() const { return object != nullptr; }

private:
  Allocator allocator;
  T *object = nullptr;
};

} // namespace sinter::runtime
#endif
