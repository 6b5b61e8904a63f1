// Bf16.cpp - rounding to bf16, and products of such numbers.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Bf16.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace sinter {

static int64_t lanesOf(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

/// Of as many bits in all.
static Value castLanes(LaneBuilder &l, Value vector, int64_t lanes,
                       Type element) {
  return vector::BitCastOp::create(l.b, l.loc,
                                   VectorType::get({lanes}, element), vector);
}

static Value interleave(LaneBuilder &l, Value low, Value high) {
  Value words[] = {l.bits(low, l.b.getI16Type()),
                   l.bits(high, l.b.getI16Type())};
  Value both = vector::InterleaveOp::create(l.b, l.loc, words[0], words[1]);
  return l.bits(both, l.b.getBF16Type());
}

Value Bf16::withoutTiny(Value x) {
  Value tiny = l.cmp(arith::CmpFPredicate::OLT, l.abs(x), l.f(x, 0x1p-50));
  return l.select(tiny, l.f(x, 0), x);
}

/// The upper half of each lane is the result.
Value Bf16::rounded(Value x, Size size) {
  if (size == Size::Any)
    x = withoutTiny(x);
  Value bits = l.bits(x, l.i32());
  Value odd = l.andi(l.shru(bits, 16), l.i(bits, 1));
  Value near = l.addi(bits, l.addi(odd, l.i(bits, 0x7fff)));
  Value quiet = l.ori(bits, l.i(bits, 0x400000));
  return l.select(l.cmp(arith::CmpFPredicate::UNO, x, x), quiet, near);
}

Value Bf16::narrow(Value x, Size size) {
  if (native) {
    if (size == Size::Any)
      x = withoutTiny(x);
    return l.truncf(x, l.b.getBF16Type());
  }
  Value upper = l.shru(rounded(x, size), 16);
  return l.bits(l.trunci(upper, l.b.getI16Type()), l.b.getBF16Type());
}

Value Bf16::zip(Value low, Value high, Size size) {
  if (native)
    return interleave(l, narrow(low, size), narrow(high, size));
  Value mask = l.constantI(l.shaped(high, l.i32()), -65536);
  Value pairs =
      l.ori(l.andi(rounded(high, size), mask), l.shru(rounded(low, size), 16));
  return castLanes(l, pairs, 2 * lanesOf(low), l.b.getBF16Type());
}

Value Bf16::zipRounded(Value low, Value high) {
  // Bits of numbers that are not negative compare as the numbers do.
  auto kept = [&](Value x) {
    Value bits = l.bits(x, l.b.getI16Type());
    Value size = l.andi(bits, l.i(bits, 0x7fff));
    Value tiny =
        l.cmp(arith::CmpIPredicate::ult, size, l.i(bits, (127 - 50) << 7));
    return l.bits(l.select(tiny, l.i(bits, 0), bits), l.b.getBF16Type());
  };
  return kept(interleave(l, low, high));
}

Value Bf16::splatPair(Value memref, ValueRange at, int64_t lanes) {
  Value pair = castLanes(l, l.load(memref, at, 2), 1, l.i32());
  return castLanes(l, l.splat(l.extract(pair, 0), lanes), 2 * lanes,
                   l.b.getBF16Type());
}

/// Lanes of 32 bits that hold a pair each.
Value Bf16::words(Value pairs) {
  return castLanes(l, pairs, lanesOf(pairs) / 2, l.i32());
}

Value Bf16::keep(Value pairs, Value low, Value high) {
  Value none = l.constantI(l.i32(), 0);
  Value mask = l.ori(l.select(low, l.constantI(l.i32(), 0xffff), none),
                     l.select(high, l.constantI(l.i32(), -65536), none));
  Value bits = words(pairs);
  return castLanes(l, l.andi(bits, l.splat(mask, lanesOf(bits))),
                   lanesOf(pairs), l.b.getBF16Type());
}

Value Bf16::dot(Value pairs, Value others, Value sum) {
  if (native && lanesOf(sum) == 16) {
    auto name = l.b.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512");
    return LLVM::CallIntrinsicOp::create(l.b, l.loc, sum.getType(), name,
                                         ValueRange{sum, pairs, others})
        .getResult(0);
  }
  auto even = [&](Value x) { return l.bits(l.shl(words(x), 16), l.f32()); };
  auto odd = [&](Value x) {
    Value bits = words(x);
    return l.bits(l.andi(bits, l.i(bits, -65536)), l.f32());
  };
  return l.fma(even(pairs), even(others), l.fma(odd(pairs), odd(others), sum));
}

} // namespace sinter
