// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/PagePool.h"
#include "runtime/schema/plan_generated.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE // Linux 6.1
#define MADV_COLLAPSE 25
#endif

namespace sinter::runtime {

/// Of the machine, and what is too small for them.
static constexpr uintptr_t kLargePage = uintptr_t(2) << 20;
static constexpr uint64_t kLeastBytes = uint64_t(16) << 20;

uint64_t PagePool::pagesFor(const plan::State &table, uint64_t positions) {
  return (positions + table.page_tokens() - 1) / table.page_tokens();
}

/// The ids of spare pages stand before the list of free ones.
bool PagePool::bytes(const plan::State &table, uint64_t pages, uint64_t spares,
                     uint64_t &planes, uint64_t &freeList) {
  uint64_t page = table.page_bytes()->Get(0) + table.page_bytes()->Get(1);
  pages += spares;
  freeList =
      spares * sizeof(int32_t) + (pages + kRun - 1) / kRun * sizeof(uint16_t);
  uint64_t layer;
  return pages < INT32_MAX && !__builtin_mul_overflow(pages, page, &layer) &&
         !__builtin_mul_overflow(layer, table.layers(), &planes);
}

void PagePool::place(const plan::State &table, uint32_t pages, uint32_t spares,
                     uint8_t *planes, uint8_t *freeList) {
  base = planes;
  spareIds = reinterpret_cast<int32_t *>(freeList);
  runs = reinterpret_cast<uint16_t *>(spareIds + spares);
  layers = table.layers();
  tokens = table.page_tokens();
  spareCount = spares;
  count = free = pages + spares;
  for (int i = 0; i < 2; ++i) {
    pageBytes[i] = table.page_bytes()->Get(i);
    planeBytes[i] = pageBytes[i] * count;
  }
  for (uint32_t run = 0; run * kRun < count; ++run)
    runs[run] = whole(run);
  for (uint32_t i = 0; i < spares; ++i) {
    uint32_t page = pages + i;
    runs[page / kRun] &= uint16_t(~(1u << page % kRun));
    --free;
    spareIds[i] = int32_t(page);
  }
}

void PagePool::exchangeSpare(int32_t spare, int32_t page) {
  for (uint32_t i = 0; i < spareCount; ++i)
    if (spareIds[i] == spare) {
      spareIds[i] = page;
      return;
    }
}

uint16_t PagePool::whole(uint32_t run) const {
  uint32_t pages = count - run * kRun;
  return pages >= kRun ? UINT16_MAX : uint16_t((1u << pages) - 1);
}

int32_t PagePool::mark(uint32_t page) {
  runs[page / kRun] &= uint16_t(~(1u << page % kRun));
  --free;
  if (page >= kLargeFrom && !large)
    askForLargePages();
  return int32_t(page);
}

/// Short contexts touch a little of each plane: for them large pages would be
/// memory that nobody uses. So what they did touch is moved now. All of it is
/// advice: where the machine does not take it nothing changes.
void PagePool::askForLargePages() {
  large = true;
  uint64_t bytes = layers * (planeBytes[0] + planeBytes[1]);
  if (bytes < kLeastBytes)
    return;
  auto address = [](const uint8_t *at) {
    return reinterpret_cast<uintptr_t>(at);
  };
  uintptr_t first = (address(base) + kLargePage - 1) / kLargePage * kLargePage;
  uintptr_t last = address(base + bytes) / kLargePage * kLargePage;
  int before = errno;
  madvise(reinterpret_cast<void *>(first), last - first, MADV_HUGEPAGE);
  for (uint32_t layer = 0; layer < layers; ++layer)
    for (uint32_t i = 0; i < 2; ++i) {
      uintptr_t begin = address(plane(layer, i));
      uintptr_t end = begin + pageBytes[i] * kLargeFrom;
      begin = std::max(begin / kLargePage * kLargePage, first);
      end = std::min((end + kLargePage - 1) / kLargePage * kLargePage, last);
      if (begin < end)
        madvise(reinterpret_cast<void *>(begin), end - begin, MADV_COLLAPSE);
    }
  errno = before;
}

int32_t PagePool::take(int32_t wanted) {
  if (free == 0)
    return kNone;
  if (wanted != kNone && uint32_t(wanted) < count && isFree(uint32_t(wanted)))
    return mark(uint32_t(wanted));
  return takeAny();
}

int32_t PagePool::takeAny() {
  // A whole run, else the end of one that was begun: its owner grows from the
  // other side.
  int32_t begun = kNone;
  for (uint32_t run = 0; run * kRun < count; ++run) {
    if (runs[run] == whole(run))
      return mark(run * kRun);
    if (runs[run] && begun == kNone)
      begun = int32_t(run);
  }
  uint32_t last = uint32_t(std::bit_width(runs[begun])) - 1;
  return mark(uint32_t(begun) * kRun + last);
}

void PagePool::giveBack(int32_t page) {
  runs[uint32_t(page) / kRun] |= uint16_t(1u << uint32_t(page) % kRun);
  ++free;
}

void PagePool::copy(int32_t from, const PagePool &source, int32_t to) const {
  for (uint32_t layer = 0; layer < layers; ++layer)
    for (uint32_t i = 0; i < 2; ++i)
      memcpy(plane(layer, i) + uint64_t(to) * pageBytes[i],
             source.plane(layer, i) + uint64_t(from) * pageBytes[i],
             pageBytes[i]);
}

void PagePool::clear(int32_t page) const {
  for (uint32_t layer = 0; layer < layers; ++layer)
    for (uint32_t i = 0; i < 2; ++i)
      memset(plane(layer, i) + uint64_t(page) * pageBytes[i], 0, pageBytes[i]);
}

void PagePool::save(int32_t page, uint8_t *out) const {
  for (uint32_t layer = 0; layer < layers; ++layer)
    for (uint32_t i = 0; i < 2; ++i) {
      memcpy(out, plane(layer, i) + uint64_t(page) * pageBytes[i],
             pageBytes[i]);
      out += pageBytes[i];
    }
}

void PagePool::load(int32_t page, const uint8_t *in) const {
  for (uint32_t layer = 0; layer < layers; ++layer)
    for (uint32_t i = 0; i < 2; ++i) {
      memcpy(plane(layer, i) + uint64_t(page) * pageBytes[i], in, pageBytes[i]);
      in += pageBytes[i];
    }
}

} // namespace sinter::runtime
