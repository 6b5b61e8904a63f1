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
        pairs(VectorType::get({level.vectorBytes / 2}, l.b.getI16Type())),
        words(VectorType::get({level.lanes()}, l.i32())),
        wide(layout.code == StripCode::U8) {}

  SmallVector<Value> emit();

private:
  SmallVector<Value> emitBlock(Value strip, Value block, ValueRange sums);
  void emitPrefetch(Value address);
  SmallVector<Value> emitDots(Value address, Value block);
  Value loadRaw(Value address, int64_t group, int64_t v);
  Value loadActivation(Value block, int64_t token, int64_t v);
  Value begin(Value block, int64_t token);
  Value step(Value dot, Value code, Value x);
  Value finish(Value dot, Value block, int64_t token);
  Value loadScale(Value address, int64_t plane, int64_t group);
  Value call(StringRef intrinsic, Type type, ValueRange operands);
  Value side(Value memref, Value block, int64_t token) {
    return l.load(memref, {pass.tokenGroup, block, l.index(token)});
  }
  Value sum(Value x, Value y) { return x ? l.addi(x, y) : y; }

  tile::ContractOp op;
  const StripLayout &layout;
  const CpuLevel &level;
  const ContractPass &pass;
  LaneBuilder l;
  StripReader reader;
  VectorType bytes, pairs, words;
  bool wide; // codes of 8 bits
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
  SmallVector<Value> dots = emitDots(address, block);
  SmallVector<Value> scales, mins, next;
  for (int64_t group : pass.groups) {
    scales.push_back(loadScale(address, layout.scaleOffset, group));
    if (layout.hasMin())
      mins.push_back(loadScale(address, layout.minOffset, group));
  }
  for (int64_t token = 0; token < pass.tokens; ++token) {
    Value scale = l.splat(side(op.getScale(), block, token), level.lanes());
    Value ssum;
    if (layout.hasMin())
      ssum = l.splat(side(op.getSsum(), block, token), level.lanes());
    for (size_t i = 0; i < pass.groups.size(); ++i) {
      Value dot = l.sitofp(dots[next.size()], l.f32());
      Value result = l.fma(dot, l.mul(scales[i], scale), sums[next.size()]);
      if (layout.hasMin())
        result = l.fma(mins[i], ssum, result);
      next.push_back(result);
    }
  }
  return next;
}

/// Fetches what a later block of the stream will read. The address may lie
/// behind the matrix, hence no memref op.
void DotEmitter::emitPrefetch(Value address) {
  Type pointer = LLVM::LLVMPointerType::get(l.b.getContext());
  Value base =
      memref::ExtractAlignedPointerAsIndexOp::create(l.b, l.loc, op.getW());
  Value start =
      LLVM::IntToPtrOp::create(l.b, l.loc, pointer, l.indexCast(base, l.i64()));
  Value block = LLVM::GEPOp::create(l.b, l.loc, pointer, l.b.getI8Type(), start,
                                    ValueRange{l.indexCast(address, l.i64())});
  for (int64_t line = 0; line < layout.blockBytes; line += 64) {
    Value target = LLVM::GEPOp::create(
        l.b, l.loc, pointer, l.b.getI8Type(), block,
        ArrayRef<LLVM::GEPArg>{int32_t(level.prefetchBytes + line)});
    LLVM::Prefetch::create(l.b, l.loc, target, /*rw=*/0, /*hint=*/3,
                           /*cache=*/1);
  }
}

/// The integer dots of a block, token by token, for each token group by group.
/// All of them grow together, one vector of codes after another: few registers
/// hold codes, and the dots do not wait for each other.
SmallVector<Value> DotEmitter::emitDots(Value address, Value block) {
  SmallVector<Value> dots;
  for (int64_t token = 0; token < pass.tokens; ++token)
    dots.append(pass.groups.size(), begin(block, token));
  auto stepAll = [&](ArrayRef<Value> codes, int64_t v) {
    for (int64_t token = 0; token < pass.tokens; ++token) {
      Value x = loadActivation(block, token, v);
      for (size_t i = 0; i < codes.size(); ++i) {
        Value &dot = dots[token * codes.size() + i];
        dot = step(dot, codes[i], x);
      }
    }
  };
  for (int64_t v = 0; v < (wide ? 8 : 4); ++v) {
    SmallVector<Value> raw, low, high;
    for (int64_t group : pass.groups)
      raw.push_back(loadRaw(address, group, v));
    if (wide) {
      stepAll(raw, v);
      continue;
    }
    for (Value codes : raw) {
      low.push_back(l.andi(codes, l.i(codes, 15)));
      high.push_back(l.shru(codes, 4));
    }
    stepAll(low, v);
    stepAll(high, v + 4);
  }
  for (size_t i = 0; i < dots.size(); ++i)
    dots[i] = finish(dots[i], block, i / pass.groups.size());
  return dots;
}

Value DotEmitter::loadRaw(Value address, int64_t group, int64_t v) {
  int64_t row = group * level.lanes();
  int64_t offset = row / 16 * (wide ? 512 : 256) + row % 16 * 4 + 64 * v;
  return reader.loadAs(l.addi(address, l.index(offset)), level.vectorBytes,
                       l.b.getI8Type());
}

Value DotEmitter::loadScale(Value address, int64_t plane, int64_t group) {
  int64_t offset = plane + 2 * group * level.lanes();
  return reader.loadHalf(l.addi(address, l.index(offset)), level.lanes());
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

Value DotEmitter::call(StringRef intrinsic, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(l.b, l.loc, type,
                                       l.b.getStringAttr(intrinsic), operands)
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// One dot, by instruction family
//===----------------------------------------------------------------------===//

/// What a dot begins with: `start` makes up for the offset of stored codes.
/// Null where `finish` sees to it.
Value DotEmitter::begin(Value block, int64_t token) {
  if (!level.vnni)
    return nullptr;
  if (layout.zero == 0)
    return l.constantI(words, 0);
  return l.splat(side(op.getStart(), block, token), level.lanes());
}

/// Adds four products to each lane of the dot.
Value DotEmitter::step(Value dot, Value code, Value x) {
  if (level.vnni)
    return call("llvm.x86.avx512.vpdpbusd.512", words, {dot, code, x});
  // Codes below 16: a pair of products is at most 2 * 15 * 127, and the eight
  // pairs of a lane fit 16 bits.
  if (!wide)
    return sum(dot, call("llvm.x86.avx2.pmadd.ub.sw", pairs, {code, x}));
  // Codes of 8 bits, as s = code - 128: |s| times x with the sign of s. A pair
  // is at most 2 * 128 * 127, which fits 16 bits.
  Value s = l.xori(code, l.i(code, -128));
  Value size = l.maxs(s, l.subi(l.i(s, 0), s));
  Value signedX = call("llvm.x86.avx2.psign.b", bytes, {x, s});
  Value product = call("llvm.x86.avx2.pmadd.ub.sw", pairs, {size, signedX});
  return sum(dot, call("llvm.x86.avx2.pmadd.wd", words,
                       {product, l.constantI(pairs, 1)}));
}

Value DotEmitter::finish(Value dot, Value block, int64_t token) {
  // Signed bytes were multiplied as such: there is no offset to make up for.
  if (level.vnni || wide)
    return dot;
  dot = call("llvm.x86.avx2.pmadd.wd", words, {dot, l.constantI(pairs, 1)});
  if (layout.zero == 0)
    return dot;
  return l.addi(dot, l.splat(side(op.getStart(), block, token), level.lanes()));
}

} // namespace

SmallVector<Value> sinter::emitDotLoop(tile::ContractOp op,
                                       const StripLayout &layout,
                                       TileLowering &t,
                                       const ContractPass &pass) {
  return DotEmitter(op, layout, t, pass).emit();
}
