// StripReader.h - the f32 weights of a packed matrix, decoded in registers.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_STRIPREADER_H
#define SINTER_CONVERSION_TILETOVECTOR_STRIPREADER_H

#include "dialects/Tile/StripLayout.h"
#include "lib/Conversion/TileToVector/LaneBuilder.h"

namespace sinter {

/// How long before their use bytes of a matrix are fetched; 0: not at all. From
/// `end` on, if it is set, stand those of the matrix that comes next, which
/// begin at the address `next`.
struct FetchAhead {
  int64_t bytes = 0;
  mlir::Value end = {};  // offset in the matrix, index
  mlir::Value next = {}; // i64
  /// Where this i1 is true the CPU reads streams ahead by itself: code that
  /// waits for memory fetches nothing then, and other code into the
  /// second-level cache. Null: false.
  mlir::Value streams = {};
  bool waits = false; // so few rows that nothing else takes time
};

/// Builds code that walks over the blocks of a strip, k rising, and reads what
/// they hold for some groups of its rows.
class StripReader {
public:
  using Value = mlir::Value;

  /// `lanes` rows per group, which divides 16.
  StripReader(LaneBuilder &builder, const tile::StripLayout &layout, Value w,
              int64_t lanes, FetchAhead ahead = {})
      : l(builder), layout(layout), w(w), lanes(lanes), ahead(ahead) {}

  /// What a row has for 256 columns.
  struct Super {
    Value scale, min; // null if the encoding has none
  };
  /// What the columns of a block, or half of it, share.
  struct Scale {
    Value scale, min; // min: what is added to scale * code, null if nothing
  };
  struct Block {
    Value address;                   // of its first byte in the matrix
    Value number;                    // in the strip
    llvm::SmallVector<Super> supers; // one for each group of rows
  };

  /// Loops over the blocks of a strip. `rows`: for each group its first row in
  /// the strip, of type index. The body returns what the next block receives.
  using BlockBody = llvm::function_ref<llvm::SmallVector<Value>(
      const Block &, mlir::ValueRange)>;
  llvm::SmallVector<Value> forBlocks(Value strip, llvm::ArrayRef<Value> rows,
                                     mlir::ValueRange init, BlockBody body);

  /// From here on, loops go over the blocks [first, last) alone: multiples of
  /// kHeaderBlocks, but for the end of the strip.
  void only(Value first, Value last) { range = {first, last}; }

  /// Loops over columns with decoded weights: exactly the values that the
  /// encoding defines, (d sc) q first, then plus the minimum, each step
  /// rounded. `body(k, weights, carried)`: column `k` of the matrix and one
  /// vector of weights for each group of rows; returns what the next column
  /// receives. What the body carries is summed: it begins each block of 32
  /// columns at zero, and the sums of the blocks are added to `init` in rising
  /// order.
  using Body = llvm::function_ref<llvm::SmallVector<Value>(
      Value, llvm::ArrayRef<Value>, mlir::ValueRange)>;
  llvm::SmallVector<Value> forColumns(Value strip, llvm::ArrayRef<Value> rows,
                                      mlir::ValueRange init, Body body);

  /// The same without sums of blocks. `body(k, weights, carried)`.
  void
  forEachColumn(Value strip, llvm::ArrayRef<Value> rows,
                llvm::function_ref<void(Value, llvm::ArrayRef<Value>)> body);

  /// By pairs of columns: `body(k, even weights, odd weights, carried)`. What
  /// the body carries goes from pair to pair over the whole strip.
  using PairBody = llvm::function_ref<llvm::SmallVector<Value>(
      Value, llvm::ArrayRef<Value>, llvm::ArrayRef<Value>, mlir::ValueRange)>;
  llvm::SmallVector<Value> forPairs(Value strip, llvm::ArrayRef<Value> rows,
                                    mlir::ValueRange init, PairBody body);

  /// The scale of columns [16 * half, 16 * half + 16) of a block.
  Scale loadScale(Value block, Value row, const Super &super, int half);

  /// Fetches what stands `ahead` behind [offset, offset + bytes) into the cache
  /// of that level, or as `ahead.streams` says.
  void prefetch(Value offset, int64_t bytes, int level = 1);

  /// `count` elements at byte `offset` as a vector of `element`.
  Value loadAs(Value offset, int64_t count, mlir::Type element);
  /// As above, f16 widened to f32.
  Value loadHalf(Value offset, int64_t count);

private:
  void fetchLines(Value offset, int64_t bytes, int level);
  Value at(Value base, int64_t offset);
  Value rowOffset(Value row, int64_t halfBytes);
  Super loadSuper(Value header, Value row);
  llvm::SmallVector<Value> addBlock(const Block &block,
                                    llvm::ArrayRef<Value> rows,
                                    mlir::ValueRange carried, Body body);
  llvm::SmallVector<Value> forBlock(const Block &block,
                                    llvm::ArrayRef<Value> rows,
                                    mlir::ValueRange carried, Body body);
  llvm::SmallVector<Value> forFloats(const Block &block,
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
  FetchAhead ahead;
  std::pair<Value, Value> range; // of blocks; null: all
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_STRIPREADER_H
