// StripReader.cpp - the f32 weights of a packed matrix, decoded in registers.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/StripReader.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <utility>

using namespace mlir;
using namespace sinter;
using tile::StripCode;
using tile::StripLayout;

Value StripReader::loadAs(Value offset, int64_t count, Type element) {
  int64_t bytes = count * element.getIntOrFloatBitWidth() / 8;
  Value raw = l.load(w, {offset}, bytes);
  if (element.isInteger(8))
    return raw;
  return vector::BitCastOp::create(l.b, l.loc,
                                   VectorType::get({count}, element), raw);
}

Value StripReader::loadHalf(Value offset, int64_t count) {
  return l.extf(loadAs(offset, count, l.b.getF16Type()), l.f32());
}

Value StripReader::at(Value base, int64_t offset) {
  return offset == 0 ? base : l.addi(base, l.index(offset));
}

/// The lanes of `row` in a plane of 4 bytes a row whose halves of 16 rows are
/// `halfBytes` apart.
Value StripReader::rowOffset(Value row, int64_t halfBytes) {
  Value half = l.muli(l.divu(row, 16), l.index(halfBytes));
  return l.addi(half, l.muli(l.remu(row, 16), l.index(4)));
}

StripReader::Super StripReader::loadSuper(Value header, Value row) {
  Super super;
  Value lane = l.addi(header, l.muli(row, l.index(2)));
  super.scale = loadHalf(at(lane, layout.superScaleOffset), lanes);
  if (layout.superMinOffset >= 0)
    super.min = loadHalf(at(lane, layout.superMinOffset), lanes);
  return super;
}

StripReader::Scale StripReader::loadScale(Value block, Value row,
                                          const Super &super, int half) {
  Scale result;
  if (!super.scale) {
    Value lane = l.addi(block, l.muli(row, l.index(2)));
    result.scale = loadHalf(at(lane, layout.scaleOffset), lanes);
    if (layout.hasMin())
      result.min = loadHalf(at(lane, layout.minOffset), lanes);
    return result;
  }
  Value lane = l.addi(block, row);
  bool sixteen = layout.groupCols == 16;
  Value code = loadAs(at(lane, layout.scaleOffset + (sixteen ? 32 * half : 0)),
                      lanes, l.b.getI8Type());
  // Scales of groups of 16 are signed, the others are 6-bit codes.
  auto wide = VectorType::get({lanes}, l.i32());
  Value wideCode = sixteen
                       ? Value(arith::ExtSIOp::create(l.b, l.loc, wide, code))
                       : l.extu(code, l.i32());
  result.scale = l.mul(super.scale, l.sitofp(wideCode, l.f32()));
  if (layout.hasMin()) {
    Value min = loadAs(at(lane, layout.minOffset), lanes, l.b.getI8Type());
    result.min = l.mul(super.min, l.sitofp(l.extu(min, l.i32()), l.f32()));
    if (layout.minNegated)
      result.min = l.neg(result.min);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void StripReader::prefetch(Value offset, int64_t bytes, int level) {
  if (ahead.bytes == 0)
    return;
  if (!ahead.streams)
    return fetchLines(offset, bytes, level);
  if (!ahead.waits)
    l.when(ahead.streams, [&] { fetchLines(offset, bytes, /*level=*/2); });
  l.when(l.xori(ahead.streams, l.i(ahead.streams, 1)),
         [&] { fetchLines(offset, bytes, level); });
}

/// The address may lie behind the matrix, hence no memref op.
void StripReader::fetchLines(Value offset, int64_t bytes, int level) {
  Value base = l.indexCast(
      memref::ExtractAlignedPointerAsIndexOp::create(l.b, l.loc, w), l.i64());
  if (ahead.end) {
    Value target = l.addi(offset, l.index(ahead.bytes));
    Value own = l.cmp(arith::CmpIPredicate::slt, target, ahead.end);
    Value behind = l.subi(ahead.next, l.indexCast(ahead.end, l.i64()));
    base = l.select(own, base, behind);
  }
  Type pointer = LLVM::LLVMPointerType::get(l.b.getContext());
  Value from = LLVM::IntToPtrOp::create(
      l.b, l.loc, pointer, l.addi(base, l.indexCast(offset, l.i64())));
  for (int64_t line = 0; line < bytes; line += 64) {
    Value target = LLVM::GEPOp::create(
        l.b, l.loc, pointer, l.b.getI8Type(), from,
        ArrayRef<LLVM::GEPArg>{int32_t(ahead.bytes + line)});
    LLVM::Prefetch::create(l.b, l.loc, target, /*rw=*/0, /*hint=*/4 - level,
                           /*cache=*/1);
  }
}

SmallVector<Value> StripReader::forBlocks(Value strip, ArrayRef<Value> rows,
                                          ValueRange init, BlockBody body) {
  Value base = l.muli(strip, l.index(layout.stripBytes));
  auto visit = [&](Value address, Value number, ArrayRef<Super> supers,
                   ValueRange carried) {
    if (!layout.isFloat())
      prefetch(address, layout.blockBytes);
    return body({address, number, SmallVector<Super>(supers)}, carried);
  };
  auto [first, last] = range;
  if (!first)
    std::tie(first, last) = std::pair(l.index(0), l.index(layout.blocks));
  if (layout.headerBytes == 0)
    return l.loop(first, last, 1, init, [&](Value b, ValueRange carried) {
      Value address = l.addi(base, l.muli(b, l.index(layout.blockBytes)));
      SmallVector<Super> none(rows.size());
      return visit(address, b, none, carried);
    });
  constexpr int64_t kBlocks = StripLayout::kHeaderBlocks;
  int64_t superBytes = layout.headerBytes + kBlocks * layout.blockBytes;
  return l.loop(l.divu(first, kBlocks), l.divu(last, kBlocks), 1, init,
                [&](Value s, ValueRange carried) {
                  Value header = l.addi(base, l.muli(s, l.index(superBytes)));
                  prefetch(header, layout.headerBytes);
                  SmallVector<Super> supers;
                  for (Value row : rows)
                    supers.push_back(loadSuper(header, row));
                  Value blocks = at(header, layout.headerBytes);
                  Value number = l.muli(s, l.index(kBlocks));
                  return l.loop(
                      l.index(0), l.index(kBlocks), 1, carried,
                      [&](Value b, ValueRange inner) {
                        Value address = l.addi(
                            blocks, l.muli(b, l.index(layout.blockBytes)));
                        return visit(address, l.addi(number, b), supers, inner);
                      });
                });
}

SmallVector<Value> StripReader::forColumns(Value strip, ArrayRef<Value> rows,
                                           ValueRange init, Body body) {
  return forBlocks(strip, rows, init,
                   [&](const Block &block, ValueRange carried) {
                     return addBlock(block, rows, carried, body);
                   });
}

void StripReader::forEachColumn(
    Value strip, ArrayRef<Value> rows,
    llvm::function_ref<void(Value, ArrayRef<Value>)> body) {
  auto visit = [&](Value k, ArrayRef<Value> weights, ValueRange) {
    body(k, weights);
    return SmallVector<Value>();
  };
  forBlocks(strip, rows, {}, [&](const Block &block, ValueRange) {
    return forBlock(block, rows, {}, visit);
  });
}

/// Columns of a pair follow one another in the same piece of code.
SmallVector<Value> StripReader::forPairs(Value strip, ArrayRef<Value> rows,
                                         ValueRange init, PairBody body) {
  SmallVector<Value> even;
  Value evenColumn;
  auto visit = [&](Value k, ArrayRef<Value> weights, ValueRange carried) {
    if (even.empty()) {
      even.assign(weights.begin(), weights.end());
      evenColumn = k;
      return SmallVector<Value>(carried);
    }
    SmallVector<Value> pair = std::exchange(even, {});
    return body(evenColumn, pair, weights, carried);
  };
  return forBlocks(strip, rows, init,
                   [&](const Block &block, ValueRange carried) {
                     return forBlock(block, rows, carried, visit);
                   });
}

/// Carries sums of 32 columns, each from zero, over the blocks: the rounding of
/// a long chain would grow with all of K.
SmallVector<Value> StripReader::addBlock(const Block &block,
                                         ArrayRef<Value> rows,
                                         ValueRange carried, Body body) {
  SmallVector<Value> zeros, next;
  for (Value sum : carried)
    zeros.push_back(l.f(sum, 0));
  SmallVector<Value> part = forBlock(block, rows, zeros, body);
  for (auto [sum, addend] : llvm::zip(carried, part))
    next.push_back(l.add(sum, addend));
  return next;
}

SmallVector<Value> StripReader::forBlock(const Block &block,
                                         ArrayRef<Value> rows,
                                         ValueRange carried, Body body) {
  if (layout.isFloat())
    return forFloats(block, rows, carried, body);
  Value firstColumn = l.muli(block.number, l.index(32));
  SmallVector<Value> current(carried);
  for (int half = 0; half < 2; ++half) {
    SmallVector<Scale> scales;
    for (auto [row, super] : llvm::zip(rows, block.supers))
      scales.push_back(loadScale(block.address, row, super, half));
    current = l.loop(
        l.index(0), l.index(4), 1, current, [&](Value v, ValueRange inner) {
          SmallVector<Value> codes, high, next(inner);
          for (Value row : rows) {
            codes.push_back(loadCodes(block.address, v, row, half));
            high.push_back(loadHigh(block.address, v, row, half));
          }
          Value column =
              l.addi(at(firstColumn, 16 * half), l.muli(v, l.index(4)));
          for (int j = 0; j < 4; ++j) {
            SmallVector<Value> weights;
            for (size_t i = 0; i < rows.size(); ++i)
              weights.push_back(decode(codes[i], high[i], half, j, scales[i]));
            next = body(at(column, j), weights, next);
          }
          return next;
        });
  }
  return current;
}

SmallVector<Value> StripReader::forFloats(const Block &block,
                                          ArrayRef<Value> rows,
                                          ValueRange carried, Body body) {
  Value firstColumn = l.muli(block.number, l.index(32));
  int64_t bytes = layout.blockBytes / 8;
  return l.loop(
      l.index(0), l.index(8), 1, carried, [&](Value v, ValueRange inner) {
        prefetch(l.addi(block.address, l.muli(v, l.index(bytes))), bytes);
        SmallVector<Value> next(inner);
        for (int j = 0; j < 4; ++j) {
          Value k = at(l.muli(v, l.index(4)), j);
          SmallVector<Value> weights;
          for (Value row : rows)
            weights.push_back(loadFloat(block.address, k, row));
          next = body(l.addi(firstColumn, k), weights, next);
        }
        return next;
      });
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

Value StripReader::loadFloat(Value block, Value column, Value row) {
  int64_t bytes = layout.code == StripCode::F32 ? 4 : 2;
  Value element = l.addi(l.muli(column, l.index(32)), row);
  Value offset = l.addi(block, l.muli(element, l.index(bytes)));
  if (layout.code == StripCode::F32)
    return loadAs(offset, lanes, l.f32());
  if (layout.code == StripCode::F16)
    return loadHalf(offset, lanes);
  Value wide = l.extu(loadAs(offset, lanes, l.b.getI16Type()), l.i32());
  return l.bits(l.shl(wide, 16), l.f32());
}

/// The words that hold columns 16*half + 4v .. +3, one byte each (a nibble of
/// each byte for the narrow codes).
Value StripReader::loadCodes(Value block, Value v, Value row, int half) {
  bool wide = layout.code == StripCode::U8;
  Value lane = rowOffset(row, wide ? 512 : 256);
  Value vectorOffset = at(l.muli(v, l.index(64)), wide ? 256 * half : 0);
  return loadAs(l.addi(block, l.addi(vectorOffset, lane)), lanes, l.i32());
}

/// The high bits of the same columns, at the bottom of each byte; null if the
/// code has none.
Value StripReader::loadHigh(Value block, Value v, Value row, int half) {
  if (layout.highOffset < 0)
    return nullptr;
  bool one = layout.code == StripCode::U5;
  Value lane = at(rowOffset(row, one ? 64 : 128),
                  layout.highOffset + (one ? 0 : 64 * half));
  Value word = loadAs(l.addi(block, lane), lanes, l.i32());
  Value shift =
      l.indexCast(one ? at(v, 4 * half) : l.muli(v, l.index(2)), l.i32());
  return arith::ShRUIOp::create(l.b, l.loc, word, l.splat(shift, lanes));
}

Value StripReader::decode(Value codes, Value high, int half, int j,
                          const Scale &scale) {
  bool wide = layout.code == StripCode::U8;
  Value code = l.shru(codes, 8 * j + (wide ? 0 : 4 * half));
  code = l.andi(code, l.i(code, wide ? 255 : 15));
  if (high) {
    Value bits = l.shru(high, 8 * j);
    bits = l.andi(bits, l.i(bits, layout.code == StripCode::U5 ? 1 : 3));
    code = l.ori(code, l.shl(bits, 4));
  }
  if (layout.zero != 0)
    code = l.subi(code, l.i(code, layout.zero));
  Value value = l.mul(scale.scale, l.sitofp(code, l.f32()));
  return scale.min ? l.add(value, scale.min) : value;
}
