// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows that wait lie in the order of their positions; those that came further
// wait in front. So all that wait at an exit are neighbours, and the row at
// hand is the one behind the last of them.

#include "lib/Conversion/DecodeToPlan/LowerExits.h"

using namespace mlir;
using namespace sinter;
using planir::ArithKind;

Value ExitLowering::binary(ArithKind kind, Value lhs, Value rhs) {
  return planir::ArithOp::create(builder, loc, builder.getI64Type(), kind, lhs,
                                 rhs);
}

SmallVector<Type> ExitLowering::i64s(unsigned count) {
  return SmallVector<Type>(count, builder.getI64Type());
}

Block *ExitLowering::newBlock(Region &region, unsigned arguments) {
  return builder.createBlock(&region, region.end(), i64s(arguments),
                             SmallVector<Location>(arguments, loc));
}

void ExitLowering::call(FlatSymbolRefAttr callee, ValueRange args) {
  planir::CallOp::create(builder, loc, TypeRange(), callee, args);
}

Value ExitLowering::length() {
  return planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                  descending.getStateAttr());
}

decode::ExitOp ExitLowering::exitAt(unsigned index) {
  return SymbolTable::lookupNearestSymbolFrom<decode::ExitOp>(
      op, cast<FlatSymbolRefAttr>(exits[index]));
}

/// Functions that take more than rows and position take nothing else here.
void ExitLowering::segment(Attribute name, Value rows, Value at) {
  auto symbol = cast<FlatSymbolRefAttr>(name);
  auto function =
      SymbolTable::lookupNearestSymbolFrom<FunctionOpInterface>(op, symbol);
  SmallVector<Value> arguments = {rows, at};
  arguments.append(function.getNumArguments() - 2, outside.number(0));
  call(symbol, arguments);
}

void ExitLowering::move(StringRef function, Value first, Value rows) {
  call(FlatSymbolRefAttr::get(builder.getContext(), function), {first, rows});
}

void ExitLowering::head(Value first, Value rows) {
  call(headName, {first, rows});
}

/// Where a probe puts what it says, in bytes; -1: nowhere. The head's are those
/// of tile.summarize: entropy, largest and second largest probability.
static std::pair<int64_t, int64_t> placesOf(decode::ProbeKind kind) {
  switch (kind) {
  case decode::ProbeKind::MaxProb:
    return {4, -1};
  case decode::ProbeKind::Margin:
    return {4, 8};
  case decode::ProbeKind::Entropy:
  case decode::ProbeKind::Similarity:
  case decode::ProbeKind::Linear:
    return {0, -1};
  case decode::ProbeKind::Chance:
    return {-1, -1};
  }
  llvm_unreachable("unknown probe");
}

Value ExitLowering::decide(decode::ExitOp exit, Value row, Value room) {
  Type i64 = builder.getI64Type();
  auto load = [&](int64_t place) -> Value {
    if (place < 0)
      return outside.number(0);
    auto buffer =
        FlatSymbolRefAttr::get(builder.getContext(), decode::kScoreBuffer);
    return planir::LoadI32Op::create(builder, loc, i64, buffer,
                                     builder.getI64IntegerAttr(place));
  };
  if (exit.getFunctionAttr())
    call(exit.getFunctionAttr(), row);
  auto [first, second] = placesOf(exit.getProbe());
  Value said = load(first), also = load(second);
  return planir::DecideOp::create(builder, loc, i64,
                                  FlatSymbolRefAttr::get(exit.getSymNameAttr()),
                                  said, also, room);
}

FailureOr<ExitLowering::Values>
ExitLowering::choose(Value condition, function_ref<FailureOr<Values>()> yes,
                     function_ref<FailureOr<Values>()> no) {
  // The kinds of values are known: token, stop, carried, owed.
  unsigned results = 2 + descending.getRest().size();
  auto made = planir::IfOp::create(builder, loc, i64s(results), condition);
  for (auto [region, fill] : {std::pair(&made.getThenBlock(), &yes),
                              std::pair(&made.getElseBlock(), &no)}) {
    OpBuilder::InsertionGuard guard(builder);
    newBlock(*region, 0);
    FailureOr<Values> values = (*fill)();
    if (failed(values))
      return failure();
    planir::YieldOp::create(builder, loc, *values);
  }
  return Values(made.getResults());
}

//===-- descend -----------------------------------------------------------===//

/// reserve 1; hold; segment 0; then exit by exit
FailureOr<ExitLowering::Values> ExitLowering::descend(decode::DescendOp given) {
  op = descending = given;
  exits = given.getExits();
  headName = given.getHeadAttr();
  for (Value count : given.getOwed()) {
    owed.push_back(outside.get(count));
    waiting = waiting ? add(waiting, owed.back()) : owed.back();
  }
  position = add(length(), waiting);
  planir::ReserveOp::create(builder, loc, given.getStateAttr(),
                            outside.number(1));
  planir::HoldOp::create(builder, loc, waiting, outside.get(given.getToken()));
  segment(given.getSegments()[0], outside.number(1), position);
  return ask({0, outside.number(0)});
}

FailureOr<ExitLowering::Values> ExitLowering::ask(Way way) {
  if (way.exit == exits.size())
    return arrive(way.riders);
  decode::ExitOp exit = exitAt(way.exit);
  Value room = sub(outside.number(descending.getMost()), waiting);
  if (descending.getExact()) {
    // What is held is no longer than the context.
    Value capacity = planir::CapacityOp::create(
        builder, loc, builder.getI64Type(), descending.getStateAttr());
    Value left = sub(sub(capacity, position), outside.number(1));
    room = binary(ArithKind::Min, room, left);
  }
  Value action = decide(exit, way.riders, room);
  auto either = [&] {
    return choose(
        action, [&] { return leave(way); }, [&] { return goOn(way); });
  };
  if (!exit.getStop())
    return either();
  Value ends = binary(ArithKind::Eq, action, outside.number(2));
  return choose(ends, [&] { return end(); }, either);
}

/// The text ends with the token at hand.
FailureOr<ExitLowering::Values> ExitLowering::end() {
  Values results = {outside.get(descending.getToken()), outside.number(1)};
  for (Value carried : descending.getInits())
    results.push_back(outside.get(carried));
  llvm::append_range(results, owed);
  return results;
}

/// The row and those that came with it wait here.
FailureOr<ExitLowering::Values> ExitLowering::leave(Way way) {
  Value one = outside.number(1), zero = outside.number(0);
  if (!exitAt(way.exit).makesLogits())
    head(way.riders, one);
  Value count = add(way.riders, one);
  move(decode::kKeepFunction, sub(waiting, way.riders), count);
  FailureOr<Values> results;
  if (descending.getExact()) {
    Value token = outside.draw({zero, add(position, one)});
    results = Values{token, zero};
    for (Value carried : descending.getInits())
      results->push_back(outside.get(carried));
  } else {
    results = answer(zero, add(position, one));
  }
  if (failed(results))
    return failure();
  for (unsigned i = 0; i < owed.size(); ++i)
    results->push_back(i < way.exit    ? zero
                       : i == way.exit ? add(owed[i], count)
                                       : owed[i]);
  return results;
}

/// With those that wait here, in front of those that came.
FailureOr<ExitLowering::Values> ExitLowering::goOn(Way way) {
  Value here = owed[way.exit], one = outside.number(1);
  Value riders = add(way.riders, here);
  Value first = sub(waiting, riders);
  auto joins = planir::IfOp::create(builder, loc, TypeRange(), here);
  {
    OpBuilder::InsertionGuard guard(builder);
    newBlock(joins.getThenBlock(), 0);
    move(decode::kKeepFunction, sub(waiting, way.riders), add(way.riders, one));
    move(decode::kResumeFunction, first, add(riders, one));
    planir::YieldOp::create(builder, loc);
  }
  segment(descending.getSegments()[way.exit + 1], add(riders, one),
          sub(position, riders));
  return ask({way.exit + 1, riders});
}

/// All layers have seen all rows.
FailureOr<ExitLowering::Values> ExitLowering::arrive(Value riders) {
  Value one = outside.number(1);
  FailureOr<Values> results;
  if (descending.getExact()) {
    results = check(riders);
  } else {
    planir::FillOp::create(builder, loc, descending.getStateAttr(),
                           add(riders, one));
    head(riders, one);
    results = answer(outside.number(0), add(position, one));
  }
  if (failed(results))
    return failure();
  results->append(owed.size(), outside.number(0));
  return results;
}

FailureOr<ExitLowering::Values> ExitLowering::answer(Value row,
                                                     Value nextPosition) {
  Values arguments = {row, nextPosition};
  for (Value carried : descending.getInits())
    arguments.push_back(outside.get(carried));
  return outside.body(arguments);
}

/// while (the token that comes next is the one that was held) { next row }
FailureOr<ExitLowering::Values> ExitLowering::check(Value riders) {
  unsigned carried = descending.getInits().size();
  Value zero = outside.number(0), one = outside.number(1);
  head(zero, add(riders, one));
  Values inits = {zero};
  for (Value value : descending.getInits())
    inits.push_back(outside.get(value));
  auto rows = planir::WhileOp::create(builder, loc, i64s(3 + carried), inits);
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(rows.getBefore(), 1 + carried);
  Value row = before->getArgument(0);
  planir::FillOp::create(builder, loc, descending.getStateAttr(), one);
  Values arguments = {row, length()};
  llvm::append_range(arguments, before->getArguments().drop_front());
  FailureOr<Values> answered = outside.body(arguments);
  if (failed(answered))
    return failure();
  Value next = add(row, one);
  Value more = binary(ArithKind::Lt, row, riders);
  auto agreed = planir::IfOp::create(builder, loc, i64s(1), more);
  {
    OpBuilder::InsertionGuard inner(builder);
    newBlock(agreed.getThenBlock(), 0);
    Value same = planir::AgreeOp::create(builder, loc, builder.getI64Type(),
                                         (*answered)[0]);
    planir::YieldOp::create(builder, loc, same);
    newBlock(agreed.getElseBlock(), 0);
    planir::YieldOp::create(builder, loc, zero);
  }
  Value goes = binary(ArithKind::Eq, (*answered)[1], zero);
  Values passed = {next};
  llvm::append_range(passed, *answered);
  planir::ConditionOp::create(
      builder, loc, binary(ArithKind::And, agreed.getResult(0), goes), passed);
  Block *again = newBlock(rows.getBody(), 3 + carried);
  Values yielded = {again->getArgument(0)};
  llvm::append_range(yielded, again->getArguments().drop_front(3));
  planir::YieldOp::create(builder, loc, yielded);
  builder.setInsertionPointAfter(rows);
  // Rows behind a token that was not the one held are forgotten.
  planir::CommitOp::create(builder, loc, descending.getStateAttr(), zero);
  return Values(rows.getResults().drop_front());
}

//===-- measure -----------------------------------------------------------===//

void ExitLowering::measure(decode::MeasureOp given) {
  op = given;
  exits = given.getExits();
  headName = given.getHeadAttr();
  Value rows = outside.get(given.getRows()), zero = outside.number(0);
  Value one = outside.number(1), at = outside.get(given.getPosition());
  auto logits =
      FlatSymbolRefAttr::get(builder.getContext(), decode::kLogitsBuffer);
  for (unsigned i = 0; i <= exits.size(); ++i) {
    segment(given.getSegments()[i], rows, at);
    if (i < exits.size())
      decide(exitAt(i), zero, zero);
    head(zero, one);
    planir::EmitLogitsOp::create(builder, loc, one, logits,
                                 builder.getI64IntegerAttr(0));
  }
}
