// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trees of rows in a KV cache. Each run has a page table of its own, in which
// the keys of its whole path stand where they stand in plain decoding: it
// shares the pages before the run with the run that it hangs on, and has spare
// pages of the pool from there on. What the rows before the run leave in the
// first of these is copied: of committed rows here, of rows of the tree by the
// forward.

#include "runtime/state/KvCache.h"
#include "runtime/state/SessionMemory.h"

#include <cstring>

namespace sinter::runtime {

int32_t *KvCache::tableOf(uint32_t run) const {
  return run == 0 ? table : paths + size_t(run - 1) * pathStride;
}

/// Rows [first, end) are a run, which hangs on a row of run `on`.
void KvCache::branch(const DraftTree &tree, uint32_t first, uint32_t end,
                     uint32_t &spare) {
  uint32_t run = tree.runs[first], on = tree.runs[tree.parents[first]];
  int32_t *own = tableOf(run);
  memcpy(own, tableOf(on), held * sizeof(int32_t));
  uint32_t tokens = pool->pageTokens();
  uint32_t begin = (committed + tree.depths[first]) / tokens;
  uint32_t last = (committed + tree.depths[end - 1]) / tokens;
  for (uint32_t page = begin; page <= last; ++page)
    own[page] = pool->spare(spare++);
  if (begin == committed / tokens && committed % tokens)
    pool->copy(table[begin], *pool, own[begin]);
}

KvCache::Room KvCache::reserveTree(const DraftTree &tree) {
  Room room = reserve(tree.depth() + 1);
  if (room != Room::Enough)
    return room;
  adopted = 0;
  uint32_t spare = 0;
  for (uint32_t first = 0, end; first < tree.rows; first = end) {
    for (end = first + 1;
         end < tree.rows && tree.runs[end] == tree.runs[first];)
      ++end;
    if (first > 0)
      branch(tree, first, end, spare);
  }
  return Room::Enough;
}

uint32_t KvCache::placeTree(const DraftTree &tree, RowPlace *places) const {
  uint32_t tokens = pool->pageTokens(), copies = 0;
  auto distance = [&](uint32_t run) { return int32_t(tableOf(run) - table); };
  auto position = [&](uint32_t row) { return committed + tree.depths[row]; };
  for (uint32_t row = 0, first = 0; row < tree.rows; ++row) {
    first = tree.runs[row] == tree.runs[first] ? first : row;
    uint32_t end = row + 1;
    while (end < tree.rows && tree.runs[end] == tree.runs[row])
      ++end;
    places[row] = {int32_t(first), int32_t(end - first), int32_t(position(row)),
                   distance(tree.runs[row])};
    if (first < row || row == 0)
      continue;
    // The rows that it hangs on, as far as they share a page with it.
    for (uint32_t on = row; on > 0;) {
      on = tree.parents[on];
      if (position(on) / tokens != position(row) / tokens)
        break;
      places[tree.rows + copies++] = {int32_t(on), 0, int32_t(position(on)),
                                      distance(tree.runs[row])};
    }
  }
  return copies;
}

/// The pages of its path become those of the session, which leaves its own ones
/// to the pool as spare ones.
void KvCache::adopt(uint32_t run) {
  adopted = run;
  const int32_t *own = tableOf(run);
  for (uint32_t page = (committed - 1) / pool->pageTokens(); page < held;
       ++page)
    if (own[page] != table[page]) {
      pool->exchangeSpare(own[page], table[page]);
      table[page] = own[page];
    }
}

bool KvCache::keepRow(const DraftTree &tree, uint32_t row) {
  if (!keep(1))
    return false;
  if (tree.runs[row] != adopted)
    adopt(tree.runs[row]);
  return true;
}

} // namespace sinter::runtime
