// Places.h - where the rows of a forward stand.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_PLACES_H
#define SINTER_CONVERSION_TILETOVECTOR_PLACES_H

#include "lib/Conversion/TileToVector/RowLowerings.h"

namespace sinter {

/// Rows that stand side by side at neighbouring positions of one sequence.
struct Run {
  mlir::Value number; // of the run
  mlir::Value firstRow, rows;
  mlir::Value at;    // position of the first row
  mlir::Value pages; // where its page table begins, in entries
};

/// The rows of an op: those of one sequence from a position on or, where the op
/// has runs and there are some, of any sequences.
class Places {
public:
  template <typename Op>
  Places(LaneBuilder &l, Op op)
      : Places(l, op.getRows(), op.getAt(), op.getPlaces(), op.getRuns()) {}

  mlir::Value position(mlir::Value row);
  mlir::Value pages(mlir::Value row);

  /// One run after another.
  void forEachRun(llvm::function_ref<void(const Run &)> body);
  /// The copies of rows: body(place, row), where a place is a row of the table.
  void forEachCopy(llvm::function_ref<void(mlir::Value, mlir::Value)> body);
  /// Whether there may be a run after the one at hand, known when code is
  /// emitted.
  bool mayHaveRuns() const { return places != nullptr; }

private:
  Places(LaneBuilder &l, mlir::Value rows, mlir::Value at, mlir::Value places,
         mlir::Value runs);
  mlir::Value field(mlir::Value row, int64_t index, mlir::Value alone);

  LaneBuilder &l;
  mlir::Value rows, at;
  mlir::Value places, runs; // null: the op knows one sequence only
  mlir::Value haveRuns;
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_PLACES_H
