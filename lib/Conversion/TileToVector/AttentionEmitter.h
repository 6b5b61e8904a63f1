// AttentionEmitter.h - what all lowerings of attention share.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of arithmetic is part of the op, for every row and head on its own:
// spans of 256 positions; in a span the maximum of the visible scores first,
// then l (sum of p) and o (sum of p v) key by key in rising position; spans
// fold from left to right. How rows, heads and spans are dealt to workers, and
// what shares a load of K and V, changes no bit.
#ifndef SINTER_CONVERSION_TILETOVECTOR_ATTENTIONEMITTER_H
#define SINTER_CONVERSION_TILETOVECTOR_ATTENTIONEMITTER_H

#include "dialects/Tile/AttentionWork.h"
#include "lib/Conversion/TileToVector/Bf16.h"
#include "lib/Conversion/TileToVector/KvReader.h"
#include "lib/Conversion/TileToVector/Places.h"

namespace sinter {

class AttentionEmitter {
protected:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = llvm::SmallVector<Value>;
  using IPred = mlir::arith::CmpIPredicate;

  /// Rows count from the first one of `run`.
  AttentionEmitter(LaneBuilder &l, tile::AttentionOp op, const Run &run,
                   Share share, RowMachine machine);

  /// `shape` floats (or `element`) of the work buffer from byte `offset` of
  /// this worker's memory on.
  Value ownMemory(int64_t offset, llvm::ArrayRef<int64_t> shape,
                  mlir::Type element = {});
  Value workMemory(Value offset, llvm::ArrayRef<int64_t> shape,
                   mlir::Type element);

  // What stands side by side in a lane, dimensions in scores and keys in sums:
  // one f32, or a pair of bf16.
  int64_t perLane() { return pairs ? 2 : 1; }
  mlir::Type element() { return pairs ? l.b.getBF16Type() : l.f32(); }
  /// sum + x * y, lane by lane.
  Value dot(Value x, Value y, Value sum) {
    return pairs ? bf16.dot(x, y, sum) : l.fma(x, y, sum);
  }
  /// What stands at `at`, in all lanes.
  Value splatAt(Value memref, ValueRange at, int64_t lanes) {
    return pairs ? bf16.splatPair(memref, at, lanes)
                 : l.splat(l.load(memref, at), lanes);
  }
  /// p = 2^x of 16 keys, as elements. Of bf16 l is the sum of p before
  /// rounding, lane by lane (`sum`), then by one tree; else it rides with o.
  Value weigh(Value x, Value &sum);
  /// Dimension `d` of the 16 keys of a page, or a pair of dimensions.
  Value keyLanes(Value page, Value head, Value d, Value scales);
  /// 16 dimensions of the value in `slot`, or of it and the next one.
  Value valueLanes(Value page, Value head, Value slot, Value column);

  /// Keys [from, end) one after another, or in pairs that begin at even
  /// positions: body(key, kept) where `kept` says for a pair at the ends which
  /// of its keys are meant (null: all are).
  struct Kept {
    Value low, high;
  };
  using KeyBody = llvm::function_ref<Values(Value, Kept, ValueRange)>;
  Values forKeys(Value from, Value end, ValueRange init, KeyBody body);
  /// The key at or before, at or after `key` with which a lane begins.
  Value laneStart(Value key) { return pairs ? l.andi(key, l.index(-2)) : key; }
  Value laneEnd(Value key) {
    return pairs ? laneStart(l.addi(key, l.index(1))) : key;
  }
  /// Values of keys that are not meant become 0, whatever they are.
  Value keep(Value values, Kept kept) {
    return kept.low ? bf16.keep(values, kept.low, kept.high) : values;
  }

  /// scaled[query] = the query times scale * log2(e), so that scores are
  /// exponents of 2.
  void scaleQuery(Value row, Value head, Value scaled, Value query);

  /// The keys of a span that a row sees: [0, sinks) and [from, end), which do
  /// not overlap. Without a window the first range is empty and `from` is 0.
  struct Keys {
    Value sinks, from, end;
  };
  Keys keysOf(Value row, Value span);
  bool windowed() { return op.getWindow() > 0; }
  Value seesAny(const Keys &keys);
  /// Lanes of keys from `key` on that are seen.
  Value visible(const Keys &keys, Value key);

  /// The spans that rows [first, end) may see, numbered without those between
  /// the sinks and the window.
  struct Spans {
    Value count, skipFrom, skipped;
  };
  Spans spansOf(Value firstRow, Value endRow);
  Value spanAt(const Spans &spans, Value number);
  /// The first span in which a row sees a key.
  Value firstSpan(Value row);

  // Results of spans are rows of buffers: m and l in columns 0 and 1, o from
  // column 16 on.
  static constexpr int64_t kM = 0, kL = 1, kO = kLanes;
  Value loadM(Value parts, Value i) { return l.load(parts, {i, l.index(kM)}); }
  Value loadL(Value parts, Value i) { return l.load(parts, {i, l.index(kL)}); }
  void storeM(Value x, Value parts, Value i) {
    l.store(x, parts, {i, l.index(kM)});
  }
  void storeL(Value x, Value parts, Value i) {
    l.store(x, parts, {i, l.index(kL)});
  }
  /// Columns of chunk `c` of o.
  Value oColumn(int64_t c) { return l.index(kO + c * kLanes); }
  Value loadO(Value parts, Value i, int64_t c) {
    return l.load(parts, {i, oColumn(c)}, kLanes);
  }
  void storeO(Value x, Value parts, Value i, int64_t c) {
    l.store(x, parts, {i, oColumn(c)});
  }
  void copyPart(Value to, Value i, Value from, Value j);
  /// (m, l, o) of the spans so far and of the next one become one.
  void foldPart(Value into, Value i, Value from, Value j);
  /// o / l, the columns of one head of the result.
  void finish(Value parts, Value i, Value row, Value head);

  Value windowStart(Value row);
  Value negated(Value condition) {
    return l.xori(condition, l.i(condition, 1));
  }
  Value zeros() { return l.constantF(vec, 0); }
  Value zeroL() { return l.constantF(lVec, 0); }
  Value sumOfLanes(Value x) {
    return l.reduce(x, [&](Value a, Value b) { return l.add(a, b); });
  }
  Value lane16(int64_t i) { return l.index(i * kLanes); }
  Value ceilDiv(Value x, int64_t n) {
    return l.divu(l.addi(x, l.index(n - 1)), n);
  }
  Value divu(Value x, Value y) {
    return mlir::arith::DivUIOp::create(l.b, l.loc, x, y);
  }
  Value remu(Value x, Value y) {
    return mlir::arith::RemUIOp::create(l.b, l.loc, x, y);
  }

  LaneBuilder &l;
  tile::AttentionOp op;
  tile::AttentionWork work;
  Run run;
  Share share;
  /// The same workers in another order, so that short runs, of which some
  /// workers have more, even out.
  Share turn;
  KvReader cache;
  Bf16 bf16;
  bool pairs;            // products of bf16
  bool wide;             // 32 registers of 16 lanes, else 16 of 8
  mlir::VectorType vec;  // 16 lanes
  mlir::VectorType lVec; // l, the same in all lanes of one register
  int64_t ratio;         // query heads of a key head
  int64_t kvHeads, dim;
  int64_t chunks; // vectors of 16 dimensions
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_ATTENTIONEMITTER_H
