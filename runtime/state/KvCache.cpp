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
  if (pages > held &&
      pages - gap(pages, from) > this->pages() + pool->available())
    return false;
  for (; held < pages; ++held) {
    if (isGone(held))
      continue;
    bool goesOn = held % PagePool::kRun && !isGone(held - 1);
    table[held] = pool->take(goesOn ? table[held - 1] + 1 : PagePool::kNone);
    if (recurrent)
      pool->clear(table[held]);
  }
  return true;
}

void KvCache::shrinkTo(uint32_t pages) {
  while (held > pages) {
    if (!isGone(--held))
      pool->giveBack(table[held]);
    table[held] = 0;
  }
  if (held < from)
    from = sinkPages();
}

uint32_t KvCache::firstSeen(uint64_t position) const {
  uint64_t first =
      position + 1 > window.seen ? position + 1 - window.seen : uint64_t(0);
  uint32_t page = window.seen ? uint32_t(first / pool->pageTokens()) : 0;
  return page > sinkPages() ? page : sinkPages();
}

/// What no row can see any more, also of those that `slack` positions less make
/// the next ones.
void KvCache::forgetBehind() {
  if (window.seen == 0 || committed < window.slack)
    return;
  for (uint32_t end = firstSeen(committed - window.slack); from < end; ++from) {
    pool->giveBack(table[from]);
    table[from] = 0;
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
  if (!canHold(other.extent()))
    return false;
  hold(other.extent());
  for (uint32_t i = 0; i < held; ++i)
    if (!isGone(i))
      pool->copy(other.table[i], *other.pool, table[i]);
  replay = other.replay;
  return true;
}

uint8_t *KvCache::save(uint8_t *out) const {
  if (leader)
    return out;
  for (uint32_t i = 0; i < pagesOf(committed); ++i)
    if (!isGone(i)) {
      pool->save(table[i], out);
      out += pool->bytesOfPage();
    }
  return out;
}

bool KvCache::isPossible(const Extent &extent) const {
  if (leader)
    return extent.from == 0;
  // Of what is behind the slack nothing is left.
  uint32_t least = extent.length < window.slack
                       ? sinkPages()
                       : firstSeen(extent.length - window.slack);
  return extent.from >= least && extent.from <= firstSeen(extent.length);
}

bool KvCache::canHold(const Extent &extent) const {
  return leader || (extent.length <= positions &&
                    pagesOf(extent) <= pages() + pool->available());
}

/// Its pages, whatever is in them: they fit.
void KvCache::hold(const Extent &extent) {
  if (!leader && from != extent.from) {
    setLength(0);
    from = extent.from;
  }
  if (!leader)
    (void)growTo(pagesOf(extent.length));
  setLength(extent.length);
}

const uint8_t *KvCache::load(const Extent &extent, const uint8_t *in) {
  hold(extent);
  for (uint32_t i = 0; i < held; ++i)
    if (!isGone(i)) {
      pool->load(table[i], in);
      in += pool->bytesOfPage();
    }
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
  if (!leader)
    forgetBehind();
  return true;
}

bool KvCache::commit(uint64_t count) {
  if (!keep(count))
    return false;
  dropReserved();
  return true;
}

bool KvCache::canTruncate(uint64_t position) const {
  if (position > length() || position == 0 || leader)
    return position <= length();
  if (recurrent)
    return committed - position <= replay.unplayed;
  return firstSeen(position) >= from || pagesOf(position) <= sinkPages();
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
