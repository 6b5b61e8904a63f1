// Quantize.cpp - int8 codes of rows, in blocks of 32 columns.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/RowLowerings.h"
#include "lib/Conversion/TileToVector/TileLowering.h"

using namespace mlir;
using namespace sinter;

namespace {

class QuantizeEmitter {
public:
  QuantizeEmitter(tile::QuantizeOp op, OpBuilder &builder)
      : op(op), l(builder, op.getLoc()),
        blocks(cast<MemRefType>(op.getCodes().getType()).getDimSize(1)) {}

  void emit(Share share) {
    Part part = partOf(l, op.getRows(), op.getSplit(), share);
    firstGroup =
        l.muli(part.copy, l.index(tile::ownGroupStep(blocks, op.getTerms())));
    Value firstBlock = l.index(0), lastBlock = l.index(blocks);
    if (op.getSplit() == tile::Split::Columns)
      std::tie(firstBlock, lastBlock) = shareOf(l, l.index(blocks), share);
    l.loop(part.firstRow, part.lastRow, 1, [&](Value row) {
      Value from = op.getFirst() ? l.addi(row, op.getFirst()) : row;
      Value norm;
      if (op.getNorm())
        norm = l.splat(emitRmsScale(l, op.getX(), from, *op.getCols(),
                                    op.getEps()->convertToDouble()),
                       kLanes);
      l.loop(firstBlock, lastBlock, 1,
             [&](Value block) { emitBlock(row, from, norm, block); });
    });
  }

private:
  /// 16 columns of row `from`, normed if there is a norm.
  Value load(Value from, Value norm, Value column) {
    Value x = l.load(op.getX(), {from, column}, kLanes);
    if (!norm)
      return x;
    return l.mul(l.mul(x, norm), l.load(op.getNorm(), {column}, kLanes));
  }

  void emitBlock(Value row, Value from, Value norm, Value block) {
    Value column = l.muli(block, l.index(32));
    Value low = load(from, norm, column);
    Value high = load(from, norm, l.addi(column, l.index(16)));
    auto [scale, inverse] = emitScale(low, high);
    Value codeRow = l.muli(row, l.index(op.getTerms()));
    auto [lowCodes, highCodes] =
        emitTerm(codeRow, block, low, high, scale, inverse);
    if (op.getTerms() == 1)
      return;
    // What is left is at most half a step: exact with one rounding of the fma.
    Value step = l.splat(l.neg(scale), 16);
    low = l.fma(l.sitofp(lowCodes, l.f32()), step, low);
    high = l.fma(l.sitofp(highCodes, l.f32()), step, high);
    emitTerm(l.addi(codeRow, l.index(1)), block, low, high,
             l.mul(scale, l.constantF(l.f32(), 1.0 / 254)),
             l.mul(inverse, l.constantF(l.f32(), 254)));
  }

  /// Writes one code row of a block; the codes as i32.
  std::pair<Value, Value> emitTerm(Value codeRow, Value block, Value low,
                                   Value high, Value scale, Value inverse) {
    Value group = l.addi(firstGroup, l.divu(codeRow, 4));
    Value token = l.remu(codeRow, 4);
    Value lowCodes = emitCodes(low, inverse);
    Value highCodes = emitCodes(high, inverse);
    Type i8 = l.b.getI8Type();
    l.store(l.trunci(lowCodes, i8), op.getCodes(),
            {group, block, token, l.index(0)});
    l.store(l.trunci(highCodes, i8), op.getCodes(),
            {group, block, token, l.index(16)});
    Value sum = sumOf(l.addi(lowCodes, highCodes));
    l.store(scale, op.getScale(), {group, block, token});
    if (halfStarts()) {
      Value first = l.muli(block, l.index(2));
      storeStart(sumOf(lowCodes), group, first, token);
      storeStart(sumOf(highCodes), group, l.addi(first, l.index(1)), token);
    } else {
      storeStart(sum, group, block, token);
    }
    l.store(l.mul(scale, l.sitofp(sum, l.f32())), op.getSsum(),
            {group, block, token});
    return {lowCodes, highCodes};
  }

  /// True if readers have a scale, and so a dot, for each 16 columns.
  bool halfStarts() {
    auto rows = [](Value x) { return cast<MemRefType>(x.getType()); };
    return rows(op.getStart()).getDimSize(1) !=
           rows(op.getCodes()).getDimSize(1);
  }

  Value sumOf(Value codes) {
    return l.reduce(codes, [&](Value x, Value y) { return l.addi(x, y); });
  }

  void storeStart(Value sum, Value group, Value at, Value token) {
    l.store(l.muli(sum, l.constantI(l.i32(), -int64_t(op.getZero()))),
            op.getStart(), {group, at, token});
  }

  /// scale = max|x| / 127 and its inverse. A NaN or an infinity goes into the
  /// scale, so that it reaches the result. A block below 2^-100 counts as zero:
  /// its inverse would not be finite. Bits of numbers that are not negative
  /// compare as the numbers do, and those of a NaN are the largest.
  std::pair<Value, Value> emitScale(Value low, Value high) {
    auto bits = [&](Value x) { return l.bits(l.abs(x), l.i32()); };
    auto maximum = [&](Value x, Value y) -> Value {
      return arith::MaxUIOp::create(l.b, l.loc, x, y);
    };
    Value largest =
        l.bits(l.reduce(maximum(bits(low), bits(high)), maximum), l.f32());
    Value tiny = l.cmp(arith::CmpFPredicate::OLT, largest,
                       l.constantF(l.f32(), 0x1p-100));
    Value zero = l.constantF(l.f32(), 0), most = l.constantF(l.f32(), 127);
    Value scale = l.select(tiny, zero, l.div(largest, most));
    Value inverse = l.select(tiny, zero, l.div(most, largest));
    return {scale, inverse};
  }

  Value emitCodes(Value x, Value inverse) {
    Value scaled = l.rint(l.mul(x, l.splat(inverse, 16)));
    // The conversion of a NaN is undefined.
    Value number = l.cmp(arith::CmpFPredicate::ORD, scaled, scaled);
    scaled = l.select(number, scaled, l.f(scaled, 0));
    return arith::FPToSIOp::create(l.b, l.loc, l.shaped(scaled, l.i32()),
                                   scaled);
  }

  tile::QuantizeOp op;
  LaneBuilder l;
  int64_t blocks;
  Value firstGroup; // of this worker's codes
};

LogicalResult lowerQuantize(tile::QuantizeOp op, TileLowering &t) {
  QuantizeEmitter(op, t.b).emit({t.worker, t.workers});
  return success();
}

} // namespace

void sinter::registerQuantizeLowerings(TileLoweringRegistry &registry) {
  registry.add(lowerQuantize);
}
