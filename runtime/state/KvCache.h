// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_KVCACHE_H
#define SINTER_RUNTIME_STATE_KVCACHE_H

#include "runtime/state/DraftTree.h"
#include "runtime/state/PagePool.h"

namespace sinter::runtime {

/// Where a row of a forward stands: what kernels see of sequences.  A run is
/// rows side by side at neighbouring positions of one.  See plan.fbs.
struct RowPlace {
  int32_t firstRow, rows; // of the row's run
  int32_t position;
  int32_t pages; // the page table, in entries from the bound one
};

/// Which positions rows see, of a state that keeps no others; see plan.fbs.
struct KvWindow {
  uint32_t seen = 0; // the last ones; 0: all
  uint32_t sinks = 0, slack = 0;
};

/// What one session has of a state: of a paged KV cache the pages of its
/// committed and reserved positions and no others, of a recurrent state the one
/// page it has, of a view none. With a window (a ring of pages) those between
/// the first positions and the last ones are given back.
///
/// A recurrent state is only ever ahead by what rows of the last forward add to
/// it, whose inputs are kept: these can be forgotten, what is older only with
/// all of it.
class KvCache {
public:
  enum class Room { Enough, SessionFull, PoolFull };

  /// `table` has room for the pages of `positions` positions.
  void place(PagePool &pool, int32_t *table, uint32_t positions,
             bool recurrent = false);
  /// Of a state of kind Pages that holds nothing yet.
  void keepWindow(const KvWindow &kept) {
    window = kept;
    from = sinkPages();
  }
  /// A view of `other`, of kind Pages: what it has committed, and positions
  /// behind in its pages, which it overwrites with the next rows that it takes.
  void follow(KvCache &other) {
    leader = &other;
    pool = other.pool;
    table = other.table;
    positions = other.positions;
  }
  /// Page tables for the runs of trees, `stride` entries apart; sessions of a
  /// pool share them.
  void placePaths(int32_t *tables, uint32_t stride) {
    paths = tables;
    pathStride = stride;
  }
  /// Takes over what `other`, of the same state, has committed; own pages.
  /// False: the pool has too few.
  bool copyFrom(const KvCache &other);

  /// Committed positions, and the first page behind the sinks that is there.
  struct Extent {
    uint32_t length = 0, from = 0;
  };
  Extent extent() const { return {length(), from}; }
  /// Whether a session can have got there.
  bool isPossible(const Extent &extent) const;
  /// Bytes of its pages.
  uint64_t bytesOf(const Extent &extent) const {
    return leader ? 0 : pagesOf(extent) * pool->bytesOfPage();
  }
  /// What is committed, as bytesOf(extent()) bytes; the first byte behind them.
  uint8_t *save(uint8_t *out) const;
  /// Whether it fits instead of what it holds.
  bool canHold(const Extent &extent) const;
  /// Takes over what was saved, which fits. The first byte behind.
  const uint8_t *load(const Extent &extent, const uint8_t *in);

  int32_t *pageTable() const { return table; }
  uint32_t pages() const { return held - gap(held, from); }
  /// Whether the session has page `page` of its positions.
  bool has(uint32_t page) const { return page < held && !isGone(page); }

  uint32_t length() const {
    return leader && leader->committed > committed ? leader->committed
                                                   : committed;
  }
  uint32_t capacity() const { return positions; }
  uint32_t reserved() const { return pending; }
  /// Positions that reserve() would give now: the session's and the pool's.
  uint64_t room() const;
  /// Changes nothing when there is no room.
  Room reserve(uint64_t count);
  /// The next `count` reserved positions are committed, the others stay
  /// reserved.  False: not that many are reserved.
  bool keep(uint64_t count);
  /// Likewise, and the others are given back.
  bool commit(uint64_t count);
  /// Room for a tree, which has no more runs than the pool has paths.
  Room reserveTree(const DraftTree &tree);
  /// Where the rows of the reserved tree stand, and behind them their copies
  /// (see plan.fbs); how many copies.
  uint32_t placeTree(const DraftTree &tree, RowPlace *places) const;
  /// Row `row` of it, which follows the row kept before, is committed, the
  /// others stay reserved. False: nothing is reserved.
  bool keepRow(const DraftTree &tree, uint32_t row);
  /// Of the last reservation.
  uint32_t kept() const { return keptRows; }
  /// Whether the positions behind can be forgotten.
  bool canTruncate(uint64_t position) const;
  bool truncate(uint64_t position);
  void dropReserved() { setLength(committed); }

  /// Of a recurrent state, see plan.fbs; else zeros.
  struct Recurrence {
    uint32_t half = 0, unplayed = 0;
  };
  const Recurrence &recurrence() const { return replay; }
  bool isRecurrent() const { return recurrent; }
  /// After load(), as it was when it was saved.
  void resume(const Recurrence &saved) { replay = saved; }

private:
  /// Nothing is reserved afterwards.
  void setLength(uint32_t length);
  void forgetBehind();
  void hold(const Extent &extent);
  bool growTo(uint32_t pages);
  void shrinkTo(uint32_t pages);
  int32_t *tableOf(uint32_t run) const;
  void branch(const DraftTree &tree, uint32_t first, uint32_t end,
              uint32_t &spare);
  void adopt(uint32_t run);
  uint32_t pagesOf(uint64_t positions) const {
    return uint32_t((positions + pool->pageTokens() - 1) / pool->pageTokens());
  }
  uint32_t sinkPages() const { return window.seen ? pagesOf(window.sinks) : 0; }
  /// Of `pages` pages from the first position on, those that are not there.
  uint32_t gap(uint32_t pages, uint32_t first) const {
    uint32_t end = pages < first ? pages : first;
    return end > sinkPages() ? end - sinkPages() : 0;
  }
  bool isGone(uint32_t page) const {
    return page >= sinkPages() && page < from;
  }
  uint32_t pagesOf(const Extent &extent) const {
    uint32_t pages = pagesOf(extent.length);
    return pages - gap(pages, extent.from);
  }
  /// The first page that a row at `position` sees behind the sinks.
  uint32_t firstSeen(uint64_t position) const;

  KvCache *leader = nullptr; // of a view
  PagePool *pool = nullptr;
  int32_t *table = nullptr;
  uint32_t positions = 0, committed = 0, pending = 0, keptRows = 0;
  uint32_t held = 0; // pages, with those that are gone
  KvWindow window;
  uint32_t from = 0; // the first page behind the sinks that is not gone
  bool recurrent = false;
  Recurrence replay;
  int32_t *paths = nullptr;
  uint32_t pathStride = 0;
  uint32_t adopted = 0; // the run whose pages the session has
};

} // namespace sinter::runtime
#endif
