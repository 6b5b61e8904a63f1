// ContractDot.cpp - contraction of int8 activations with coded weights.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Per block of 32 columns and output: an exact integer dot, then
//   sum = fma(float(dot), scale_w * scale_x, sum)
//   sum = fma(min_w, ssum_x, sum)               if the encoding has minima.
// The integer part has one form for each instruction family; all of them give
// the same integer.
#include "lib/Conversion/TileToVector/Contract.h"
#include "lib/Conversion/TileToVector/StripReader.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace sinter;
using tile::StripCode;
using tile::StripLayout;

namespace {

class DotEmitter {
public:
  DotEmitter(tile::ContractOp op, const StripLayout &layout, TileLowering &t,
             const ContractPass &pass)
      : op(op), layout(layout), level(t.level), pass(pass), l(t.b, op.getLoc()),
        reader(l, layout, op.getW(), level.lanes()),
        bytes(VectorType::get({level.vectorBytes}, l.b.getI8Type())),
        words(VectorType::get({level.lanes()}, l.i32())) {}

  SmallVector<Value> emit();

private:
  SmallVector<Value> emitBlock(Value strip, Value block, ValueRange sums);
  void emitPrefetch(Value address);
  SmallVector<Value> loadCodes(Value address, int64_t group);
  Value loadActivation(Value block, int64_t token, int64_t v);
  Value dotVnni(ArrayRef<Value> codes, Value block, int64_t token);
  Value dotNibbles(ArrayRef<Value> codes, Value block, int64_t token);
  Value dotBytes(ArrayRef<Value> codes, Value block, int64_t token);
  Value dot(ArrayRef<Value> codes, Value block, int64_t token);
  Value start(Value block, int64_t token);
  Value call(StringRef intrinsic, Type type, ValueRange operands);
  Value side(Value memref, Value block, int64_t token) {
    return l.load(memref, {pass.tokenGroup, block, l.index(token)});
  }

  tile::ContractOp op;
  const StripLayout &layout;
  const CpuLevel &level;
  const ContractPass &pass;
  LaneBuilder l;
  StripReader reader;
  VectorType bytes, words;
};

SmallVector<Value> DotEmitter::emit() {
  Value zero = l.constantF(VectorType::get({level.lanes()}, l.f32()), 0);
  SmallVector<Value> init(pass.tokens * pass.groups.size(), zero);
  Value strip = l.muli(pass.strip, l.index(layout.stripBytes));
  return l.loop(l.index(0), l.index(layout.blocks), 1, init,
                [&](Value block, ValueRange sums) {
                  return emitBlock(strip, block, sums);
                });
}

SmallVector<Value> DotEmitter::emitBlock(Value strip, Value block,
                                         ValueRange sums) {
  Value address = l.addi(strip, l.muli(block, l.index(layout.blockBytes)));
  if (pass.prefetch)
    emitPrefetch(address);
  SmallVector<SmallVector<Value>> codes;
  SmallVector<Value> scales, mins;
  for (int64_t group : pass.groups) {
    codes.push_back(loadCodes(address, group));
    int64_t lane = 2 * group * level.lanes();
    auto half = [&](int64_t plane) {
      return reader.loadHalf(l.addi(address, l.index(plane + lane)),
                             level.lanes());
    };
    scales.push_back(half(layout.scaleOffset));
    if (layout.hasMin())
      mins.push_back(half(layout.minOffset));
  }
  SmallVector<Value> next;
  for (int64_t token = 0; token < pass.tokens; ++token) {
    SmallVector<Value> dots;
    for (ArrayRef<Value> group : codes)
      dots.push_back(dot(group, block, token));
    Value scale = l.splat(side(op.getScale(), block, token), level.lanes());
    Value ssum;
    if (layout.hasMin())
      ssum = l.splat(side(op.getSsum(), block, token), level.lanes());
    for (size_t i = 0; i < dots.size(); ++i) {
      Value sum = l.fma(l.sitofp(dots[i], l.f32()), l.mul(scales[i], scale),
                        sums[next.size()]);
      if (layout.hasMin())
        sum = l.fma(mins[i], ssum, sum);
      next.push_back(sum);
    }
  }
  return next;
}

/// Fetches what a later block of the stream will read. The address may lie
/// behind the matrix, hence no memref op.
void DotEmitter::emitPrefetch(Value address) {
  Value base =
      memref::ExtractAlignedPointerAsIndexOp::create(l.b, l.loc, op.getW());
  Type pointer = LLVM::LLVMPointerType::get(l.b.getContext());
  for (int64_t line = 0; line < layout.blockBytes; line += 64) {
    Value offset = l.addi(address, l.index(level.prefetchBytes + line));
    Value number = l.indexCast(l.addi(base, offset), l.i64());
    Value target = LLVM::IntToPtrOp::create(l.b, l.loc, pointer, number);
    LLVM::Prefetch::create(l.b, l.loc, target, /*rw=*/0, /*hint=*/3,
                           /*cache=*/1);
  }
}

/// Eight vectors of unsigned codes: vector v holds columns 4v .. 4v+3 of each
/// row.
SmallVector<Value> DotEmitter::loadCodes(Value address, int64_t group) {
  bool wide = layout.code == StripCode::U8;
  int64_t row = group * level.lanes();
  int64_t offset = row / 16 * (wide ? 512 : 256) + row % 16 * 4;
  SmallVector<Value> low, high;
  for (int64_t v = 0; v < (wide ? 8 : 4); ++v) {
    Value raw = reader.loadAs(l.addi(address, l.index(offset + 64 * v)),
                              level.vectorBytes, l.b.getI8Type());
    low.push_back(wide ? raw : l.andi(raw, l.i(raw, 15)));
    if (!wide)
      high.push_back(l.shru(raw, 4));
  }
  low.append(high);
  return low;
}

/// Columns 4v .. 4v+3 of a row in every 32-bit lane.
Value DotEmitter::loadActivation(Value block, int64_t token, int64_t v) {
  Value four = l.load(op.getCodes(),
                      {pass.tokenGroup, block, l.index(token), l.index(4 * v)},
                      /*lanes=*/4);
  Value word = vector::BitCastOp::create(l.b, l.loc,
                                         VectorType::get({1}, l.i32()), four);
  Value all = vector::BroadcastOp::create(l.b, l.loc, words, word);
  return vector::BitCastOp::create(l.b, l.loc, bytes, all);
}

Value DotEmitter::start(Value block, int64_t token) {
  if (layout.zero == 0)
    return l.constantI(words, 0);
  return l.splat(side(op.getStart(), block, token), level.lanes());
}

Value DotEmitter::call(StringRef intrinsic, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(l.b, l.loc, type,
                                       l.b.getStringAttr(intrinsic), operands)
      .getResult(0);
}

Value DotEmitter::dotVnni(ArrayRef<Value> codes, Value block, int64_t token) {
  Value sum = start(block, token);
  for (int64_t v = 0; v < 8; ++v)
    sum = call("llvm.x86.avx512.vpdpbusd.512", words,
               {sum, codes[v], loadActivation(block, token, v)});
  return sum;
}

/// Codes below 16: a pair of products is at most 2 * 15 * 127, and eight such
/// pairs fit 16 bits.
Value DotEmitter::dotNibbles(ArrayRef<Value> codes, Value block,
                             int64_t token) {
  auto pairs = VectorType::get({level.vectorBytes / 2}, l.b.getI16Type());
  Value sum;
  for (int64_t v = 0; v < 8; ++v) {
    Value product = call("llvm.x86.avx2.pmadd.ub.sw", pairs,
                         {codes[v], loadActivation(block, token, v)});
    sum = sum ? l.addi(sum, product) : product;
  }
  Value wide =
      call("llvm.x86.avx2.pmadd.wd", words, {sum, l.constantI(pairs, 1)});
  return l.addi(wide, start(block, token));
}

/// Codes of 8 bits, as signed s = code - 128: |s| * (x with the sign of s). A
/// pair is at most 2 * 128 * 127, which fits 16 bits; the sum is that of the
/// codes with `start` added, without it.
Value DotEmitter::dotBytes(ArrayRef<Value> codes, Value block, int64_t token) {
  auto pairs = VectorType::get({level.vectorBytes / 2}, l.b.getI16Type());
  Value sum;
  for (int64_t v = 0; v < 8; ++v) {
    Value code = l.xori(codes[v], l.i(codes[v], -128));
    Value size = l.maxs(code, l.subi(l.i(code, 0), code));
    Value x = call("llvm.x86.avx2.psign.b", bytes,
                   {loadActivation(block, token, v), code});
    Value product = call("llvm.x86.avx2.pmadd.ub.sw", pairs, {size, x});
    Value wide =
        call("llvm.x86.avx2.pmadd.wd", words, {product, l.constantI(pairs, 1)});
    sum = sum ? l.addi(sum, wide) : wide;
  }
  return sum;
}

Value DotEmitter::dot(ArrayRef<Value> codes, Value block, int64_t token) {
  if (level.vnni)
    return dotVnni(codes, block, token);
  if (layout.code == StripCode::U4)
    return dotNibbles(codes, block, token);
  return dotBytes(codes, block, token);
}

} // namespace

SmallVector<Value> sinter::emitDotLoop(tile::ContractOp op,
                                       const StripLayout &layout,
                                       TileLowering &t,
                                       const ContractPass &pass) {
  return DotEmitter(op, layout, t, pass).emit();
}
