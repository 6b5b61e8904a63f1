// LaneBuilder.cpp - terse building of lane-wise arithmetic.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/LaneBuilder.h"

using namespace mlir;

namespace sinter {

Type LaneBuilder::shaped(Value like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return VectorType::get(vector.getShape(), element);
  return element;
}

Value LaneBuilder::constantF(Type type, double value) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  TypedAttr attr = FloatAttr::get(element, value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

Value LaneBuilder::constantI(Type type, int64_t value) {
  TypedAttr attr = IntegerAttr::get(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

Value LaneBuilder::bits(Value x, Type element) {
  return arith::BitcastOp::create(b, loc, shaped(x, element), x);
}
Value LaneBuilder::extf(Value x, Type element) {
  return arith::ExtFOp::create(b, loc, shaped(x, element), x);
}
Value LaneBuilder::truncf(Value x, Type element) {
  return arith::TruncFOp::create(b, loc, shaped(x, element), x);
}
Value LaneBuilder::extu(Value x, Type element) {
  return arith::ExtUIOp::create(b, loc, shaped(x, element), x);
}
Value LaneBuilder::trunci(Value x, Type element) {
  return arith::TruncIOp::create(b, loc, shaped(x, element), x);
}
Value LaneBuilder::sitofp(Value x, Type element) {
  return arith::SIToFPOp::create(b, loc, shaped(x, element), x);
}
Value LaneBuilder::indexCast(Value x, Type element) {
  return arith::IndexCastOp::create(b, loc, shaped(x, element), x);
}

Value LaneBuilder::polynomial(Value x, ArrayRef<double> c) {
  Value sum = f(x, c.back());
  for (double k : llvm::reverse(c.drop_back()))
    sum = fma(sum, x, f(x, k));
  return sum;
}

Value LaneBuilder::load(Value memref, ValueRange at, int64_t lanes) {
  auto type = cast<MemRefType>(memref.getType());
  return vector::LoadOp::create(
      b, loc, VectorType::get({lanes}, type.getElementType()), memref, at);
}

void LaneBuilder::store(Value x, Value memref, ValueRange at) {
  if (isa<VectorType>(x.getType()))
    vector::StoreOp::create(b, loc, x, memref, at);
  else
    memref::StoreOp::create(b, loc, x, memref, at);
}

Value LaneBuilder::reduce(Value vector,
                          llvm::function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  for (int64_t half = lanes / 2; half >= 1; half /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < half; ++lane) {
      low.push_back(lane);
      high.push_back(lane + half);
    }
    Value x = vector::ShuffleOp::create(b, loc, vector, vector, low);
    Value y = vector::ShuffleOp::create(b, loc, vector, vector, high);
    vector = combine(x, y);
  }
  return extract(vector, 0);
}

Value LaneBuilder::iota(int64_t lanes, Type element) {
  SmallVector<Attribute> values;
  for (int64_t lane = 0; lane < lanes; ++lane)
    values.push_back(IntegerAttr::get(element, lane));
  return arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(VectorType::get({lanes}, element), values));
}

SmallVector<Value> LaneBuilder::loop(Value from, Value to, int64_t step,
                                     ValueRange init, LoopBody body) {
  // The op first, then its body: bodies look up the function they are in.
  auto op = scf::ForOp::create(b, loc, from, to, index(step), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  if (!init.empty()) // else there is a terminator
    scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(op.getResults());
}

void LaneBuilder::loop(Value from, Value to, int64_t step,
                       llvm::function_ref<void(Value)> body) {
  loop(from, to, step, {}, [&](Value iv, ValueRange) {
    body(iv);
    return SmallVector<Value>();
  });
}

void LaneBuilder::when(Value condition, llvm::function_ref<void()> body) {
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  body();
}

SmallVector<Value> LaneBuilder::narrowDown(
    Value lo, Value hi,
    llvm::function_ref<SmallVector<Value>(Value, Value)> body) {
  auto inside = [&](OpBuilder &nested, auto build) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(nested.getInsertionBlock(), nested.getInsertionPoint());
    build();
  };
  auto op = scf::WhileOp::create(
      b, loc, TypeRange{lo.getType(), hi.getType()}, ValueRange{lo, hi},
      [&](OpBuilder &nested, Location, ValueRange v) {
        inside(nested, [&] {
          Value more = cmp(arith::CmpIPredicate::ult, v[0], v[1]);
          scf::ConditionOp::create(b, loc, more, v);
        });
      },
      [&](OpBuilder &nested, Location, ValueRange v) {
        inside(nested, [&] { scf::YieldOp::create(b, loc, body(v[0], v[1])); });
      });
  return SmallVector<Value>(op.getResults());
}

Value LaneBuilder::either(Value condition, llvm::function_ref<Value()> yes,
                          llvm::function_ref<Value()> no) {
  auto build = [&](llvm::function_ref<Value()> branch) {
    return [this, branch](OpBuilder &nested, Location) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(nested.getInsertionBlock(),
                          nested.getInsertionPoint());
      scf::YieldOp::create(b, loc, branch());
    };
  };
  return scf::IfOp::create(b, loc, condition, build(yes), build(no))
      .getResult(0);
}

} // namespace sinter
