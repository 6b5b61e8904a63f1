// LaneBuilder.h - terse building of lane-wise arithmetic.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_LANEBUILDER_H
#define SINTER_CONVERSION_TILETOVECTOR_LANEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

namespace sinter {

/// An OpBuilder with a location and one short method per lane-wise operation;
/// every method works on scalars and on vectors alike. Contraction is always
/// explicit: `fma` is one rounding, `add(mul(a, b), c)` is two, everywhere.
/// (vector.fma is avoided: it becomes llvm.fmuladd, whose rounding is a choice
/// of the back end.)
class LaneBuilder {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;

  LaneBuilder(mlir::OpBuilder &builder, mlir::Location loc)
      : b(builder), loc(loc) {}

  /// A constant of the shape of `like`, splat over its lanes.
  Value f(Value like, double value) { return constantF(like.getType(), value); }
  Value i(Value like, int64_t value) {
    return constantI(like.getType(), value);
  }
  Value constantF(Type type, double value);
  Value constantI(Type type, int64_t value);
  Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }

  Value add(Value x, Value y) { return make<mlir::arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) { return make<mlir::arith::SubFOp>(x, y); }
  Value mul(Value x, Value y) { return make<mlir::arith::MulFOp>(x, y); }
  Value div(Value x, Value y) { return make<mlir::arith::DivFOp>(x, y); }
  Value neg(Value x) { return make<mlir::arith::NegFOp>(x); }
  Value fma(Value x, Value y, Value z) {
    return make<mlir::math::FmaOp>(x, y, z);
  }
  Value sqrt(Value x) { return make<mlir::math::SqrtOp>(x); }
  Value rint(Value x) { return make<mlir::math::RoundEvenOp>(x); }
  Value abs(Value x) { return make<mlir::math::AbsFOp>(x); }

  Value addi(Value x, Value y) { return make<mlir::arith::AddIOp>(x, y); }
  Value subi(Value x, Value y) { return make<mlir::arith::SubIOp>(x, y); }
  Value muli(Value x, Value y) { return make<mlir::arith::MulIOp>(x, y); }
  Value andi(Value x, Value y) { return make<mlir::arith::AndIOp>(x, y); }
  Value ori(Value x, Value y) { return make<mlir::arith::OrIOp>(x, y); }
  Value xori(Value x, Value y) { return make<mlir::arith::XOrIOp>(x, y); }
  Value shl(Value x, int64_t n) {
    return make<mlir::arith::ShLIOp>(x, i(x, n));
  }
  Value shrs(Value x, int64_t n) {
    return make<mlir::arith::ShRSIOp>(x, i(x, n));
  }
  Value shru(Value x, int64_t n) {
    return make<mlir::arith::ShRUIOp>(x, i(x, n));
  }
  Value divu(Value x, int64_t n) {
    return make<mlir::arith::DivUIOp>(x, i(x, n));
  }
  Value remu(Value x, int64_t n) {
    return make<mlir::arith::RemUIOp>(x, i(x, n));
  }
  /// x < y ? x : y on index or signed integers.
  Value mins(Value x, Value y) { return make<mlir::arith::MinSIOp>(x, y); }
  Value maxs(Value x, Value y) { return make<mlir::arith::MaxSIOp>(x, y); }

  Value cmp(mlir::arith::CmpFPredicate p, Value x, Value y) {
    return mlir::arith::CmpFOp::create(b, loc, p, x, y);
  }
  Value cmp(mlir::arith::CmpIPredicate p, Value x, Value y) {
    return mlir::arith::CmpIOp::create(b, loc, p, x, y);
  }
  Value select(Value c, Value x, Value y) {
    return mlir::arith::SelectOp::create(b, loc, c, x, y);
  }
  /// x > y ? x : y: one instruction on x86, y where either is NaN.
  Value max(Value x, Value y) {
    return select(cmp(mlir::arith::CmpFPredicate::OGT, x, y), x, y);
  }

  /// The same lanes seen or converted as another element type.
  Value bits(Value x, Type element);
  Value extf(Value x, Type element);
  Value truncf(Value x, Type element);
  Value extu(Value x, Type element);
  Value trunci(Value x, Type element);
  Value sitofp(Value x, Type element);
  Value indexCast(Value x, Type element);

  /// c[0] + x (c[1] + x (c[2] + ...)), one fma a step.
  Value polynomial(Value x, llvm::ArrayRef<double> c);

  /// A vector of `lanes` copies of the scalar `x`.
  Value splat(Value x, int64_t lanes) {
    return mlir::vector::BroadcastOp::create(
        b, loc, mlir::VectorType::get({lanes}, x.getType()), x);
  }
  Value extract(Value vector, int64_t lane) {
    return mlir::vector::ExtractOp::create(b, loc, vector, lane);
  }
  Value load(Value memref, mlir::ValueRange at, int64_t lanes);
  Value load(Value memref, mlir::ValueRange at) {
    return mlir::memref::LoadOp::create(b, loc, memref, at);
  }
  /// Stores a scalar or a vector at `at`.
  void store(Value x, Value memref, mlir::ValueRange at);

  /// One tree for every level: lane i meets lane i + n/2, then n/4, ...
  Value reduce(Value vector, llvm::function_ref<Value(Value, Value)> combine);

  /// 0, 1, 2, ... as a vector of `element`.
  Value iota(int64_t lanes, Type element);

  /// `body(iv, iteration values)` returns the next iteration values.
  using LoopBody =
      llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)>;
  llvm::SmallVector<Value> loop(Value from, Value to, int64_t step,
                                mlir::ValueRange init, LoopBody body);
  void loop(Value from, Value to, int64_t step,
            llvm::function_ref<void(Value)> body);
  void when(Value condition, llvm::function_ref<void()> body);
  /// While lo < hi: body(lo, hi) returns the next pair. Returns the last pair.
  llvm::SmallVector<Value>
  narrowDown(Value lo, Value hi,
             llvm::function_ref<llvm::SmallVector<Value>(Value, Value)> body);
  /// One of two values; only the code of the chosen one runs.
  Value either(Value condition, llvm::function_ref<Value()> yes,
               llvm::function_ref<Value()> no);

  Type shaped(Value like, Type element);
  Type f32() { return b.getF32Type(); }
  Type f64() { return b.getF64Type(); }
  Type i32() { return b.getI32Type(); }
  Type i64() { return b.getI64Type(); }

  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  template <typename Op, typename... Operands> Value make(Operands... xs) {
    return Op::create(b, loc, xs...);
  }
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_LANEBUILDER_H
