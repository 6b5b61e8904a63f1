// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/schema/plan_generated.h"
#include "runtime/state/SessionMemory.h"

namespace sinter::runtime {

namespace {
uint64_t pagesOf(uint64_t positions, uint32_t pageTokens) {
  return (positions + pageTokens - 1) / pageTokens;
}
} // namespace

bool KvCache::bytes(const plan::State &table, uint32_t context,
                    uint64_t &planes, uint64_t &pages) {
  uint64_t count = pagesOf(context, table.page_tokens());
  uint64_t page = table.page_bytes()->Get(0) + table.page_bytes()->Get(1);
  pages = count * sizeof(int32_t);
  uint64_t layer;
  return !__builtin_mul_overflow(count, page, &layer) &&
         !__builtin_mul_overflow(layer, table.layers(), &planes);
}

void KvCache::place(const plan::State &table, uint32_t context,
                    uint8_t *memory) {
  positions = context;
  layers = table.layers();
  pageTokens = table.page_tokens();
  uint64_t count = pagesOf(context, pageTokens), planes, pageTableBytes;
  bytes(table, context, planes, pageTableBytes);
  for (int i = 0; i < 2; ++i) {
    pageBytes[i] = table.page_bytes()->Get(i);
    planeBytes[i] = pageBytes[i] * count;
  }
  base = memory;
  pages = reinterpret_cast<int32_t *>(memory + planes);
  for (uint64_t i = 0; i < count; ++i)
    pages[i] = int32_t(i);
}

uint8_t *KvCache::plane(uint32_t layer, uint32_t plane) const {
  return base + layer * (planeBytes[0] + planeBytes[1]) + plane * planeBytes[0];
}

void KvCache::copyFrom(const KvCache &other) {
  committed = other.committed;
  pending = 0;
  uint64_t used = pagesOf(committed, pageTokens);
  for (uint32_t layer = 0; layer < layers; ++layer)
    for (uint32_t i = 0; i < 2; ++i)
      for (uint64_t page = 0; page < used; ++page)
        memcpy(plane(layer, i) + pages[page] * pageBytes[i],
               other.plane(layer, i) + other.pages[page] * pageBytes[i],
               pageBytes[i]);
}

bool KvCache::reserve(uint64_t count) {
  if (count > positions - committed - pending)
    return false;
  pending += uint32_t(count);
  return true;
}

bool KvCache::commit(uint64_t count) {
  if (count > pending)
    return false;
  committed += uint32_t(count);
  pending = 0; // reserved rows that were not accepted are given back
  return true;
}

bool KvCache::truncate(uint64_t position) {
  if (position > committed)
    return false;
  committed = uint32_t(position);
  pending = 0;
  return true;
}

} // namespace sinter::runtime
