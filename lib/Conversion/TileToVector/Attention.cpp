// Attention.cpp - causal attention over a paged cache.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A unit of work is a few neighbouring rows of one key head (AttentionUnit.h).
// How many changes no bit, only how often K and V are loaded.
#include "lib/Conversion/TileToVector/AttentionUnit.h"

using namespace mlir;
using IPred = arith::CmpIPredicate;

namespace sinter {
namespace {

/// How the query heads and rows of a key head are grouped.
struct Blocking {
  Blocking(int64_t ratio, RowMachine machine) {
    bool wide = machine.registers >= 32;
    int64_t most = wide ? 6 : 4; // queries of a unit
    int64_t groups = (ratio + most - 1) / most;
    heads = (ratio + groups - 1) / groups;
    largeHeads = (ratio - groups * (heads - 1)) * heads;
    while (wide && rows < 4 && 2 * rows * heads <= most)
      rows *= 2;
  }
  int64_t heads;      // of a large group; small groups have one less
  int64_t largeHeads; // heads in large groups; the others are in small ones
  int64_t rows = 1;   // of a block: 1, 2 or 4
};

/// Calls body(u) for this worker's units. Units are dealt 0 1 1 0: later rows
/// cost more, and any two neighbours cost about the same.
void dealUnits(LaneBuilder &l, Value units, Share share,
               llvm::function_ref<void(Value)> body) {
  Value one = l.index(1);
  Value last = l.subi(l.addi(units, share.workers), one);
  Value rounds = arith::DivUIOp::create(l.b, l.loc, last, share.workers);
  Value mirrored = l.subi(l.subi(share.workers, one), share.worker);
  l.loop(l.index(0), rounds, 1, [&](Value round) {
    Value odd = l.cmp(IPred::eq, l.remu(round, 2), one);
    Value unit = l.addi(l.muli(round, share.workers),
                        l.select(odd, mirrored, share.worker));
    l.when(l.cmp(IPred::ult, unit, units), [&] { body(unit); });
  });
}

/// All query heads of `keyHead` for `rows` rows from `row` on.
void emitHeads(LaneBuilder &l, tile::AttentionOp op, RowMachine machine,
               const Blocking &blocking, int64_t rows, Value row,
               Value keyHead) {
  int64_t ratio = op.getHeads() / op.getKvHeads();
  Value first = l.muli(keyHead, l.index(ratio));
  auto emitGroups = [&](int64_t from, int64_t to, int64_t heads) {
    if (from == to)
      return;
    AttentionUnit unit(l, op, machine, rows, heads);
    l.loop(l.index(from), l.index(to), heads,
           [&](Value head) { unit.emit(row, keyHead, l.addi(first, head)); });
  };
  emitGroups(0, blocking.largeHeads, blocking.heads);
  emitGroups(blocking.largeHeads, ratio, blocking.heads - 1);
}

/// Zeros in the columns behind the last head.
void clearPadding(LaneBuilder &l, tile::AttentionOp op, Share share) {
  int64_t cols = op.getHeads() * op.getHeadDim();
  int64_t padded = cast<MemRefType>(op.getOut().getType()).getDimSize(1);
  if (cols == padded)
    return;
  Value zero = l.constantF(VectorType::get({kLanes}, l.f32()), 0);
  forRows(l, op.getRows(), share, [&](Value row) {
    for (int64_t c = cols; c < padded; c += kLanes)
      storeSome(l, zero, op.getOut(), {row, l.index(c)},
                std::min(kLanes, padded - c));
  });
}

} // namespace

void lowerAttention(LaneBuilder &l, tile::AttentionOp op, Share share,
                    RowMachine machine) {
  Blocking blocking(op.getHeads() / op.getKvHeads(), machine);
  // Blocks begin at positions that are multiples of their rows, so the first
  // and the last block of a call may be cut.
  Value rows = op.getRows(), zero = l.index(0);
  Value before = l.remu(op.getAt(), blocking.rows);
  Value blocks = l.divu(
      l.addi(l.addi(rows, before), l.index(blocking.rows - 1)), blocking.rows);
  // All blocks of one key head after another: its pages stay in cache.
  Value units = l.muli(blocks, l.index(op.getKvHeads()));
  dealUnits(l, units, share, [&](Value u) {
    Value keyHead = arith::DivUIOp::create(l.b, l.loc, u, blocks);
    Value block = arith::RemUIOp::create(l.b, l.loc, u, blocks);
    Value start = l.subi(l.muli(block, l.index(blocking.rows)), before);
    Value first = l.maxs(start, zero);
    Value last = l.mins(l.addi(start, l.index(blocking.rows)), rows);
    auto emit = [&](Value row, int64_t count) {
      emitHeads(l, op, machine, blocking, count, row, keyHead);
    };
    auto rowByRow = [&] {
      l.loop(first, last, 1, [&](Value row) { emit(row, 1); });
    };
    if (blocking.rows == 1)
      return rowByRow();
    Value whole = l.cmp(IPred::eq, l.subi(last, first), l.index(blocking.rows));
    l.when(whole, [&] { emit(first, blocking.rows); });
    l.when(l.xori(whole, l.i(whole, 1)), rowByRow);
  });
  clearPadding(l, op, share);
}

} // namespace sinter
