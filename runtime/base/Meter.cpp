// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/base/Meter.h"

using namespace sinter::runtime;

void *Meter::allocate(void *context, size_t bytes, size_t alignment) {
  Meter &meter = *static_cast<Meter *>(context);
  void *pointer = meter.host.allocate(bytes, alignment);
  if (!pointer)
    return nullptr;
  size_t now = meter.now.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  size_t most = meter.most.load(std::memory_order_relaxed);
  while (now > most && !meter.most.compare_exchange_weak(
                           most, now, std::memory_order_relaxed))
    ;
  return pointer;
}

void Meter::release(void *context, void *pointer, size_t bytes,
                    size_t alignment) {
  Meter &meter = *static_cast<Meter *>(context);
  meter.now.fetch_sub(bytes, std::memory_order_relaxed);
  meter.host.release(pointer, bytes, alignment);
}
