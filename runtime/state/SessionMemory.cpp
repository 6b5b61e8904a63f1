// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/SessionMemory.h"
#include "runtime/schema/plan_generated.h"

#include <unistd.h>

namespace sinter::runtime {

namespace {

/// Adds `bytes` and rounds up to `unit`; false when that overflows.
bool grow(uint64_t &total, uint64_t bytes, uint64_t unit = 64) {
  return !__builtin_add_overflow(total, bytes, &total) &&
         !__builtin_add_overflow(total, unit - 1, &total) &&
         (total = total / unit * unit, true);
}

uint64_t bytesOf(const LoadedPlan &plan, const plan::Buffer &buffer,
                 uint32_t context) {
  return buffer.bytes() + buffer.bytes_per_position() * context +
         buffer.bytes_per_worker() * plan.workers().workers();
}

constexpr uint64_t kMaxScalars = 64; // of a kernel; verified

} // namespace

bool SessionLayout::compute(const LoadedPlan &plan, uint32_t context,
                            SessionLayout &layout) {
  const plan::Plan &tables = plan.tables();
  const Program &program = plan.program();
  uint64_t end = 0;
  for (const plan::Buffer *buffer : *tables.buffers())
    if (!grow(end, bytesOf(plan, *buffer, context)))
      return false;
  layout.states = end;
  for (const plan::State *state : *tables.states()) {
    uint64_t planes, pages;
    if (!KvCache::bytes(*state, context, planes, pages) ||
        !grow(end, planes, 1) || !grow(end, pages))
      return false;
  }
  layout.pointers = end;
  bool fits = grow(end, program.bindings.size() * sizeof(void *));
  layout.registers = end;
  fits &= grow(end, (program.maxRegisters + kMaxScalars) * sizeof(int64_t));
  layout.frames = end;
  fits &= grow(end, program.maxDepth * sizeof(SessionMemory::Frame),
               SessionLayout::kAlignment);
  layout.bytes = end;
  return fits && end < uint64_t(1) << 62;
}

SessionMemory::~SessionMemory() {
  if (memory)
    plan.allocator().release(memory, bytes, SessionLayout::kAlignment);
}

Status SessionMemory::create(uint32_t context) {
  Allocator allocator = plan.allocator();
  SessionLayout layout;
  uint64_t machine =
      uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE));
  bool computed = SessionLayout::compute(plan, context, layout);
  if (!computed || layout.bytes > machine)
    return fail(allocator, SINTER_OUT_OF_MEMORY,
                "a session of %u positions needs %llu MiB, this machine has "
                "%llu MiB; ask for a smaller context",
                context,
                static_cast<unsigned long long>(
                    (computed ? layout.bytes : UINT64_MAX) >> 20),
                static_cast<unsigned long long>(machine >> 20));
  bufferStarts = Vector<uint8_t *>(allocator);
  caches = Vector<KvCache>(allocator);
  SINTER_NEED(bufferStarts.resize(plan.tables().buffers()->size()));
  SINTER_NEED(caches.resize(plan.tables().states()->size()));
  memory = static_cast<uint8_t *>(
      allocator.allocate(layout.bytes, SessionLayout::kAlignment));
  if (!memory)
    return fail(allocator, SINTER_OUT_OF_MEMORY,
                "no memory for a session of %u positions (%llu bytes); ask "
                "for a smaller context",
                context, static_cast<unsigned long long>(layout.bytes));
  bytes = layout.bytes;
  positions = context;
  placeParts(layout);
  resolveBindings();
  return Status();
}

void SessionMemory::placeParts(const SessionLayout &layout) {
  uint64_t end = 0;
  for (uint32_t i = 0; i < bufferStarts.size(); ++i) {
    bufferStarts[i] = memory + end;
    grow(end, bufferBytes(i));
  }
  end = layout.states;
  for (uint32_t i = 0; i < caches.size(); ++i) {
    const plan::State &table = *plan.tables().states()->Get(i);
    caches[i].place(table, positions, memory + end);
    uint64_t planes, pages;
    KvCache::bytes(table, positions, planes, pages);
    end += planes;
    grow(end, pages);
  }
  bindingPointers = reinterpret_cast<void **>(memory + layout.pointers);
  registerStack = reinterpret_cast<int64_t *>(memory + layout.registers);
  scalarValues = registerStack + plan.program().maxRegisters;
  frameStack = reinterpret_cast<Frame *>(memory + layout.frames);
}

void SessionMemory::resolveBindings() {
  void **pointer = bindingPointers;
  for (const BindingSource &source : plan.program().bindings) {
    uint8_t *start = nullptr;
    switch (plan::BindingKind(source.kind)) {
    case plan::BindingKind::Buffer:
      start = bufferStarts[source.index];
      break;
    case plan::BindingKind::Section:
      // Kernels only read weights; the mapping is read-only.
      start = const_cast<uint8_t *>(
          plan.file().data() +
          plan.tables().sections()->Get(source.index)->offset());
      break;
    case plan::BindingKind::StatePlane:
      start = caches[source.index].plane(source.layer, source.plane);
      break;
    case plan::BindingKind::StatePages:
      start = reinterpret_cast<uint8_t *>(caches[source.index].pageTable());
      break;
    }
    *pointer++ = start + source.offset;
  }
}

uint64_t SessionMemory::bufferBytes(uint32_t index) const {
  return bytesOf(plan, *plan.tables().buffers()->Get(index), positions);
}

int32_t *SessionMemory::history() const {
  return reinterpret_cast<int32_t *>(buffer(plan.tables().history_buffer()));
}

void SessionMemory::copyFrom(const SessionMemory &other) {
  for (uint32_t i = 0; i < caches.size(); ++i)
    caches[i].copyFrom(other.caches[i]);
  memcpy(history(), other.history(), position() * sizeof(int32_t));
}

bool SessionMemory::truncate(uint32_t position) {
  for (const KvCache &cache : caches)
    if (position > cache.length())
      return false;
  for (KvCache &cache : caches)
    (void)cache.truncate(position);
  return true;
}

void SessionMemory::dropReserved() {
  for (KvCache &cache : caches)
    cache.dropReserved();
}

} // namespace sinter::runtime
