// KvReader.h - how keys and values come out of their pages.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_KVREADER_H
#define SINTER_CONVERSION_TILETOVECTOR_KVREADER_H

#include "lib/Conversion/TileToVector/RowLowerings.h"

namespace sinter {

/// Reads one layer's pages as f32, whatever their type.
class KvReader {
public:
  /// The page table of the sequence begins at entry `table`.
  KvReader(LaneBuilder &l, tile::AttentionOp op, mlir::Value table)
      : l(l), k(op.getK()), v(op.getV()), pages(op.getPages()), table(table) {}

  /// The id of page `number` of the sequence.
  mlir::Value page(mlir::Value number);

  /// What the codes of a page's 16 keys, or of the value in `slot`, stand for:
  /// a vector of 16 factors, or null where elements are numbers themselves.
  mlir::Value keyScales(mlir::Value page, mlir::Value head);
  mlir::Value valueScale(mlir::Value page, mlir::Value head, mlir::Value slot);

  /// Dimension `d` of the 16 keys of a page.
  mlir::Value keys(mlir::Value page, mlir::Value head, mlir::Value d,
                   mlir::Value scales);
  /// 16 dimensions, from `column` on, of the value in `slot`.
  mlir::Value values(mlir::Value page, mlir::Value head, mlir::Value slot,
                     mlir::Value column, mlir::Value scale);

  /// The same as they are stored.
  mlir::Value rawKeys(mlir::Value page, mlir::Value head, mlir::Value d);
  mlir::Value rawValues(mlir::Value page, mlir::Value head, mlir::Value slot,
                        mlir::Value column);
  bool keysAreBf16() const;
  bool valuesAreBf16() const;

  /// Bytes of one head in a page.
  int64_t keyBytes() const { return headBytes(k); }
  int64_t valueBytes() const { return headBytes(v); }
  int64_t keyElementBytes() const { return elementBytes(k); }
  /// Where these bytes begin, as an i64: for prefetches.
  mlir::Value keyAddress(mlir::Value page, mlir::Value head) {
    return address(k, page, head);
  }
  mlir::Value valueAddress(mlir::Value page, mlir::Value head) {
    return address(v, page, head);
  }

private:
  static int64_t elementBytes(mlir::Value plane);
  static int64_t headBytes(mlir::Value plane);
  mlir::Value address(mlir::Value plane, mlir::Value page, mlir::Value head);
  mlir::Value floatsAt(mlir::Value plane, mlir::ValueRange at, int64_t count);
  mlir::Value widen(mlir::Value x, mlir::Value scale);

  LaneBuilder &l;
  mlir::Value k, v, pages, table;
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_KVREADER_H
