// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_DRAFTTREE_H
#define SINTER_RUNTIME_STATE_DRAFTTREE_H

#include <cstdint>

namespace sinter::runtime {

/// How the rows of a draft hang together: row 0 is the id that was fed, each
/// other one follows an earlier row. A row that follows the one just before it
/// goes on with its run, any other begins a run; a run and the rows that it
/// hangs on are a path.
struct DraftTree {
  static constexpr uint32_t kRows = 16;

  uint32_t rows = 1;
  uint8_t parents[kRows] = {}; // that of row 0 means nothing
  uint8_t depths[kRows] = {};
  uint8_t runs[kRows] = {};

  /// `rows` rows, one behind the other.
  static DraftTree chain(uint32_t rows) {
    DraftTree tree;
    for (uint32_t row = 1; row < rows; ++row)
      tree.add(row - 1);
    return tree;
  }

  /// A row that follows row `parent`; there are fewer than kRows.
  void add(uint32_t parent) {
    parents[rows] = uint8_t(parent);
    depths[rows] = uint8_t(depths[parent] + 1);
    runs[rows] = uint8_t(runs[rows - 1] + (parent + 1 != rows));
    ++rows;
  }

  uint32_t runCount() const { return runs[rows - 1] + 1u; }
  bool isChain() const { return runCount() == 1; }
  /// Ids of the longest path behind row 0.
  uint32_t depth() const {
    uint32_t most = 0;
    for (uint32_t row = 1; row < rows; ++row)
      most = depths[row] > most ? depths[row] : most;
    return most;
  }
};

} // namespace sinter::runtime
#endif
