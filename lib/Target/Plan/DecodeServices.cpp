// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Services of a plan that is read back.

#include "lib/Target/Plan/FunctionDecoder.h"

using namespace mlir;
using namespace sinter;
using plan::ServiceKind;

/// How many arguments a service has at least; 0 also where its own function
/// looks.
static size_t argumentsOf(ServiceKind kind) {
  switch (kind) {
  case ServiceKind::ProposeWhile:
    return 5;
  case ServiceKind::Decide:
    return 3;
  case ServiceKind::Follow:
  case ServiceKind::Observe:
  case ServiceKind::Propose:
  case ServiceKind::Hold:
  case ServiceKind::PeekInput:
  case ServiceKind::ChooseModel:
    return 2;
  case ServiceKind::TakeRows:
  case ServiceKind::Waiting:
  case ServiceKind::PlaceDraft:
  case ServiceKind::Expand:
  case ServiceKind::Agreed:
  case ServiceKind::ProposeBest:
    return 0;
  default:
    return 1;
  }
}

llvm::Error FunctionDecoder::service(const plan::Service &op, Values &values) {
  if (op.kind() > ServiceKind::MAX)
    return bad("calls a service of unknown kind " +
               Twine(static_cast<unsigned>(op.kind())));
  const size_t wanted = argumentsOf(op.kind());
  if (wanted > 0 && (!op.args() || op.args()->size() != wanted))
    return bad("calls service " + Twine(EnumNameServiceKind(op.kind())) +
               " without its " + Twine(wanted) + " arguments");
  switch (op.kind()) {
  case ServiceKind::TakeRows:
    return takeRows(op, values);
  case ServiceKind::PlaceDraft:
    return placeDraft(op, values);
  case ServiceKind::Expand:
    return expand(op, values);
  case ServiceKind::Draft:
  case ServiceKind::Decide:
    return asking(op, values);
  case ServiceKind::TakeInput:
  case ServiceKind::EmitLogits:
  case ServiceKind::PeekInput:
  case ServiceKind::ChooseDepth:
  case ServiceKind::Recycle:
  case ServiceKind::Children:
  case ServiceKind::ProposeBest:
    return withBuffer(op, values);
  case ServiceKind::Waiting:
  case ServiceKind::Agreed:
  case ServiceKind::Agree:
  case ServiceKind::EndsText:
  case ServiceKind::PositionAfter:
  case ServiceKind::EmitToken:
  case ServiceKind::Follow:
  case ServiceKind::ProposeWhile:
  case ServiceKind::Observe:
  case ServiceKind::Propose:
  case ServiceKind::Hold:
  case ServiceKind::ChooseModel:
    ofNumbers(op, values);
    return llvm::Error::success();
  case ServiceKind::Retired:
    return bad("calls a service that is no longer there; compile the model "
               "again");
  }
  llvm_unreachable("all kinds are named");
}

/// Services that only numbers go into.
void FunctionDecoder::ofNumbers(const plan::Service &op, Values &values) {
  SmallVector<Value> args = get(op.args(), values);
  auto made = [&]<typename Op>(auto... given) {
    values[op.dst()] = Op::create(builder, loc, i64, given...);
  };
  switch (op.kind()) {
  case ServiceKind::Waiting:
    return made.operator()<planir::WaitingOp>();
  case ServiceKind::Agreed:
    return made.operator()<planir::AgreedOp>();
  case ServiceKind::Agree:
    return made.operator()<planir::AgreeOp>(args[0]);
  case ServiceKind::EndsText:
    return made.operator()<planir::EndsTextOp>(args[0]);
  case ServiceKind::PositionAfter:
    return made.operator()<planir::PositionAfterOp>(args[0]);
  case ServiceKind::EmitToken:
    return made.operator()<planir::EmitTokenOp>(args[0]);
  case ServiceKind::Follow:
    return made.operator()<planir::FollowOp>(args[0], args[1]);
  case ServiceKind::ChooseModel:
    return made.operator()<planir::ChooseModelOp>(args[0], args[1]);
  case ServiceKind::ProposeWhile:
    return made.operator()<planir::ProposeWhileOp>(
        args[0], args[1], ArrayRef<Value>(args).drop_front(2));
  case ServiceKind::Observe:
    planir::ObserveOp::create(builder, loc, args[0], args[1]);
    return;
  case ServiceKind::Propose:
    planir::ProposeOp::create(builder, loc, args[0], args[1]);
    return;
  case ServiceKind::Hold:
    planir::HoldOp::create(builder, loc, args[0], args[1]);
    return;
  default:
    llvm_unreachable("has a function of its own");
  }
}

/// Services of a drafter or an exit.
llvm::Error FunctionDecoder::asking(const plan::Service &op, Values &values) {
  const bool drafts = op.kind() == ServiceKind::Draft;
  auto whom = drafts ? symbol(names.drafters, op.index(), "drafter")
                     : symbol(names.exits, op.index(), "exit");
  if (!whom)
    return whom.takeError();
  SmallVector<Value> args = get(op.args(), values);
  values[op.dst()] =
      drafts ? Value(planir::DraftOp::create(builder, loc, i64, *whom, args[0]))
             : Value(planir::DecideOp::create(builder, loc, i64, *whom, args[0],
                                              args[1], args[2]));
  return llvm::Error::success();
}

/// Services that read or write a buffer.
llvm::Error FunctionDecoder::withBuffer(const plan::Service &op,
                                        Values &values) {
  auto buffer = symbol(names.buffers, op.buffer(), "buffer");
  if (!buffer)
    return buffer.takeError();
  IntegerAttr offset = builder.getI64IntegerAttr(op.offset());
  SmallVector<Value> args = get(op.args(), values);
  switch (op.kind()) {
  case ServiceKind::PeekInput:
    values[op.dst()] = planir::PeekInputOp::create(builder, loc, i64, args[0],
                                                   args[1], *buffer);
    break;
  case ServiceKind::Children:
    values[op.dst()] =
        planir::ChildrenOp::create(builder, loc, i64, args[0], *buffer);
    break;
  case ServiceKind::TakeInput:
    values[op.dst()] = planir::TakeInputOp::create(builder, loc, i64, args[0],
                                                   *buffer, offset);
    break;
  case ServiceKind::ChooseDepth:
    planir::ChooseDepthOp::create(builder, loc, args[0], *buffer);
    break;
  case ServiceKind::Recycle:
    planir::RecycleOp::create(builder, loc, args[0], *buffer);
    break;
  case ServiceKind::ProposeBest:
    planir::ProposeBestOp::create(builder, loc, *buffer);
    break;
  default:
    planir::EmitLogitsOp::create(builder, loc, args[0], *buffer, offset);
  }
  return llvm::Error::success();
}

llvm::Error FunctionDecoder::takeRows(const plan::Service &op, Values &values) {
  if (!op.results() || op.results()->size() != 3)
    return bad("calls service TakeRows without its three results");
  auto buffer = symbol(names.buffers, op.buffer(), "buffer");
  if (!buffer)
    return buffer.takeError();
  auto made = planir::TakeRowsOp::create(
      builder, loc, SmallVector<Type>(3, i64), *buffer,
      builder.getI64IntegerAttr(op.offset()));
  for (unsigned i = 0; i < 3; ++i)
    values[op.results()->Get(i)] = made.getResult(i);
  return llvm::Error::success();
}

llvm::Error FunctionDecoder::placeDraft(const plan::Service &op,
                                        Values &values) {
  if (!op.results() || op.results()->size() != 2)
    return bad("calls service PlaceDraft without its two results");
  auto state = symbol(names.states, op.index(), "state");
  if (!state)
    return state.takeError();
  auto buffer = symbol(names.buffers, op.buffer(), "buffer");
  if (!buffer)
    return buffer.takeError();
  auto made =
      planir::PlaceDraftOp::create(builder, loc, i64, i64, *state, *buffer,
                                   builder.getI64IntegerAttr(op.offset()));
  values[op.results()->Get(0)] = made.getAt();
  values[op.results()->Get(1)] = made.getRuns();
  return llvm::Error::success();
}

llvm::Error FunctionDecoder::expand(const plan::Service &op, Values &values) {
  if (!op.results() || op.results()->size() != 3)
    return bad("calls service Expand without its three results");
  auto state = symbol(names.states, op.index(), "state");
  if (!state)
    return state.takeError();
  auto made = planir::ExpandOp::create(builder, loc, i64, i64, i64, *state);
  for (unsigned i = 0; i < 3; ++i)
    values[op.results()->Get(i)] = made.getResult(i);
  return llvm::Error::success();
}
