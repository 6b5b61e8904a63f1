// StripReader.h - the f32 weights of a packed matrix, decoded in registers.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_STRIPREADER_H
#define SINTER_CONVERSION_TILETOVECTOR_STRIPREADER_H

#include "dialects/Tile/StripLayout.h"
#include "lib/Conversion/TileToVector/LaneBuilder.h"

namespace sinter {

/// Builds code that walks over the columns of a strip, k rising, and decodes
/// the weights of some of its rows to exactly the values that the encoding
/// defines: (d sc) q first, then plus or minus the minimum, each step rounded.
class StripReader {
public:
  using Value = mlir::Value;
  /// `body(k, weights, carried)`: column `k` of the matrix and one vector of
  /// weights for each group of rows; returns what the next column receives.
  using Body = llvm::function_ref<llvm::SmallVector<Value>(
      Value, llvm::ArrayRef<Value>, mlir::ValueRange)>;

  /// `lanes` rows per group, which divides 16.
  StripReader(LaneBuilder &builder, const tile::StripLayout &layout, Value w,
              int64_t lanes)
      : l(builder), layout(layout), w(w), lanes(lanes) {}

  /// `rows`: for each group its first row in the strip, of type index. What
  /// the body carries is summed: it begins each block of 32 columns at zero,
  /// and the sums of the blocks are added to `init` in rising order.
  llvm::SmallVector<Value> forColumns(Value strip, llvm::ArrayRef<Value> rows,
                                      mlir::ValueRange init, Body body);

  /// `count` elements at byte `offset` as a vector of `element`.
  Value loadAs(Value offset, int64_t count, mlir::Type element);
  /// As above, f16 widened to f32.
  Value loadHalf(Value offset, int64_t count);

private:
  struct Super {
    Value scale, min; // null if the encoding has none
  };
  /// What the columns of half a block share, for one group of rows.
  struct Scale {
    Value scale, min;
  };

  Value at(Value base, int64_t offset);
  Value rowOffset(Value row, int64_t halfBytes);
  Super loadSuper(Value header, Value row);
  Scale loadScale(Value block, Value row, const Super &super, int half);
  llvm::SmallVector<Value> addBlock(Value block, Value firstColumn,
                                    llvm::ArrayRef<Value> rows,
                                    llvm::ArrayRef<Super> supers,
                                    mlir::ValueRange carried, Body body);
  llvm::SmallVector<Value> forBlock(Value block, Value firstColumn,
                                    llvm::ArrayRef<Value> rows,
                                    llvm::ArrayRef<Super> supers,
                                    mlir::ValueRange carried, Body body);
  llvm::SmallVector<Value> forFloats(Value block, Value firstColumn,
                                     llvm::ArrayRef<Value> rows,
                                     mlir::ValueRange carried, Body body);
  Value loadFloat(Value block, Value column, Value row);
  Value loadCodes(Value block, Value v, Value row, int half);
  Value loadHigh(Value block, Value v, Value row, int half);
  Value decode(Value codes, Value high, int half, int j, const Scale &scale);

  LaneBuilder &l;
  const tile::StripLayout &layout;
  Value w;
  int64_t lanes;
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_STRIPREADER_H
