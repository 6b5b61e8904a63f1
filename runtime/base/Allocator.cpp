// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/base/Allocator.h"

#include <cstdlib>

namespace {
void *systemAllocate(void *, size_t bytes, size_t alignment) {
  if (alignment <= alignof(max_align_t))
    return std::malloc(bytes ? bytes : 1);
  void *pointer = nullptr;
  return posix_memalign(&pointer, alignment, bytes ? bytes : 1) == 0 ? pointer
                                                                     : nullptr;
}
void systemRelease(void *, void *pointer, size_t, size_t) {
  std::free(pointer);
}
} // namespace

sinter::runtime::Allocator::Allocator()
    : impl{nullptr, systemAllocate, systemRelease} {}
