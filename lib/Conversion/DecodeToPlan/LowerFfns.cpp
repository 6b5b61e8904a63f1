// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scores and thresholds are f32 from 0 to 1: their bits have their order.

#include "lib/Conversion/DecodeToPlan/LowerFfns.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;
using planir::ArithKind;

static constexpr int64_t kOne = 0x3f800000; // bits of 1.0f

Value sinter::skippedBit(OpBuilder &builder, Location loc, int64_t layer,
                         function_ref<Value(int64_t)> number) {
  Type i64 = builder.getI64Type();
  auto buffer =
      FlatSymbolRefAttr::get(builder.getContext(), decode::kSkippedBuffer);
  Value words = planir::LoadI32Op::create(
      builder, loc, i64, buffer, builder.getI64IntegerAttr(4 * (layer / 32)));
  return planir::ArithOp::create(builder, loc, i64, ArithKind::And, words,
                                 number(int64_t(1) << layer % 32));
}

static FlatSymbolRefAttr wordsOf(OpBuilder &builder) {
  return FlatSymbolRefAttr::get(builder.getContext(), decode::kFfnsBuffer);
}

static IntegerAttr placeOf(OpBuilder &builder, decode::FfnWord word) {
  return builder.getI64IntegerAttr(4 * int64_t(word));
}

Value FfnLowering::word(Word word) {
  return planir::LoadI32Op::create(builder, loc, builder.getI64Type(),
                                   wordsOf(builder), placeOf(builder, word));
}

void FfnLowering::setWord(Word word, Value value) {
  planir::StoreI32Op::create(builder, loc, value, wordsOf(builder),
                             placeOf(builder, word));
}

void FfnLowering::count(Word counter) {
  setWord(counter, binary(ArithKind::Add, word(counter), outside.number(1)));
}

Value FfnLowering::binary(ArithKind kind, Value lhs, Value rhs) {
  return planir::ArithOp::create(builder, loc, builder.getI64Type(), kind, lhs,
                                 rhs);
}

void FfnLowering::call(FlatSymbolRefAttr callee) {
  planir::CallOp::create(builder, loc, TypeRange(), callee, ValueRange());
}

LogicalResult FfnLowering::choose(Value condition, Fill yes, Fill no) {
  auto made = planir::IfOp::create(builder, loc, TypeRange(), condition);
  for (auto [region, fill] : {std::pair(&made.getThenBlock(), yes),
                              std::pair(&made.getElseBlock(), no)}) {
    if (!fill)
      continue;
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(region);
    if (failed(fill()))
      return failure();
    planir::YieldOp::create(builder, loc);
  }
  return success();
}

/// asks = passes = 0; counts = 0; threshold = the given one, or the policy's
LogicalResult FfnLowering::begin(decode::BeginFfnsOp op) {
  Value zero = outside.number(0);
  for (Word word : {Word::Asks, Word::Rows, Word::Skipped})
    setWord(word, zero);
  setWord(Word::Passes, outside.number(op.getAll()));
  APInt usual = policy.getThreshold().bitcastToAPInt();
  Value given = outside.get(op.getThreshold());
  setWord(Word::Threshold, outside.number(usual.getZExtValue()));
  return choose(
      given,
      [&] {
        setWord(Word::Threshold, given);
        return success();
      },
      nullptr);
}

/// ++rows; asks = warm_up <= position and threshold < 1; forward; asks = 0
LogicalResult FfnLowering::skipping(decode::SkippingOp op) {
  Value zero = outside.number(0);
  count(Word::Rows);
  Value warm = binary(ArithKind::Le, outside.number(policy.getWarmUp()),
                      outside.get(op.getPosition()));
  Value possible =
      binary(ArithKind::Lt, word(Word::Threshold), outside.number(kOne));
  setWord(Word::Asks, binary(ArithKind::And, warm, possible));
  setWord(Word::Passes, zero);
  if (failed(outside.block(op.getBody().front())))
    return failure();
  setWord(Word::Asks, zero);
  setWord(Word::Passes, zero);
  return success();
}

/// if (passes) { ++skipped } else { compute }
LogicalResult FfnLowering::block(decode::FfnOp op) {
  if (!policy.mayGo(op.getLayer()))
    return compute(op);
  Value goes = word(Word::Passes);
  if (policy.getDepths())
    goes = binary(ArithKind::Mul, goes,
                  skippedBit(builder, loc, op.getLayer(), outside.number));
  return choose(
      goes,
      [&] {
        count(Word::Skipped);
        return success();
      },
      [&] { return compute(op); });
}

/// if (asks) look; launches; if (asks) { ask; passes = threshold < score }
LogicalResult FfnLowering::compute(decode::FfnOp op) {
  auto launches = [&] { return outside.block(op.getBody().front()); };
  if (!policy.mayGo(op.getLayer() + 1))
    return launches();
  auto look = [&] {
    call(policy.getLooksAttr());
    return success();
  };
  auto ask = [&] {
    call(policy.getAsksAttr());
    auto buffer =
        FlatSymbolRefAttr::get(builder.getContext(), decode::kScoreBuffer);
    Value score =
        planir::LoadI32Op::create(builder, loc, builder.getI64Type(), buffer,
                                  builder.getI64IntegerAttr(0));
    setWord(Word::Passes, binary(ArithKind::Lt, word(Word::Threshold), score));
    return success();
  };
  Value asks = word(Word::Asks);
  return success(succeeded(choose(asks, look, nullptr)) &&
                 succeeded(launches()) &&
                 succeeded(choose(asks, ask, nullptr)));
}

LogicalResult FfnLowering::lower(Operation *op) {
  auto name = op->getAttrOfType<FlatSymbolRefAttr>("policy");
  policy = SymbolTable::lookupNearestSymbolFrom<decode::FfnsOp>(op, name);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](decode::FfnOp inner) { return block(inner); })
      .Case([&](decode::BeginFfnsOp inner) { return begin(inner); })
      .Case([&](decode::SkippingOp inner) { return skipping(inner); });
}
