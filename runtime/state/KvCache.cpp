// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/KvCache.h"

namespace sinter::runtime {

void KvCache::place(PagePool &from, int32_t *memory, uint32_t most,
                    bool isRecurrent) {
  recurrent = isRecurrent;
  pool = &from;
  table = memory;
  positions = most;
  // A kernel may look at entries beyond the last page, not at their contents.
  for (uint32_t i = 0; i < pagesOf(most); ++i)
    table[i] = 0;
}

bool KvCache::growTo(uint32_t pages) {
  // It gives back what it does not need when its own rows are settled.
  if (leader)
    return leader->growTo(pages);
  if (pages > held && pages - held > pool->available())
    return false;
  for (; held < pages; ++held) {
    table[held] = pool->take(held % PagePool::kRun ? table[held - 1] + 1
                                                   : PagePool::kNone);
    if (recurrent)
      pool->clear(table[held]);
  }
  return true;
}

void KvCache::shrinkTo(uint32_t pages) {
  while (held > pages) {
    pool->giveBack(table[--held]);
    table[held] = 0;
  }
}

void KvCache::setLength(uint32_t length) {
  committed = length;
  pending = 0;
  shrinkTo(pagesOf(length));
  if (length == 0)
    replay = {};
}

bool KvCache::copyFrom(const KvCache &other) {
  if (leader)
    return true;
  if (!growTo(pagesOf(other.committed)))
    return false;
  setLength(other.committed);
  for (uint32_t i = 0; i < held; ++i)
    pool->copy(other.table[i], *other.pool, table[i]);
  replay = other.replay;
  return true;
}

uint8_t *KvCache::save(uint8_t *out) const {
  if (leader)
    return out;
  for (uint32_t i = 0; i < pagesOf(committed); ++i, out += pool->bytesOfPage())
    pool->save(table[i], out);
  return out;
}

bool KvCache::canHold(uint32_t length) const {
  return leader ||
         (length <= positions && pagesOf(length) <= held + pool->available());
}

const uint8_t *KvCache::load(uint32_t length, const uint8_t *in) {
  if (!leader)
    (void)growTo(pagesOf(length));
  setLength(length);
  for (uint32_t i = 0; i < held; ++i, in += pool->bytesOfPage())
    pool->load(table[i], in);
  return in;
}

uint64_t KvCache::room() const {
  uint32_t used = committed + pending;
  uint64_t pages = uint64_t(held) + pool->available();
  uint64_t most = pages * pool->pageTokens();
  return (most < positions ? most : positions) - used;
}

KvCache::Room KvCache::reserve(uint64_t count) {
  // Of a damaged program the leader of a view may have passed what it reserved.
  const uint64_t used = uint64_t(length()) + pending;
  if (used > positions || count > positions - used)
    return Room::SessionFull;
  if (!growTo(pagesOf(used + count)))
    return Room::PoolFull;
  if (pending == 0)
    keptRows = 0;
  pending += uint32_t(count);
  return Room::Enough;
}

bool KvCache::keep(uint64_t count) {
  if (count > pending || length() + count > positions)
    return false;
  if (recurrent && count > 0) {
    // The forward has played what was unplayed, into the other half.
    if (keptRows == 0)
      replay = {1 - replay.half, 0};
    replay.unplayed += uint32_t(count);
  }
  committed = length() + uint32_t(count);
  pending -= uint32_t(count);
  keptRows += uint32_t(count);
  return true;
}

bool KvCache::commit(uint64_t count) {
  if (!keep(count))
    return false;
  dropReserved();
  return true;
}

bool KvCache::canTruncate(uint64_t position) const {
  return position <= length() && (!recurrent || position == 0 ||
                                  committed - position <= replay.unplayed);
}

bool KvCache::truncate(uint64_t position) {
  if (!canTruncate(position))
    return false;
  if (recurrent && position > 0)
    replay.unplayed -= committed - uint32_t(position);
  setLength(uint32_t(position));
  return true;
}

} // namespace sinter::runtime
