// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Drafts, their verification, and how a token is drawn.

#include "lib/Conversion/DecodeToPlan/BodyLowering.h"

using namespace mlir;
using namespace sinter;

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
  if (isa<decode::ProposeBestOp>(body.getTerminator()))
    return draftTree(op);
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
void BodyLowering::decide(decode::DecideOp op) {
  Type i64 = builder.getI64Type();
  Value row = get(op.getRow());
  Value count = planir::ChildrenOp::create(builder, loc, i64, row,
                                           symbol(decode::kDraftedBuffer));
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

void BodyLowering::summarize(decode::SummarizeOp op) {
  call(op.getFunctionAttr(), {get(op.getRow())});
  for (auto [place, result] : llvm::enumerate(op.getResults()))
    values.map(result, Value(planir::LoadI32Op::create(
                           builder, loc, builder.getI64Type(),
                           symbol(decode::kSummaryBuffer),
                           builder.getI64IntegerAttr(4 * int64_t(place)))));
}
