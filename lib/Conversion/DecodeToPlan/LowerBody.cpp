// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bodies of programs and launch lists: everything becomes an i64 value.

#include "lib/Conversion/DecodeToPlan/LowerExits.h"
#include "lib/Conversion/DecodeToPlan/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;

namespace {

class BodyLowering {
public:
  BodyLowering(planir::FuncOp function)
      : function(function), builder(function.getContext()) {
    builder.setInsertionPointToEnd(&function.getBody().front());
  }

  /// Lowers `from` into the entry block.
  LogicalResult run(Block &from);

private:
  using BinaryKind = std::optional<planir::ArithKind>;

  LogicalResult block(Block &from);
  LogicalResult lower(Operation *op);
  LogicalResult lowerState(Operation *op);
  LogicalResult lowerWork(Operation *op);
  LogicalResult constant(arith::ConstantOp op);
  LogicalResult compare(arith::CmpIOp op);
  LogicalResult launch(tile::LaunchOp op);
  LogicalResult branch(scf::IfOp op);
  LogicalResult count(scf::ForOp op);
  LogicalResult loop(decode::LoopOp op);
  LogicalResult prefill(decode::PrefillOp op);
  LogicalResult step(decode::StepOp op);
  LogicalResult stepBody(decode::StepOp op);
  void placeTree(decode::StepOp op);
  LogicalResult batch(decode::BatchOp op);
  LogicalResult draft(decode::DraftOp op);
  LogicalResult catchUp(decode::CatchUpOp op);
  LogicalResult cutBack(decode::CutBackOp op);
  LogicalResult verify(decode::VerifyOp op);
  void observe(decode::VerifyOp op);
  /// What a function that draws leaves as its token.
  Value drawnToken(int64_t place = 0);
  void observeTree(decode::VerifyOp op, Value count);
  void sample(decode::SampleOp op);
  LogicalResult keeps(decode::KeepsOp op);
  void decide(decode::DecideOp op, bool drafted = true);
  void draw(Operation *op, bool drafted);
  void summarize(decode::SummarizeOp op);
  LogicalResult forward(decode::ForwardOp op);
  LogicalResult descend(decode::DescendOp op);
  void measure(decode::MeasureOp op);

  /// Copies the block of `from` into a new block of `to`.
  LogicalResult region(Region &from, Region &to);
  Block *newBlock(Region &region, unsigned arguments);
  Value number(int64_t value);
  Value binary(planir::ArithKind kind, Value lhs, Value rhs) {
    return planir::ArithOp::create(builder, loc, builder.getI64Type(), kind,
                                   lhs, rhs);
  }
  LogicalResult set(Value old, Value now) {
    values.map(old, now);
    return success();
  }
  Value get(Value old) { return values.lookup(old); }
  SmallVector<Value> get(ValueRange old) {
    return llvm::map_to_vector(old, [&](Value value) { return get(value); });
  }
  SmallVector<Type> i64s(unsigned n) {
    return SmallVector<Type>(n, builder.getI64Type());
  }
  FlatSymbolRefAttr symbol(StringRef name) {
    return FlatSymbolRefAttr::get(builder.getContext(), name);
  }
  void call(FlatSymbolRefAttr callee, ValueRange args) {
    planir::CallOp::create(builder, loc, TypeRange(), callee, args);
  }
  static BinaryKind kindOf(Operation *op);

  planir::FuncOp function;
  OpBuilder builder;
  Location loc = UnknownLoc::get(builder.getContext());
  IRMapping values;
  /// Constants stand once, at the start of the function.
  DenseMap<int64_t, Value> numbers;
};

} // namespace

LogicalResult BodyLowering::run(Block &from) {
  values.map(from.getArguments(), function.getBody().getArguments());
  return block(from);
}

LogicalResult BodyLowering::block(Block &from) {
  for (Operation &op : from) {
    loc = op.getLoc();
    if (failed(lower(&op)))
      return failure();
  }
  return success();
}

Value BodyLowering::number(int64_t value) {
  Value &found = numbers[value];
  if (!found) {
    OpBuilder::InsertionGuard guard(builder);
    Block *entry = &function.getBody().front();
    builder.setInsertionPointToStart(entry);
    while (builder.getInsertionPoint() != entry->end() &&
           isa<planir::ConstOp>(*builder.getInsertionPoint()))
      builder.setInsertionPointAfter(&*builder.getInsertionPoint());
    found = planir::ConstOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  }
  return found;
}

Block *BodyLowering::newBlock(Region &region, unsigned arguments) {
  return builder.createBlock(&region, region.end(), i64s(arguments),
                             SmallVector<Location>(arguments, loc));
}

LogicalResult BodyLowering::region(Region &from, Region &to) {
  OpBuilder::InsertionGuard guard(builder);
  Block &source = from.front();
  Block *target = newBlock(to, source.getNumArguments());
  values.map(source.getArguments(), target->getArguments());
  return block(source);
}

//===-- arithmetic --------------------------------------------------------===//

BodyLowering::BinaryKind BodyLowering::kindOf(Operation *op) {
  using planir::ArithKind;
  return TypeSwitch<Operation *, BinaryKind>(op)
      .Case([](arith::AddIOp) { return ArithKind::Add; })
      .Case([](arith::SubIOp) { return ArithKind::Sub; })
      .Case([](arith::MulIOp) { return ArithKind::Mul; })
      .Case([](arith::DivSIOp) { return ArithKind::Div; })
      .Case([](arith::RemSIOp) { return ArithKind::Rem; })
      .Case([](arith::MinSIOp) { return ArithKind::Min; })
      .Case([](arith::MaxSIOp) { return ArithKind::Max; })
      .Case([](arith::AndIOp) { return ArithKind::And; })
      .Case([](arith::OrIOp) { return ArithKind::Or; })
      .Default(std::nullopt);
}

LogicalResult BodyLowering::constant(arith::ConstantOp op) {
  if (auto integer = dyn_cast<IntegerAttr>(op.getValue())) {
    bool flag = op.getType().isInteger(1);
    return set(op, number(flag ? integer.getValue().getZExtValue()
                               : integer.getValue().getSExtValue()));
  }
  // A float travels as its bits in the low half.
  if (auto real = dyn_cast<FloatAttr>(op.getValue());
      real && op.getType().isF32())
    return set(op, number(real.getValue().bitcastToAPInt().getZExtValue()));
  return op.emitOpError("has no counterpart in a plan");
}

LogicalResult BodyLowering::compare(arith::CmpIOp op) {
  using planir::ArithKind;
  Value lhs = get(op.getLhs()), rhs = get(op.getRhs());
  switch (op.getPredicate()) {
  case arith::CmpIPredicate::eq:
    return set(op, binary(ArithKind::Eq, lhs, rhs));
  case arith::CmpIPredicate::ne:
    return set(op, binary(ArithKind::Ne, lhs, rhs));
  case arith::CmpIPredicate::slt:
    return set(op, binary(ArithKind::Lt, lhs, rhs));
  case arith::CmpIPredicate::sle:
    return set(op, binary(ArithKind::Le, lhs, rhs));
  case arith::CmpIPredicate::sgt:
    return set(op, binary(ArithKind::Lt, rhs, lhs));
  case arith::CmpIPredicate::sge:
    return set(op, binary(ArithKind::Le, rhs, lhs));
  default:
    return op.emitOpError("compares unsigned; a plan has signed numbers only");
  }
}

//===-- launches ----------------------------------------------------------===//

LogicalResult BodyLowering::launch(tile::LaunchOp op) {
  SmallVector<Attribute> bindings;
  for (Attribute binding : op.getBindings()) {
    bindings.push_back(lowerBinding(binding));
    if (!bindings.back())
      return op.emitOpError("cannot bind ") << binding << " in a plan";
  }
  planir::DispatchOp::create(builder, loc, op.getCalleeAttr(),
                             builder.getArrayAttr(bindings),
                             get(op.getScalars()));
  return success();
}

//===-- control flow ------------------------------------------------------===//

LogicalResult BodyLowering::branch(scf::IfOp op) {
  auto made = planir::IfOp::create(builder, loc, i64s(op.getNumResults()),
                                   get(op.getCondition()));
  if (failed(region(op.getThenRegion(), made.getThenBlock())))
    return failure();
  if (!op.getElseRegion().empty() &&
      failed(region(op.getElseRegion(), made.getElseBlock())))
    return failure();
  values.map(op.getResults(), made.getResults());
  return success();
}

/// for: carries the index and the values of the loop.
LogicalResult BodyLowering::count(scf::ForOp op) {
  SmallVector<Value> inits = {get(op.getLowerBound())};
  llvm::append_range(inits, get(op.getInits()));
  unsigned carried = inits.size();
  auto made = planir::WhileOp::create(builder, loc, i64s(carried), inits);
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), carried);
  Value more = binary(planir::ArithKind::Lt, before->getArgument(0),
                      get(op.getUpperBound()));
  planir::ConditionOp::create(builder, loc, more, before->getArguments());
  Block *body = newBlock(made.getBody(), carried);
  values.map(op.getBody()->getArguments(), body->getArguments());
  for (Operation &inner : op.getBody()->without_terminator()) {
    loc = inner.getLoc();
    if (failed(lower(&inner)))
      return failure();
  }
  SmallVector<Value> next = {
      binary(planir::ArithKind::Add, body->getArgument(0), get(op.getStep()))};
  llvm::append_range(next, get(op.getYieldedValues()));
  planir::YieldOp::create(builder, loc, next);
  values.map(op.getResults(), made.getResults().drop_front());
  return success();
}

LogicalResult BodyLowering::loop(decode::LoopOp op) {
  auto made = planir::WhileOp::create(builder, loc, i64s(op.getNumResults()),
                                      get(op.getInits()));
  if (failed(region(op.getRound(), made.getBefore())) ||
      failed(region(op.getAdvance(), made.getBody())))
    return failure();
  values.map(op.getResults(), made.getResults());
  return success();
}

//===-- state -------------------------------------------------------------===//

/// while (rows = take_input(chunk)) { reserve; body; commit }
LogicalResult BodyLowering::prefill(decode::PrefillOp op) {
  auto made =
      planir::WhileOp::create(builder, loc, i64s(2), ValueRange{number(0)});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), 1);
  Value rows = planir::TakeInputOp::create(
      builder, loc, builder.getI64Type(), get(op.getChunk()),
      symbol(decode::kIdsBuffer), builder.getI64IntegerAttr(0));
  planir::ConditionOp::create(builder, loc, rows,
                              ValueRange{rows, before->getArgument(0)});
  Block *body = newBlock(made.getBody(), 2);
  Value taken = body->getArgument(0);
  Value position = planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                            op.getStateAttr());
  planir::ReserveOp::create(builder, loc, op.getStateAttr(), taken);
  values.map(op.getBody().getArgument(0), taken);
  values.map(op.getBody().getArgument(1), position);
  if (failed(block(op.getBody().front())))
    return failure();
  planir::YieldOp::create(builder, loc, taken);
  return set(op.getLast(), made.getResult(1));
}

/// Rows of a tree get room, and places that the host chooses.
void BodyLowering::placeTree(decode::StepOp op) {
  auto placed = planir::PlaceDraftOp::create(
      builder, loc, builder.getI64Type(), builder.getI64Type(),
      op.getStateAttr(), symbol(decode::kRunsBuffer),
      builder.getI64IntegerAttr(0));
  values.map(op.getBody().getArguments(), placed.getResults());
}

LogicalResult BodyLowering::step(decode::StepOp op) {
  if (op.getTree()) {
    placeTree(op);
    return stepBody(op);
  }
  Value position = planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                            op.getStateAttr());
  planir::ReserveOp::create(builder, loc, op.getStateAttr(), get(op.getRows()));
  values.map(op.getBody().getArgument(0), position);
  return stepBody(op);
}

LogicalResult BodyLowering::stepBody(decode::StepOp op) {
  if (failed(block(op.getBody().front())))
    return failure();
  auto commit = cast<decode::CommitOp>(op.getBody().front().getTerminator());
  values.map(op.getResults(), get(commit.getValues()));
  return success();
}

/// while (row >= 0 and no stop) { keep row; body; row = follow(row, token) }
/// The draft is followed as soon as the token is known: what the body does with
/// it may take the caller long.
LogicalResult BodyLowering::verify(decode::VerifyOp op) {
  Block &body = op.getBody().front();
  auto accept = cast<decode::AcceptOp>(body.getTerminator());
  unsigned carried = op.getInits().size();
  SmallVector<Value> inits = {number(0)};
  llvm::append_range(inits, get(op.getInits()));
  auto made = planir::WhileOp::create(builder, loc, i64s(3 + carried), inits);
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), 1 + carried);
  Value row = before->getArgument(0);
  if (op->getParentOfType<decode::StepOp>().getTree())
    planir::KeepRowOp::create(builder, loc, op.getStateAttr(), row);
  else
    planir::KeepOp::create(builder, loc, op.getStateAttr(), number(1));
  Value position = planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                            op.getStateAttr());
  values.map(body.getArgument(0), row);
  values.map(body.getArgument(1), position);
  values.map(body.getArguments().drop_front(2),
             before->getArguments().drop_front(1));
  Value next;
  for (Operation &inner : body.without_terminator()) {
    loc = inner.getLoc();
    if (failed(lower(&inner)))
      return failure();
    if (&inner == accept.getToken().getDefiningOp())
      next = planir::FollowOp::create(builder, loc, builder.getI64Type(), row,
                                      get(accept.getToken()));
  }
  Value right = binary(planir::ArithKind::Le, number(0), next);
  Value goesOn =
      binary(planir::ArithKind::Eq, get(accept.getStop()), number(0));
  SmallVector<Value> passed = {next, get(accept.getToken()),
                               get(accept.getStop())};
  llvm::append_range(passed, get(accept.getCarried()));
  planir::ConditionOp::create(
      builder, loc, binary(planir::ArithKind::And, right, goesOn), passed);
  Block *again = newBlock(made.getBody(), 3 + carried);
  SmallVector<Value> yielded = {again->getArgument(0)};
  llvm::append_range(yielded, again->getArguments().drop_front(3));
  planir::YieldOp::create(builder, loc, yielded);
  values.map(op.getResults(), made.getResults().drop_front());
  builder.setInsertionPointAfter(made);
  if (op.getObserves())
    observe(op);
  return success();
}

/// count = draft; for each, until the policy has enough: { body; propose }
LogicalResult BodyLowering::draft(decode::DraftOp op) {
  Type i64 = builder.getI64Type();
  Value count = planir::DraftOp::create(builder, loc, i64, op.getDrafterAttr(),
                                        get(op.getMost()));
  if (op.getBody().empty())
    return set(op, binary(planir::ArithKind::Add, count, number(1)));
  Block &body = op.getBody().front();
  Value length = planir::LengthOp::create(builder, loc, i64, op.getAfterAttr());
  auto made = planir::WhileOp::create(builder, loc, i64s(2),
                                      ValueRange{number(0), count});
  OpBuilder::InsertionGuard guard(builder);
  Block *test = newBlock(made.getBefore(), 2);
  planir::ConditionOp::create(
      builder, loc,
      binary(planir::ArithKind::Lt, test->getArgument(0), test->getArgument(1)),
      test->getArguments());
  // The id after row n has the row n + 1, as far behind the first one.
  Block *again = newBlock(made.getBody(), 2);
  Value row = binary(planir::ArithKind::Add, again->getArgument(0), number(1));
  values.map(body.getArgument(0), binary(planir::ArithKind::Add, length, row));
  for (Operation &inner : body.without_terminator()) {
    loc = inner.getLoc();
    if (failed(lower(&inner)))
      return failure();
  }
  auto propose = cast<decode::ProposeOp>(body.getTerminator());
  Value wanted = again->getArgument(1), token = get(propose.getToken());
  if (propose.getGiven().empty()) {
    planir::ProposeOp::create(builder, loc, row, token);
  } else {
    Value more = planir::ProposeWhileOp::create(builder, loc, i64, row, token,
                                                get(propose.getGiven()));
    // No more than there are now, where it has enough.
    Value left = binary(planir::ArithKind::Sub, wanted, row);
    wanted = binary(planir::ArithKind::Add, row,
                    binary(planir::ArithKind::Mul, more, left));
  }
  planir::YieldOp::create(builder, loc, ValueRange{row, wanted});
  builder.setInsertionPointAfter(made);
  return set(op, binary(planir::ArithKind::Add, made.getResult(0), number(1)));
}

/// while (rows = min(to - length, chunk) > 0) { reserve; body; commit }
LogicalResult BodyLowering::catchUp(decode::CatchUpOp op) {
  auto made =
      planir::WhileOp::create(builder, loc, i64s(3), ValueRange{number(0)});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(made.getBefore(), 1);
  Value length = planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                          op.getStateAttr());
  Value rows = binary(planir::ArithKind::Min,
                      binary(planir::ArithKind::Sub, get(op.getTo()), length),
                      get(op.getChunk()));
  Value more = binary(planir::ArithKind::Lt, number(0), rows);
  planir::ConditionOp::create(builder, loc, more,
                              ValueRange{rows, length, before->getArgument(0)});
  Block *body = newBlock(made.getBody(), 3);
  planir::ReserveOp::create(builder, loc, op.getStateAttr(),
                            body->getArgument(0));
  values.map(op.getBody().getArguments(), body->getArguments().take_front(2));
  if (failed(block(op.getBody().front())))
    return failure();
  planir::YieldOp::create(builder, loc, body->getArgument(0));
  return set(op.getLast(), made.getResult(2));
}

LogicalResult BodyLowering::cutBack(decode::CutBackOp op) {
  auto length = [&](FlatSymbolRefAttr state) {
    return planir::LengthOp::create(builder, loc, builder.getI64Type(), state);
  };
  Value own = length(op.getStateAttr()), kept = length(op.getToAttr());
  planir::TruncateOp::create(builder, loc, op.getStateAttr(),
                             binary(planir::ArithKind::Min, own, kept));
  return success();
}

/// for the rows of the draft behind those that were kept:
/// observe(row, what the body would have drawn)
void BodyLowering::observe(decode::VerifyOp op) {
  auto step = op->getParentOfType<decode::StepOp>();
  if (step.getTree())
    return observeTree(op, get(step.getRows()));
  Block &body = op.getBody().front();
  auto accept = cast<decode::AcceptOp>(body.getTerminator());
  Operation *drawn = accept.getToken().getDefiningOp();
  Value first = get(step.getBody().getArgument(0));
  Value length = planir::LengthOp::create(builder, loc, builder.getI64Type(),
                                          op.getStateAttr());
  Value kept = binary(planir::ArithKind::Sub, length, first);
  auto rows = planir::WhileOp::create(builder, loc, i64s(1), ValueRange{kept});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(rows.getBefore(), 1);
  Value row = before->getArgument(0);
  planir::ConditionOp::create(
      builder, loc, binary(planir::ArithKind::Lt, row, get(step.getRows())),
      before->getArguments());
  row = newBlock(rows.getBody(), 1)->getArgument(0);
  Value behind = binary(planir::ArithKind::Add, row, number(1));
  values.map(body.getArgument(0), row);
  values.map(body.getArgument(1),
             binary(planir::ArithKind::Add, first, behind));
  draw(drawn, /*drafted=*/false);
  planir::ObserveOp::create(builder, loc, row, get(accept.getToken()));
  planir::YieldOp::create(builder, loc, behind);
}

/// Rows of a tree: any but those that were kept.
void BodyLowering::observeTree(decode::VerifyOp op, Value count) {
  Block &body = op.getBody().front();
  auto accept = cast<decode::AcceptOp>(body.getTerminator());
  auto drawn = accept.getToken().getDefiningOp<decode::SampleOp>();
  auto rows =
      planir::WhileOp::create(builder, loc, i64s(1), ValueRange{number(0)});
  OpBuilder::InsertionGuard guard(builder);
  Block *before = newBlock(rows.getBefore(), 1);
  Value row = before->getArgument(0);
  planir::ConditionOp::create(builder, loc,
                              binary(planir::ArithKind::Lt, row, count),
                              before->getArguments());
  row = newBlock(rows.getBody(), 1)->getArgument(0);
  Value position =
      planir::PositionAfterOp::create(builder, loc, builder.getI64Type(), row);
  auto branch =
      planir::IfOp::create(builder, loc, TypeRange(),
                           binary(planir::ArithKind::Le, number(0), position));
  {
    OpBuilder::InsertionGuard inner(builder);
    newBlock(branch.getThenBlock(), 0);
    values.map(body.getArgument(0), row);
    values.map(body.getArgument(1), position);
    sample(drawn);
    planir::ObserveOp::create(builder, loc, row, get(drawn));
    planir::YieldOp::create(builder, loc);
  }
  planir::YieldOp::create(builder, loc,
                          binary(planir::ArithKind::Add, row, number(1)));
}

/// take_rows; reserve_rows; body; commit_rows
LogicalResult BodyLowering::batch(decode::BatchOp op) {
  auto rows = planir::TakeRowsOp::create(builder, loc, i64s(3),
                                         symbol(decode::kRunsBuffer),
                                         builder.getI64IntegerAttr(0));
  planir::ReserveRowsOp::create(builder, loc, op.getStateAttr());
  values.map(op.getBody().getArguments(), rows.getResults());
  return block(op.getBody().front());
}

/// A function that takes no runs computes one sequence, as one that gets none.
LogicalResult BodyLowering::forward(decode::ForwardOp op) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<FunctionOpInterface>(
      op, op.getFunctionAttr());
  SmallVector<Value> arguments = {
      get(op.getRows()), op.getPosition() ? get(op.getPosition()) : number(0)};
  if (callee.getNumArguments() == 3)
    arguments.push_back(op.getRuns() ? get(op.getRuns()) : number(0));
  call(op.getFunctionAttr(), arguments);
  return success();
}

void BodyLowering::sample(decode::SampleOp op) {
  SmallVector<Value> arguments;
  if (op.getRow())
    arguments.push_back(get(op.getRow()));
  llvm::append_range(arguments, get(op.getArgs()));
  call(op.getFunctionAttr(), arguments);
  values.map(op.getToken(), drawnToken());
}

Value BodyLowering::drawnToken(int64_t place) {
  return planir::LoadI32Op::create(builder, loc, builder.getI64Type(),
                                   symbol(decode::kTokenBuffer),
                                   builder.getI64IntegerAttr(4 * place));
}

/// A judged id that would end the text is none: the one drawn counts.
void BodyLowering::decide(decode::DecideOp op, bool drafted) {
  Type i64 = builder.getI64Type();
  Value row = get(op.getRow());
  Value count = drafted
                    ? planir::ChildrenOp::create(builder, loc, i64, row,
                                                 symbol(decode::kDraftedBuffer))
                    : number(0);
  SmallVector<Value> arguments = {row, count};
  llvm::append_range(arguments, get(op.getArgs()));
  call(op.getFunctionAttr(), arguments);
  Value token = drawnToken();
  if (op.getRule() == decode::RuleKind::Judge) {
    Value drawn = drawnToken(1);
    Value ends = planir::EndsTextOp::create(builder, loc, i64, token);
    Value change = binary(planir::ArithKind::Sub, drawn, token);
    token = binary(planir::ArithKind::Add, token,
                   binary(planir::ArithKind::Mul, ends, change));
  }
  values.map(op.getToken(), token);
}

/// For rows that are only observed nothing counts as drafted.
void BodyLowering::draw(Operation *op, bool drafted) {
  if (auto inner = dyn_cast<decode::DecideOp>(op))
    return decide(inner, drafted);
  sample(cast<decode::SampleOp>(op));
}

void BodyLowering::summarize(decode::SummarizeOp op) {
  call(op.getFunctionAttr(), {get(op.getRow())});
  for (auto [place, result] : llvm::enumerate(op.getResults()))
    values.map(result, Value(planir::LoadI32Op::create(
                           builder, loc, builder.getI64Type(),
                           symbol(decode::kSummaryBuffer),
                           builder.getI64IntegerAttr(4 * int64_t(place)))));
}

/// A bit for each layer that the sequence leaves out, in words of 32.
LogicalResult BodyLowering::keeps(decode::KeepsOp op) {
  int64_t word = op.getLayer() / 32, bit = op.getLayer() % 32;
  Value words = planir::LoadI32Op::create(builder, loc, builder.getI64Type(),
                                          symbol(decode::kSkippedBuffer),
                                          builder.getI64IntegerAttr(4 * word));
  Value skipped =
      binary(planir::ArithKind::And, words, number(int64_t(1) << bit));
  return set(op, binary(planir::ArithKind::Eq, skipped, number(0)));
}

//===-- exits -------------------------------------------------------------===//

LogicalResult BodyLowering::descend(decode::DescendOp op) {
  Block &block = op.getBody().front();
  auto drawn = cast<decode::DrawnOp>(block.getTerminator());
  auto body = [&](ValueRange arguments) -> FailureOr<SmallVector<Value>> {
    values.map(block.getArguments(), arguments);
    for (Operation &inner : block.without_terminator()) {
      loc = inner.getLoc();
      if (failed(lower(&inner)))
        return failure();
    }
    return get(drawn->getOperands());
  };
  auto draw = [&](ValueRange arguments) {
    values.map(block.getArguments().take_front(2), arguments);
    auto drawer = drawn.getToken().getDefiningOp<decode::SampleOp>();
    sample(drawer);
    return get(drawer);
  };
  auto numbers = [&](int64_t value) { return number(value); };
  auto lookUp = [&](Value value) { return get(value); };
  FailureOr<SmallVector<Value>> results =
      ExitLowering(builder, loc, {numbers, lookUp, body, draw}).descend(op);
  if (failed(results))
    return failure();
  values.map(op.getResults(), *results);
  return success();
}

void BodyLowering::measure(decode::MeasureOp op) {
  auto numbers = [&](int64_t value) { return number(value); };
  auto lookUp = [&](Value value) { return get(value); };
  ExitLowering(builder, loc, {numbers, lookUp, nullptr, nullptr}).measure(op);
}

//===-- one op ------------------------------------------------------------===//

/// Ops of `decode` that stand for work.
LogicalResult BodyLowering::lowerWork(Operation *op) {
  Type i64 = builder.getI64Type();
  IntegerAttr start = builder.getI64IntegerAttr(0);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](decode::FeedOp feed) {
        planir::StoreI32Op::create(builder, loc, get(feed.getToken()),
                                   symbol(decode::kIdsBuffer), start);
        return success();
      })
      .Case([&](decode::ForwardOp inner) { return forward(inner); })
      .Case([&](decode::HeadOp head) {
        call(head.getFunctionAttr(),
             {get(head.getFirst()), get(head.getRows())});
        return success();
      })
      .Case([&](decode::DraftOp inner) { return draft(inner); })
      .Case([&](decode::KeepsOp inner) { return keeps(inner); })
      .Case([&](decode::WaitingOp waiting) {
        return set(waiting, planir::WaitingOp::create(builder, loc, i64));
      })
      .Case([&](decode::ChooseDepthOp choose) {
        planir::ChooseDepthOp::create(builder, loc, get(choose.getPrefer()),
                                      symbol(decode::kSkippedBuffer));
        return success();
      })
      .Case([&](decode::MeasureOp inner) {
        measure(inner);
        return success();
      })
      .Case([&](decode::SampleOp inner) {
        sample(inner);
        return success();
      })
      .Case([&](decode::DecideOp inner) {
        decide(inner);
        return success();
      })
      .Case([&](decode::JudgeOp judge) {
        call(judge.getFunctionAttr(), {get(judge.getRows())});
        return success();
      })
      .Case([&](decode::SummarizeOp inner) {
        summarize(inner);
        return success();
      })
      .Case([&](decode::EmitOp emit) {
        return set(emit, planir::EmitTokenOp::create(builder, loc, i64,
                                                     get(emit.getToken())));
      })
      .Case([&](decode::EmitLogitsOp emit) {
        planir::EmitLogitsOp::create(builder, loc, get(emit.getRows()),
                                     symbol(decode::kLogitsBuffer), start);
        return success();
      })
      .Default([&](Operation *other) -> LogicalResult {
        return other->emitOpError("has no counterpart in a plan");
      });
}

/// Ops of `decode` that ask or change the state.
LogicalResult BodyLowering::lowerState(Operation *op) {
  Type i64 = builder.getI64Type();
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](decode::PrefillOp inner) { return prefill(inner); })
      .Case([&](decode::StepOp inner) { return step(inner); })
      .Case([&](decode::BatchOp inner) { return batch(inner); })
      .Case([&](decode::VerifyOp inner) { return verify(inner); })
      .Case([&](decode::DescendOp inner) { return descend(inner); })
      .Case([&](decode::CatchUpOp inner) { return catchUp(inner); })
      .Case([&](decode::CutBackOp inner) { return cutBack(inner); })
      .Case([&](decode::CommitOp commit) {
        if (auto batch = dyn_cast<decode::BatchOp>(commit->getParentOp())) {
          planir::CommitRowsOp::create(builder, loc, batch.getStateAttr());
          return success();
        }
        auto state =
            commit->getParentOp()->getAttrOfType<FlatSymbolRefAttr>("state");
        planir::CommitOp::create(builder, loc, state, get(commit.getCount()));
        return success();
      })
      .Case([&](decode::LengthOp length) {
        return set(length, planir::LengthOp::create(builder, loc, i64,
                                                    length.getStateAttr()));
      })
      .Case([&](decode::RoomOp room) {
        FlatSymbolRefAttr state = room.getStateAttr();
        Value capacity = planir::CapacityOp::create(builder, loc, i64, state);
        // Rows that wait are reserved; the token comes behind them.
        auto descend = room->getParentOfType<decode::DescendOp>();
        Value length = descend
                           ? get(descend.getBody().getArgument(1))
                           : planir::LengthOp::create(builder, loc, i64, state);
        return set(room, binary(planir::ArithKind::Sub, capacity, length));
      })
      .Default([&](Operation *other) { return lowerWork(other); });
}

LogicalResult BodyLowering::lower(Operation *op) {
  if (BinaryKind kind = kindOf(op))
    return set(op->getResult(0),
               binary(*kind, get(op->getOperand(0)), get(op->getOperand(1))));
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](arith::ConstantOp inner) { return constant(inner); })
      .Case([&](arith::CmpIOp inner) { return compare(inner); })
      .Case<arith::IndexCastOp, arith::ExtUIOp>([&](Operation *cast) {
        return set(cast->getResult(0), get(cast->getOperand(0)));
      })
      .Case([&](tile::LaunchOp inner) { return launch(inner); })
      .Case([&](tile::HalfOp half) {
        return set(half,
                   planir::HalfOp::create(builder, loc, builder.getI64Type(),
                                          half.getStateAttr()));
      })
      .Case([&](tile::UnplayedOp unplayed) {
        return set(unplayed, planir::UnplayedOp::create(
                                 builder, loc, builder.getI64Type(),
                                 unplayed.getStateAttr()));
      })
      .Case([&](scf::IfOp inner) { return branch(inner); })
      .Case([&](scf::ForOp inner) { return count(inner); })
      .Case([&](decode::LoopOp inner) { return loop(inner); })
      .Case([&](decode::StopOp stop) {
        Value more =
            binary(planir::ArithKind::Eq, get(stop.getWhen()), number(0));
        planir::ConditionOp::create(builder, loc, more, get(stop.getValues()));
        return success();
      })
      .Case<decode::NextOp, scf::YieldOp>([&](Operation *end) {
        planir::YieldOp::create(builder, loc, get(end->getOperands()));
        return success();
      })
      .Case<decode::ReturnOp, func::ReturnOp>([&](Operation *end) {
        planir::ReturnOp::create(builder, loc, get(end->getOperands()));
        return success();
      })
      .Default([&](Operation *other) { return lowerState(other); });
}

//===-- functions ---------------------------------------------------------===//

LogicalResult sinter::lowerFunction(func::FuncOp function, OpBuilder &builder) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("is neither a region nor a launch list of one "
                                "block");
  auto made = planir::FuncOp::create(
      builder, function.getLoc(), function.getSymName(),
      toRefs(parameterNames(function)), function.getNumResults());
  return BodyLowering(made).run(function.getBody().front());
}

LogicalResult sinter::lowerProgram(decode::ProgramOp program,
                                   OpBuilder &builder) {
  auto names =
      llvm::to_vector(program.getParams().getAsValueRange<StringAttr>());
  auto made =
      planir::FuncOp::create(builder, program.getLoc(), program.getSymName(),
                             names, program.getNumResults());
  return BodyLowering(made).run(program.getBody().front());
}
