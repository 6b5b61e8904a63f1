// AttentionUnit.h - the innermost unit of attention.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_ATTENTIONUNIT_H
#define SINTER_CONVERSION_TILETOVECTOR_ATTENTIONUNIT_H

#include "lib/Conversion/TileToVector/RowLowerings.h"

namespace sinter {

/// Emits attention of `rows` neighbouring rows for `heads` query heads of one
/// key head. These queries share every load of K and V; apart from that each is
/// computed as if it were alone.
///
/// `rows` divides 256 and the first row's position is a multiple of `rows`, so
/// that all rows see the same spans: row i sees i keys more than row 0 in the
/// last one, and as many in the others.
class AttentionUnit {
public:
  AttentionUnit(LaneBuilder &l, tile::AttentionOp op, RowMachine machine,
                int64_t rows, int64_t heads);

  void emit(mlir::Value firstRow, mlir::Value keyHead, mlir::Value firstHead);

private:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<Value>;

  Value queryRow(int64_t query);
  Value queryColumn(int64_t query);
  void scaleQueries();
  void emitSpan(Value span);
  void scorePages(Value page);
  void softmax(int64_t query);
  void accumulate();
  Values addCommonKeys(mlir::ValueRange sums);
  Values addOtherKeys(mlir::ValueRange sums);
  Values addKey(mlir::ValueRange sums, Value pageId, Value slot, Value key,
                int64_t fromRow);
  void foldSpan(Value span);
  void foldQuery(Value query);
  void finish();

  Value pageId(Value pageOfSpan) {
    Value page = l.addi(firstPage, pageOfSpan);
    return l.indexCast(l.load(op.getPages(), {page}), l.b.getIndexType());
  }
  /// 16 elements of a plane, widened.
  Value widened(Value plane, mlir::ValueRange at) {
    Value x = l.load(plane, at, kLanes);
    return x.getType() == vec ? x : l.extf(x, l.f32());
  }
  Value zeros() { return l.constantF(vec, 0); }
  Value lane16(int64_t i) { return l.index(i * kLanes); }

  LaneBuilder &l;
  tile::AttentionOp op;
  mlir::VectorType vec;
  int64_t rows, heads, queries; // queries: row by row, in a row head by head
  int64_t dim;                  // of a head
  int64_t chunks;               // vectors of 16 dimensions
  int64_t pagesAtOnce, chunksAtOnce;
  Value firstRow, keyHead, firstHead;
  // Of the span at hand: its first page, its pages, and the keys that each row
  // sees.
  Value firstPage, pages;
  Values keys;
  // Of the dimensions at hand (accumulate).
  int64_t chunk = 0, chunkCount = 0;
  // Scratch: scaled queries, scores (then probabilities) of a span, and the
  // m, l, o of this span and of all spans up to here.
  Value scaled, scores, spanM, spanL, spanO, sumM, sumL, sumO;
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_ATTENTIONUNIT_H
