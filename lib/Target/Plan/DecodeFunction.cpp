// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From registers back to SSA values. Structured control flow needs no general
// SSA construction: a branch gives the registers that it writes and that are
// read later, a loop carries the ones that it writes and reads.

#include "lib/Target/Plan/FunctionDecoder.h"

using namespace mlir;
using namespace sinter;

//===-- checks ------------------------------------------------------------===//

llvm::Error FunctionDecoder::checkRegisters(const plan::Op &op,
                                            uint32_t count) {
  Effects effects = effectsOf(op);
  for (const std::vector<uint32_t> &list : {effects.reads, effects.writes})
    for (uint32_t index : list)
      if (index >= count)
        return bad("uses register " + Twine(index) + " of " + Twine(count));
  return llvm::Error::success();
}

llvm::Error FunctionDecoder::checkRegisters(const plan::Block *block,
                                            uint32_t count, unsigned depth) {
  if (depth > planir::kMaxDepth)
    return bad("nests control flow more than " + Twine(planir::kMaxDepth) +
               " deep");
  for (const plan::Op *op : opsOf(block)) {
    if (llvm::Error error = checkRegisters(*op, count))
      return error;
    SmallVector<const plan::Block *> blocks;
    if (auto *branch = op->op_as_If()) {
      blocks = {branch->then_block(), branch->else_block()};
    } else if (auto *loop = op->op_as_While()) {
      blocks = {loop->before(), loop->body()};
      if (loop->condition() >= count)
        return bad("uses register " + Twine(loop->condition()) + " of " +
                   Twine(count));
    }
    for (const plan::Block *inner : blocks)
      if (llvm::Error error = checkRegisters(inner, count, depth + 1))
        return error;
  }
  return llvm::Error::success();
}

/// A register that was never written holds 0.
Value FunctionDecoder::get(uint32_t index, Values &values) {
  if (Value found = values.lookup(index))
    return found;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  return planir::ConstOp::create(builder, loc, i64,
                                 builder.getI64IntegerAttr(0));
}

//===-- control flow ------------------------------------------------------===//

llvm::Error FunctionDecoder::branch(const plan::If &op,
                                    const RegisterSet &after, Values &values,
                                    unsigned depth) {
  RegisterSet results = liveness.writes(op.then_block());
  results |= liveness.writes(op.else_block());
  results &= after;
  auto made = planir::IfOp::create(builder, loc, types(results),
                                   get(op.condition(), values));
  auto fill = [&](Region &region, const plan::Block *from) -> llvm::Error {
    OpBuilder::InsertionGuard guard(builder);
    newBlock(region, 0);
    Values inside = values;
    if (llvm::Error error = block(from, after, inside, depth + 1))
      return error;
    planir::YieldOp::create(builder, loc, get(results, inside));
    return llvm::Error::success();
  };
  if (llvm::Error error = fill(made.getThenBlock(), op.then_block()))
    return error;
  if (!results.empty() || !opsOf(op.else_block()).empty())
    if (llvm::Error error = fill(made.getElseBlock(), op.else_block()))
      return error;
  put(results, made.getResults(), values);
  return llvm::Error::success();
}

llvm::Error FunctionDecoder::loop(const plan::While &op,
                                  const RegisterSet &after, Values &values,
                                  unsigned depth) {
  RegisterSet head = liveness.loopHead(op, after);
  RegisterSet test = liveness.loopTest(op, head, after);
  RegisterSet written = liveness.writes(op.before());
  written |= liveness.writes(op.body());
  RegisterSet carried = written;
  carried &= head;
  RegisterSet passed = liveness.before(op.body(), head);
  passed |= after;
  passed &= written;
  auto made = planir::WhileOp::create(builder, loc, types(passed),
                                      get(carried, values));
  OpBuilder::InsertionGuard guard(builder);
  {
    Values inside = values;
    Block *first = newBlock(made.getBefore(), carried.count());
    put(carried, first->getArguments(), inside);
    if (llvm::Error error = block(op.before(), test, inside, depth + 1))
      return error;
    planir::ConditionOp::create(builder, loc, get(op.condition(), inside),
                                get(passed, inside));
  }
  Values inside = values;
  Block *body = newBlock(made.getBody(), passed.count());
  put(passed, body->getArguments(), inside);
  if (llvm::Error error = block(op.body(), head, inside, depth + 1))
    return error;
  planir::YieldOp::create(builder, loc, get(carried, inside));
  put(passed, made.getResults(), values);
  return llvm::Error::success();
}

//===-- work --------------------------------------------------------------===//

llvm::Error FunctionDecoder::call(const plan::Call &op, Values &values) {
  auto callee = symbol(names.functions, op.function(), "function");
  if (!callee)
    return callee.takeError();
  unsigned results = op.results() ? op.results()->size() : 0;
  auto made =
      planir::CallOp::create(builder, loc, SmallVector<Type>(results, i64),
                             *callee, get(op.args(), values));
  for (unsigned i = 0; i < results; ++i)
    values[op.results()->Get(i)] = made.getResult(i);
  return llvm::Error::success();
}

llvm::Expected<Attribute>
FunctionDecoder::binding(const plan::Binding &binding) {
  MLIRContext *context = builder.getContext();
  switch (binding.kind()) {
  case plan::BindingKind::Buffer: {
    auto name = symbol(names.buffers, binding.index(), "buffer");
    if (!name)
      return name.takeError();
    return planir::BufferBindingAttr::get(context, *name, binding.offset());
  }
  case plan::BindingKind::Section: {
    for (uint32_t i = 0; plan.weights() && i < plan.weights()->size(); ++i) {
      const plan::Weight *weight = plan.weights()->Get(i);
      if (weight->section() == binding.index() &&
          weight->offset() == binding.offset())
        return planir::WeightBindingAttr::get(
            context, FlatSymbolRefAttr::get(context, names.weights[i]));
    }
    auto name = symbol(names.sections, binding.index(), "section");
    if (!name)
      return name.takeError();
    return planir::SectionBindingAttr::get(context, *name, binding.offset());
  }
  case plan::BindingKind::StatePlane:
  case plan::BindingKind::StatePages: {
    auto name = symbol(names.states, binding.index(), "state");
    if (!name)
      return name.takeError();
    if (binding.kind() == plan::BindingKind::StatePages)
      return planir::PagesBindingAttr::get(context, *name);
    return planir::PlaneBindingAttr::get(context, *name, binding.layer(),
                                         binding.plane());
  }
  }
  return bad("binds something of unknown kind " +
             Twine(static_cast<unsigned>(binding.kind())));
}

llvm::Error FunctionDecoder::dispatch(const plan::Dispatch &op,
                                      Values &values) {
  auto kernel = symbol(names.kernels, op.kernel(), "kernel");
  if (!kernel)
    return kernel.takeError();
  SmallVector<Attribute> bindings;
  for (uint32_t i = 0; op.bindings() && i < op.bindings()->size(); ++i) {
    auto made = binding(*op.bindings()->Get(i));
    if (!made)
      return made.takeError();
    bindings.push_back(*made);
  }
  planir::DispatchOp::create(builder, loc, *kernel,
                             builder.getArrayAttr(bindings),
                             get(op.scalars(), values));
  return llvm::Error::success();
}

llvm::Error FunctionDecoder::stateOp(const plan::StateOp &op, Values &values) {
  auto state = symbol(names.states, op.state(), "state");
  if (!state)
    return state.takeError();
  switch (op.kind()) {
  case plan::StateOpKind::Length:
    values[op.dst()] = planir::LengthOp::create(builder, loc, i64, *state);
    return llvm::Error::success();
  case plan::StateOpKind::Capacity:
    values[op.dst()] = planir::CapacityOp::create(builder, loc, i64, *state);
    return llvm::Error::success();
  case plan::StateOpKind::Half:
    values[op.dst()] = planir::HalfOp::create(builder, loc, i64, *state);
    return llvm::Error::success();
  case plan::StateOpKind::Unplayed:
    values[op.dst()] = planir::UnplayedOp::create(builder, loc, i64, *state);
    return llvm::Error::success();
  case plan::StateOpKind::Reserve:
    planir::ReserveOp::create(builder, loc, *state, get(op.count(), values));
    return llvm::Error::success();
  case plan::StateOpKind::Commit:
    planir::CommitOp::create(builder, loc, *state, get(op.count(), values));
    return llvm::Error::success();
  case plan::StateOpKind::Truncate:
    planir::TruncateOp::create(builder, loc, *state, get(op.count(), values));
    return llvm::Error::success();
  case plan::StateOpKind::Keep:
    planir::KeepOp::create(builder, loc, *state, get(op.count(), values));
    return llvm::Error::success();
  case plan::StateOpKind::Fill:
    planir::FillOp::create(builder, loc, *state, get(op.count(), values));
    return llvm::Error::success();
  case plan::StateOpKind::KeepRow:
    planir::KeepRowOp::create(builder, loc, *state, get(op.count(), values));
    return llvm::Error::success();
  case plan::StateOpKind::ReserveRows:
    planir::ReserveRowsOp::create(builder, loc, *state);
    return llvm::Error::success();
  case plan::StateOpKind::CommitRows:
    planir::CommitRowsOp::create(builder, loc, *state);
    return llvm::Error::success();
  }
  return bad("has a state op of unknown kind " +
             Twine(static_cast<unsigned>(op.kind())));
}

llvm::Error FunctionDecoder::op(const plan::Op &op, const RegisterSet &after,
                                Values &values, unsigned depth) {
  if (auto *inner = op.op_as_Const()) {
    values[inner->dst()] = planir::ConstOp::create(
        builder, loc, i64, builder.getI64IntegerAttr(inner->value()));
  } else if (auto *inner = op.op_as_Arith()) {
    auto kind =
        planir::symbolizeArithKind(static_cast<uint32_t>(inner->kind()));
    if (!kind)
      return bad("has arithmetic of unknown kind " +
                 Twine(static_cast<unsigned>(inner->kind())));
    Value lhs = get(inner->lhs(), values), rhs = get(inner->rhs(), values);
    values[inner->dst()] =
        planir::ArithOp::create(builder, loc, i64, *kind, lhs, rhs);
  } else if (auto *inner = op.op_as_Copy()) {
    values[inner->dst()] = get(inner->src(), values);
  } else if (auto *inner = op.op_as_LoadI32()) {
    auto buffer = symbol(names.buffers, inner->buffer(), "buffer");
    if (!buffer)
      return buffer.takeError();
    values[inner->dst()] = planir::LoadI32Op::create(
        builder, loc, i64, *buffer, builder.getI64IntegerAttr(inner->offset()));
  } else if (auto *inner = op.op_as_StoreI32()) {
    auto buffer = symbol(names.buffers, inner->buffer(), "buffer");
    if (!buffer)
      return buffer.takeError();
    planir::StoreI32Op::create(builder, loc, get(inner->src(), values), *buffer,
                               builder.getI64IntegerAttr(inner->offset()));
  } else if (auto *inner = op.op_as_Dispatch()) {
    return dispatch(*inner, values);
  } else if (auto *inner = op.op_as_If()) {
    return branch(*inner, after, values, depth);
  } else if (auto *inner = op.op_as_While()) {
    return loop(*inner, after, values, depth);
  } else if (auto *inner = op.op_as_Call()) {
    return call(*inner, values);
  } else if (auto *inner = op.op_as_Return()) {
    if (depth != 0)
      return bad("returns from inside a block, which this program cannot show");
    planir::ReturnOp::create(builder, loc, get(inner->values(), values));
  } else if (auto *inner = op.op_as_StateOp()) {
    return stateOp(*inner, values);
  } else if (auto *inner = op.op_as_Service()) {
    return service(*inner, values);
  } else {
    return bad("has an op of unknown kind " +
               Twine(static_cast<unsigned>(op.op_type())));
  }
  return llvm::Error::success();
}

llvm::Error FunctionDecoder::block(const plan::Block *block,
                                   const RegisterSet &after, Values &values,
                                   unsigned depth) {
  std::vector<RegisterSet> behind = liveness.behindOps(block, after);
  for (auto [index, inner] : llvm::enumerate(opsOf(block)))
    if (llvm::Error error = op(*inner, behind[index], values, depth))
      return error;
  return llvm::Error::success();
}

llvm::Error FunctionDecoder::run(uint32_t index) {
  const plan::Function &from = *plan.functions()->Get(index);
  SmallVector<StringRef> params;
  for (uint32_t i = 0; from.params() && i < from.params()->size(); ++i)
    params.push_back(from.params()->Get(i)->string_view());
  if (from.results() > 4096)
    return planError("plan function '" + Twine(names.functions[index]) +
                     "' has " + Twine(from.results()) + " results");
  function = planir::FuncOp::create(builder, loc, names.functions[index],
                                    params, from.results());
  if (params.size() > from.registers())
    return bad("has more parameters than registers");
  if (llvm::Error error = checkRegisters(from.body(), from.registers(), 0))
    return error;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&function.getBody().front());
  Values values;
  for (BlockArgument argument : function.getBody().getArguments())
    values[argument.getArgNumber()] = argument;
  std::vector<const plan::Op *> ops = opsOf(from.body());
  for (auto [place, op] : llvm::enumerate(ops))
    if ((op->op_as_Return() != nullptr) != (place + 1 == ops.size()))
      return bad("must end in its one return");
  if (ops.empty())
    return bad("is empty");
  return block(from.body(), RegisterSet(), values, 0);
}

llvm::Error sinter::decodeFunction(const plan::Plan &plan,
                                   const PlanNames &names, uint32_t index,
                                   OpBuilder &builder) {
  return FunctionDecoder(plan, names, builder).run(index);
}
