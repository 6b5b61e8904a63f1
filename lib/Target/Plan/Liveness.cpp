// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Plan/Liveness.h"

using namespace sinter;

std::vector<const plan::Op *> sinter::opsOf(const plan::Block *block) {
  std::vector<const plan::Op *> ops;
  if (block && block->ops())
    ops.assign(block->ops()->begin(), block->ops()->end());
  return ops;
}

static void append(const flatbuffers::Vector<uint32_t> *from,
                   std::vector<uint32_t> &to) {
  if (from)
    to.insert(to.end(), from->begin(), from->end());
}

static Effects effectsOfStateOp(const plan::StateOp &op) {
  Effects effects;
  if (op.kind() == plan::StateOpKind::ReserveRows ||
      op.kind() == plan::StateOpKind::CommitRows)
    return effects;
  bool asks = op.kind() == plan::StateOpKind::Length ||
              op.kind() == plan::StateOpKind::Capacity;
  (asks ? effects.writes : effects.reads)
      .push_back(asks ? op.dst() : op.count());
  return effects;
}

Effects sinter::effectsOf(const plan::Op &op) {
  Effects effects;
  if (auto *inner = op.op_as_Const()) {
    effects.writes = {inner->dst()};
  } else if (auto *inner = op.op_as_Arith()) {
    effects.reads = {inner->lhs(), inner->rhs()};
    effects.writes = {inner->dst()};
  } else if (auto *inner = op.op_as_Copy()) {
    effects.reads = {inner->src()};
    effects.writes = {inner->dst()};
  } else if (auto *inner = op.op_as_LoadI32()) {
    effects.writes = {inner->dst()};
  } else if (auto *inner = op.op_as_StoreI32()) {
    effects.reads = {inner->src()};
  } else if (auto *inner = op.op_as_Dispatch()) {
    append(inner->scalars(), effects.reads);
  } else if (auto *inner = op.op_as_If()) {
    effects.reads = {inner->condition()};
  } else if (auto *inner = op.op_as_Call()) {
    append(inner->args(), effects.reads);
    append(inner->results(), effects.writes);
  } else if (auto *inner = op.op_as_Return()) {
    append(inner->values(), effects.reads);
  } else if (auto *inner = op.op_as_StateOp()) {
    effects = effectsOfStateOp(*inner);
  } else if (auto *inner = op.op_as_Service()) {
    append(inner->args(), effects.reads);
    append(inner->results(), effects.writes);
    if (inner->kind() != plan::ServiceKind::EmitLogits &&
        inner->kind() != plan::ServiceKind::TakeRows &&
        inner->kind() != plan::ServiceKind::PlaceDraft &&
        inner->kind() != plan::ServiceKind::Expand &&
        inner->kind() != plan::ServiceKind::ProposeBest &&
        inner->kind() != plan::ServiceKind::Observe &&
        inner->kind() != plan::ServiceKind::Recycle)
      effects.writes = {inner->dst()};
  }
  return effects;
}

const RegisterSet &Liveness::writes(const plan::Block *block) {
  std::unique_ptr<RegisterSet> &known = written[block];
  if (known)
    return *known;
  auto all = std::make_unique<RegisterSet>();
  for (const plan::Op *op : opsOf(block)) {
    for (uint32_t index : effectsOf(*op).writes)
      all->set(index);
    if (auto *branch = op->op_as_If()) {
      *all |= writes(branch->then_block());
      *all |= writes(branch->else_block());
    } else if (auto *loop = op->op_as_While()) {
      *all |= writes(loop->before());
      *all |= writes(loop->body());
    }
  }
  std::unique_ptr<RegisterSet> &place = written[block];
  place = std::move(all);
  return *place;
}

RegisterSet Liveness::loopTest(const plan::While &loop, const RegisterSet &head,
                               const RegisterSet &after) {
  RegisterSet live = before(loop.body(), head);
  live |= after;
  live.set(loop.condition());
  return live;
}

RegisterSet Liveness::loopHead(const plan::While &loop,
                               const RegisterSet &after) {
  // Sets only grow, so that the last answer is a good start.
  RegisterSet head = heads[&loop];
  while (true) {
    RegisterSet next = before(loop.before(), loopTest(loop, head, after));
    next |= head;
    if (next == head)
      break;
    head = std::move(next);
  }
  heads[&loop] = head;
  return head;
}

RegisterSet Liveness::beforeOp(const plan::Op &op, const RegisterSet &after) {
  RegisterSet live = after;
  if (auto *branch = op.op_as_If()) {
    live = before(branch->then_block(), after);
    live |= before(branch->else_block(), after);
  } else if (auto *loop = op.op_as_While()) {
    live = loopHead(*loop, after);
  }
  Effects effects = effectsOf(op);
  for (uint32_t index : effects.writes)
    live.reset(index);
  for (uint32_t index : effects.reads)
    live.set(index);
  return live;
}

const RegisterSet &Liveness::before(const plan::Block *block,
                                    const RegisterSet &after) {
  std::unique_ptr<Answer> &slot = answers[block];
  if (!slot)
    slot = std::make_unique<Answer>();
  // Inner blocks may move the map, not the answer.
  Answer &answer = *slot;
  if (answer.known && answer.after == after && block)
    return answer.before;
  RegisterSet live = after;
  std::vector<const plan::Op *> ops = opsOf(block);
  for (auto op = ops.rbegin(); op != ops.rend(); ++op)
    live = beforeOp(**op, live);
  answer.known = true;
  answer.after = after;
  answer.before = live;
  return answer.before;
}

std::vector<RegisterSet> Liveness::behindOps(const plan::Block *block,
                                             const RegisterSet &after) {
  std::vector<const plan::Op *> ops = opsOf(block);
  std::vector<RegisterSet> behind(ops.size());
  RegisterSet live = after;
  for (size_t i = ops.size(); i-- > 0;) {
    behind[i] = live;
    live = beforeOp(*ops[i], live);
  }
  return behind;
}
