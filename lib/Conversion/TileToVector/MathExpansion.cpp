// MathExpansion.cpp - fixed sequences for elementary functions and noise.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "lib/Conversion/TileToVector/LaneBuilder.h"

#include <cmath>
#include <limits>

using namespace mlir;
using FPred = arith::CmpFPredicate;

namespace sinter {
namespace {

// Adding 1.5 * 2^23 rounds to an integer (ties to even) that stands in the low
// bits of the sum. Unlike a conversion this has no undefined result.
constexpr double kRound32 = 12582912.0;         // 1.5 * 2^23
constexpr double kRound64 = 6755399441055744.0; // 1.5 * 2^52

// 2^r on [-1/2, 1/2], relative error 2e-9.
constexpr double kExp2[] = {1.0,
                            0x1.62e4302fc626dp-1,
                            0x1.ebfbe00e63b9ep-3,
                            0x1.c6af6cdbbdcfap-5,
                            0x1.3b2a530452b26p-7,
                            0x1.5f089016285eap-10,
                            0x1.4413896cfe38dp-13};
// The same for results that are rounded to bf16, relative error 1e-4.
constexpr double kExp2Bf16[] = {1.0, 0x1.62f5fap-1, 0x1.f00c4cp-3,
                                0x1.c2a216p-5};
// e^r on [-ln2/2, ln2/2], relative error 3e-9.
constexpr double kExp[] = {1.0,           1.0,           0x1.fffffcp-2,
                           0x1.555492p-3, 0x1.5558aep-5, 0x1.123988p-7,
                           0x1.6a4f88p-10};
// (ln(1 + f) - f + f^2/2) / f^3 on [sqrt(1/2) - 1, sqrt(2) - 1].
constexpr double kLog[] = {0x1.555548p-2,  -0x1.000006p-2, 0x1.99a478p-3,
                           -0x1.555c4ap-3, 0x1.233b68p-3,  -0x1.fc274p-4,
                           0x1.e6c298p-4,  -0x1.de0e4cp-4, 0x1.147cbep-4};
// (sin r - r) / r^3 and (cos r - 1 + r^2/2) / r^4 in r^2, on [-pi/4, pi/4].
constexpr double kSin[] = {-0x1.5555554cb9069p-3, 0x1.11110895a4edap-7,
                           -0x1.a00f9d1f575a3p-13, 0x1.6cd837eb90166p-19};
constexpr double kCos[] = {0x1.5555554ed82c0p-5, -0x1.6c16b828a5357p-10,
                           0x1.a010dddf1cf12p-16, -0x1.241e6a7f5acd0p-22};
constexpr double kLn2High = 0x1.62e4p-1; // 15 bits: n * kLn2High is exact
constexpr double kLn2Low = 0x1.7f7d1cp-20;
constexpr double kLog2E = 0x1.715476p+0;

/// x clamped to [low, high]; NaN stays NaN.
Value clamp(LaneBuilder &l, Value x, double low, double high) {
  Value lo = l.f(x, low), hi = l.f(x, high);
  x = l.select(l.cmp(FPred::OLT, x, lo), lo, x);
  return l.select(l.cmp(FPred::OGT, x, hi), hi, x);
}

/// 2^n as a float for an integer n in [-127, 128] (0 and infinity at the ends).
Value power(LaneBuilder &l, Value n) {
  return l.bits(l.shl(l.addi(n, l.i(n, 127)), 23), l.f32());
}

/// The integer in a sum with kRound32.
Value roundedInt(LaneBuilder &l, Value sum) {
  Value n = l.bits(sum, l.i32());
  return l.subi(n, l.i(n, 0x4B400000));
}

/// p * 2^n for n in [-252, 254]: two factors, so that a denormal result is
/// rounded once (the first product is exact).
Value scale(LaneBuilder &l, Value p, Value n) {
  Value half = l.shrs(n, 1);
  return l.mul(l.mul(p, power(l, half)), power(l, l.subi(n, half)));
}

} // namespace

/// 2^x for x <= 0, and 0 below `least`.
static Value exp2Above(LaneBuilder &l, Value x, ArrayRef<double> coefficients,
                       double least) {
  Value sum = l.add(x, l.f(x, kRound32));
  Value n = l.sub(sum, l.f(x, kRound32));
  Value p = l.polynomial(l.sub(x, n), coefficients);
  // A product, not an addition to the exponent: equal bits, but NaN survives.
  Value y = l.mul(p, power(l, roundedInt(l, sum)));
  return l.select(l.cmp(FPred::OLT, x, l.f(x, least)), l.f(x, 0), y);
}

Value emitExp2Low(OpBuilder &b, Location loc, Value x) {
  LaneBuilder l(b, loc);
  return exp2Above(l, x, kExp2, -126);
}

Value emitExp2Bf16(OpBuilder &b, Location loc, Value x) {
  LaneBuilder l(b, loc);
  return exp2Above(l, x, kExp2Bf16, -49);
}

Value emitExp2(OpBuilder &b, Location loc, Value x) {
  LaneBuilder l(b, loc);
  x = clamp(l, x, -152, 130);
  Value sum = l.add(x, l.f(x, kRound32));
  Value n = l.sub(sum, l.f(x, kRound32));
  return scale(l, l.polynomial(l.sub(x, n), kExp2), roundedInt(l, sum));
}

Value emitExp(OpBuilder &b, Location loc, Value x) {
  LaneBuilder l(b, loc);
  x = clamp(l, x, -105, 90);
  Value sum = l.fma(x, l.f(x, kLog2E), l.f(x, kRound32));
  Value n = l.sub(sum, l.f(x, kRound32));
  Value r = l.fma(n, l.f(x, -kLn2High), x);
  r = l.fma(n, l.f(x, -kLn2Low), r);
  return scale(l, l.polynomial(r, kExp), roundedInt(l, sum));
}

Value emitLog(OpBuilder &b, Location loc, Value x) {
  LaneBuilder l(b, loc);
  constexpr double inf = std::numeric_limits<double>::infinity();
  // Denormals are scaled into the normal range first.
  Value small = l.cmp(FPred::OLT, x, l.f(x, 0x1p-126));
  Value y = l.select(small, l.mul(x, l.f(x, 0x1p23)), x);
  // y = m * 2^e, m in [sqrt(1/2), sqrt(2)): 0x3f3504f3 is sqrt(1/2).
  Value k = l.bits(y, l.i32());
  Value e = l.shrs(l.subi(k, l.i(k, 0x3f3504f3)), 23);
  Value m = l.bits(l.subi(k, l.shl(e, 23)), l.f32());
  Value exponent = l.sitofp(e, l.f32());
  exponent = l.select(small, l.sub(exponent, l.f(x, 23)), exponent);
  Value f = l.sub(m, l.f(x, 1));
  Value f2 = l.mul(f, f);
  // f - f^2/2 + f^3 P(f) + e ln2, the small terms first.
  Value t = l.mul(l.mul(f, l.polynomial(f, kLog)), f2);
  t = l.fma(exponent, l.f(x, kLn2Low), t);
  t = l.fma(f2, l.f(x, -0.5), t);
  Value r = l.fma(exponent, l.f(x, kLn2High), l.add(f, t));
  r = l.select(l.cmp(FPred::OEQ, x, l.f(x, inf)), x, r);
  r = l.select(l.cmp(FPred::OEQ, x, l.f(x, 0)), l.f(x, -inf), r);
  // "not x >= 0" takes NaN along.
  return l.select(l.cmp(FPred::ULT, x, l.f(x, 0)),
                  l.f(x, std::numeric_limits<double>::quiet_NaN()), r);
}

SinCos emitSinCos(OpBuilder &b, Location loc, Value x) {
  LaneBuilder l(b, loc);
  Value d = l.extf(x, l.f64());
  Value round = l.f(d, kRound64);
  Value sum = l.fma(d, l.f(d, 0x1.45f306dc9c883p-1), round); // 2/pi
  Value n = l.sub(sum, round);
  Value r = l.fma(n, l.f(d, -0x1.921fb54442d18p+0), d); // pi/2, high and low
  r = l.fma(n, l.f(d, -0x1.1a62633145c07p-54), r);
  Value r2 = l.mul(r, r);
  Value s = l.fma(l.mul(r, r2), l.polynomial(r2, kSin), r);
  Value c = l.fma(r2, l.f(d, -0.5), l.f(d, 1));
  c = l.fma(l.mul(r2, r2), l.polynomial(r2, kCos), c);
  s = l.truncf(s, l.f32());
  c = l.truncf(c, l.f32());
  // Quadrant: odd ones swap the two; sin turns in 2 and 3, cos in 1 and 2.
  Value q = l.trunci(l.bits(sum, l.i64()), l.i32());
  Value odd = l.cmp(arith::CmpIPredicate::ne, l.andi(q, l.i(q, 1)), l.i(q, 0));
  Value sinSign = l.shl(l.andi(q, l.i(q, 2)), 30);
  Value cosSign = l.shl(l.andi(l.addi(q, l.i(q, 1)), l.i(q, 2)), 30);
  auto flip = [&](Value v, Value sign) {
    return l.bits(l.xori(l.bits(v, l.i32()), sign), l.f32());
  };
  return {flip(l.select(odd, c, s), sinSign),
          flip(l.select(odd, s, c), cosSign)};
}

Value emitSilu(OpBuilder &b, Location loc, Value x) {
  LaneBuilder l(b, loc);
  return l.div(x, l.add(emitExp(b, loc, l.neg(x)), l.f(x, 1)));
}

std::array<Value, 4> emitPhilox(OpBuilder &b, Location loc,
                                std::array<Value, 4> c,
                                std::array<Value, 2> key) {
  LaneBuilder l(b, loc);
  auto product = [&](Value x, int64_t k) {
    Value wide =
        l.muli(l.extu(x, l.i64()), l.constantI(l.shaped(x, l.i64()), k));
    return std::pair(l.trunci(l.shru(wide, 32), l.i32()),
                     l.trunci(wide, l.i32()));
  };
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      key[0] = l.addi(key[0], l.i(key[0], int32_t(0x9E3779B9)));
      key[1] = l.addi(key[1], l.i(key[1], int32_t(0xBB67AE85)));
    }
    auto [high0, low0] = product(c[0], 0xD2511F53);
    auto [high1, low1] = product(c[2], 0xCD9E8D57);
    c = {l.xori(l.xori(high1, c[1]), key[0]), low1,
         l.xori(l.xori(high0, c[3]), key[1]), low0};
  }
  return c;
}

Value emitUniform(OpBuilder &b, Location loc, Value bits) {
  LaneBuilder l(b, loc);
  Value n = l.sitofp(l.shru(bits, 9), l.f32());
  return l.fma(n, l.f(n, 0x1p-23), l.f(n, 0x1p-24));
}

Value emitGumbel(OpBuilder &b, Location loc, Value bits) {
  LaneBuilder l(b, loc);
  Value e = l.neg(emitLog(b, loc, emitUniform(b, loc, bits)));
  return l.neg(emitLog(b, loc, e));
}

namespace {

using Emit = Value (*)(OpBuilder &, Location, Value);

template <typename Op> struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context, Emit emit)
      : OpRewritePattern<Op>(context), emit(emit) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const final {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "only f32 has a sequence");
    rewriter.replaceOp(op, emit(rewriter, op.getLoc(), op.getOperand()));
    return success();
  }
  Emit emit;
};

Value emitSin(OpBuilder &b, Location loc, Value x) {
  return emitSinCos(b, loc, x).sin;
}
Value emitCos(OpBuilder &b, Location loc, Value x) {
  return emitSinCos(b, loc, x).cos;
}

} // namespace

void populateMathExpansionPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<Expand<math::ExpOp>>(context, emitExp);
  patterns.add<Expand<math::Exp2Op>>(context, emitExp2);
  patterns.add<Expand<math::LogOp>>(context, emitLog);
  patterns.add<Expand<math::SinOp>>(context, emitSin);
  patterns.add<Expand<math::CosOp>>(context, emitCos);
}

} // namespace sinter
