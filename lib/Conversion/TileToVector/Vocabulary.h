// Vocabulary.h - passes over a row of logits.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_VOCABULARY_H
#define SINTER_CONVERSION_TILETOVECTOR_VOCABULARY_H

#include "lib/Conversion/TileToVector/RowLowerings.h"

namespace sinter {

/// A value and the lowest id that has it: scalars, or one candidate a lane.
struct Best {
  mlir::Value value, id;
};

/// The better of two candidates: larger value, then lower id.
Best betterOf(LaneBuilder &l, Best x, Best y);

/// The best lane.
Best bestLane(LaneBuilder &l, Best lanes);

/// The largest of the first `vocabulary` values of row 0. NaN counts as -inf;
/// a row without a number gives (-inf, 0). None of `others` counts.
Best emitArgmax(LaneBuilder &l, mlir::Value logits, mlir::Value row,
                int64_t vocabulary, llvm::ArrayRef<Best> others = {});

/// Whether any lane of a vector of i1 is set.
mlir::Value anyLane(LaneBuilder &l, mlir::Value mask);

/// body(lane, how many before it) for each set lane of a vector of i1, from
/// the first on. Returns how many there are, as an index.
mlir::Value forLanes(LaneBuilder &l, mlir::Value mask,
                     llvm::function_ref<void(mlir::Value, mlir::Value)> body);

/// Emits `body` for worker 0 only.
void onFirstWorker(LaneBuilder &l, Share share,
                   llvm::function_ref<void()> body);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_VOCABULARY_H
