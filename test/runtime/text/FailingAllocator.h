//===- FailingAllocator.h - An allocator that refuses once ------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_TEST_RUNTIME_TEXT_FAILINGALLOCATOR_H
#define SINTER_TEST_RUNTIME_TEXT_FAILINGALLOCATOR_H

#include "runtime/base/Allocator.h"

#include <cstdlib>

namespace sinter::test {

/// Refuses one request and counts the bytes that were not given back.
class FailingAllocator {
public:
  runtime::Allocator allocator() {
    return runtime::Allocator({this, take, give});
  }
  /// Refuses the request with this number, from now on.
  void failAt(size_t number) { left = number, refused = false; }
  bool failed() const { return refused; }
  size_t live() const { return bytesLive; }

private:
  static void *take(void *self, size_t bytes, size_t alignment) {
    auto &me = *static_cast<FailingAllocator *>(self);
    if (!me.refused && me.left-- == 0) {
      me.refused = true;
      return nullptr;
    }
    me.bytesLive += bytes;
    size_t whole = (bytes + alignment - 1) / alignment * alignment;
    return std::aligned_alloc(alignment, whole);
  }
  static void give(void *self, void *pointer, size_t bytes, size_t) {
    static_cast<FailingAllocator *>(self)->bytesLive -= bytes;
    std::free(pointer);
  }

  size_t left = SIZE_MAX, bytesLive = 0;
  bool refused = false;
};

} // namespace sinter::test

#endif // SINTER_TEST_RUNTIME_TEXT_FAILINGALLOCATOR_H
