// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_BASE_METER_H
#define SINTER_RUNTIME_BASE_METER_H

#include "runtime/base/Allocator.h"

#include <atomic>

namespace sinter::runtime {

/// Passes requests on to the host's allocator and counts: how a plan knows what
/// it holds.  Must not move while its allocator is in use.
class Meter {
public:
  explicit Meter(const Allocator &host) : host(host) {}
  Meter(const Meter &) = delete;
  Meter &operator=(const Meter &) = delete;

  Allocator allocator() { return Allocator({this, allocate, release}); }
  size_t held() const { return now.load(std::memory_order_relaxed); }
  size_t peak() const { return most.load(std::memory_order_relaxed); }

private:
  static void *allocate(void *context, size_t bytes, size_t alignment);
  static void release(void *context, void *pointer, size_t bytes,
                      size_t alignment);

  Allocator host;
  std::atomic<size_t> now{0}, most{0};
};

} // namespace sinter::runtime
#endif
