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

/// What one session has of a state: of a paged KV cache the pages of its
/// committed and reserved positions and no others, of a recurrent state the one
/// page it has, of a view none.
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

  /// Bytes of the pages of so many positions.
  uint64_t bytesOf(uint32_t positions) const {
    return leader ? 0 : pagesOf(positions) * pool->bytesOfPage();
  }
  /// What is committed, as bytesOf(length()) bytes; the first byte behind them.
  uint8_t *save(uint8_t *out) const;
  /// Whether so many positions fit instead of what it holds.
  bool canHold(uint32_t positions) const;
  /// Takes over what `length` positions were saved as; they fit. The first byte
  /// behind.
  const uint8_t *load(uint32_t length, const uint8_t *in);

  int32_t *pageTable() const { return table; }
  uint32_t pages() const { return held; }

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
  bool growTo(uint32_t pages);
  void shrinkTo(uint32_t pages);
  int32_t *tableOf(uint32_t run) const;
  void branch(const DraftTree &tree, uint32_t first, uint32_t end,
              uint32_t &spare);
  void adopt(uint32_t run);
  uint32_t pagesOf(uint64_t positions) const {
    return uint32_t((positions + pool->pageTokens() - 1) / pool->pageTokens());
  }

  KvCache *leader = nullptr; // of a view
  PagePool *pool = nullptr;
  int32_t *table = nullptr;
  uint32_t positions = 0, committed = 0, pending = 0, keptRows = 0;
  uint32_t held = 0; // pages
  bool recurrent = false;
  Recurrence replay;
  int32_t *paths = nullptr;
  uint32_t pathStride = 0;
  uint32_t adopted = 0; // the run whose pages the session has
};

} // namespace sinter::runtime
#endif
