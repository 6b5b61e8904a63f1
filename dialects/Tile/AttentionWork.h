// AttentionWork.h - memory that tile.attention works in.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_DIALECTS_TILE_ATTENTIONWORK_H
#define SINTER_DIALECTS_TILE_ATTENTIONWORK_H

#include <algorithm>
#include <cstdint>

namespace sinter::tile {

/// The `work` buffer of tile.attention: first every worker's own memory, then
/// the results of single spans, which workers hand to each other. Sizes hold
/// for every CPU level.
struct AttentionWork {
  static constexpr int64_t kLanes = 16;
  /// Positions of a span.
  static constexpr int64_t kSpan = 256;
  /// Up to so many rows, work is split by spans; above, by rows.
  static constexpr int64_t kFewRows = 8;
  /// Keys that lie side by side in a panel.
  static constexpr int64_t kPanelKeys = 64;
  /// Floats between the scores of two queries; no power of two, so that they
  /// do not meet in the first-level cache.
  static constexpr int64_t kScoreStride = kSpan + kLanes;

  AttentionWork(int64_t heads, int64_t kvHeads, int64_t headDim)
      : ratio(heads / kvHeads), dim(headDim),
        paddedDim((headDim + kLanes - 1) / kLanes * kLanes),
        part(kLanes + paddedDim) {
    blockRows = std::clamp<int64_t>(kBlockQueries / ratio, 16, 128);
    blockHeads = std::clamp<int64_t>(kUnitQueries / ratio, 1, kvHeads);

    int64_t queries = blockRows * ratio;
    keyPanel = 0;
    valuePanel = keyPanel + kSpan * dim * 4;
    blockQueries = valuePanel + kSpan * paddedDim * 4;
    blockParts = blockQueries + queries * paddedDim * 4;
    int64_t blockEnd = blockParts + queries * part * 4;

    queries = blockHeads * ratio;
    unitQueries = 0;
    unitScores = unitQueries + queries * paddedDim * 4;
    unitParts = unitScores + queries * kScoreStride * 4;
    unitPages = unitParts + queries * part * 4;
    int64_t unitEnd = unitPages + listEntries() * 8;

    bytesPerWorker = (std::max(blockEnd, unitEnd) + 4095) / 4096 * 4096;
    int64_t rowBytes = kFewRows * heads * part * 4; // of one span
    bytes = rowBytes;
    bytesPerPosition = (rowBytes + kSpan - 1) / kSpan;
  }

  /// Pages that a unit reads, in the order of use, and some of the next unit.
  int64_t listEntries() const { return (blockHeads + 1) * 2 * kSpan / kLanes; }

  int64_t ratio, dim, paddedDim;
  /// Floats of one result: m, l, then from the 16th on o.
  int64_t part;
  /// Rows of a task and key heads of a unit, at most.
  int64_t blockRows, blockHeads;
  // Offsets in a worker's memory; tasks of many rows and units of few rows use
  // the same bytes.
  int64_t keyPanel, valuePanel, blockQueries, blockParts;
  int64_t unitQueries, unitScores, unitParts, unitPages;
  // What the buffer must have.
  int64_t bytes, bytesPerPosition, bytesPerWorker;

private:
  // A worker's share of these stays in its second- and first-level cache.
  static constexpr int64_t kBlockQueries = 256;
  static constexpr int64_t kUnitQueries = 24;
};

} // namespace sinter::tile
#endif // SINTER_DIALECTS_TILE_ATTENTIONWORK_H
