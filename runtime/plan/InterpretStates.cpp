// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a program does to the positions of a session.

#include "runtime/plan/Interpreter.h"

namespace sinter::runtime {

Status Interpreter::state(const Instruction &op) {
  auto kind = plan::StateOpKind(op.kind);
  if (kind == plan::StateOpKind::ReserveRows)
    return batch ? batch->reserve(op.a) : broken("no batch of rows");
  if (kind == plan::StateOpKind::CommitRows)
    return batch && batch->commit(op.a)
               ? Status()
               : broken("commit of rows that were not reserved");
  if (!session)
    return broken("the rows of a batch have more than one state");
  KvCache &cache = session->state(op.a);
  if (kind == plan::StateOpKind::Length) {
    registers[op.b] = cache.length();
    return Status();
  }
  if (kind == plan::StateOpKind::Capacity) {
    registers[op.b] = cache.capacity();
    return Status();
  }
  if (kind == plan::StateOpKind::Half) {
    registers[op.b] = cache.recurrence().half;
    return Status();
  }
  if (kind == plan::StateOpKind::Unplayed) {
    registers[op.b] = cache.recurrence().unplayed;
    return Status();
  }
  int64_t count = registers[op.c];
  if (count < 0)
    return broken("a negative number of positions");
  if (kind == plan::StateOpKind::Reserve)
    return session->reserve(op.a, uint64_t(count));
  if (kind == plan::StateOpKind::Keep)
    return tree.isChain() ? keep(op.a, cache, uint64_t(count))
                          : broken("rows of a tree are kept one by one");
  if (kind == plan::StateOpKind::KeepRow)
    return keepRow(cache, uint64_t(count));
  if (kind == plan::StateOpKind::Fill)
    return cache.keep(uint64_t(count))
               ? Status()
               : broken("more positions filled than were reserved");
  if (kind == plan::StateOpKind::Truncate)
    return cache.truncate(uint64_t(count))
               ? Status()
               : broken("truncation beyond the end");
  return commit(op.a, cache, uint64_t(count));
}

Status Interpreter::commit(uint32_t index, KvCache &cache, uint64_t count) {
  SINTER_TRY(keep(index, cache, count));
  cache.dropReserved();
  return Status();
}

Status Interpreter::keep(uint32_t index, KvCache &cache, uint64_t count) {
  const plan::Plan &tables = plan.tables();
  uint32_t before = cache.length(), row = cache.kept();
  if (row + count > tables.max_rows() || !cache.keep(count))
    return broken("commit of more positions than were reserved");
  // The first state leads: its positions are those of the session.
  if (index == 0)
    memcpy(session->history() + before, ids() + row, count * sizeof(int32_t));
  return Status();
}

Status Interpreter::keepRow(KvCache &cache, uint64_t row) {
  bool follows =
      row < tree.rows && (row == 0 ? kept == kNone : kept == tree.parents[row]);
  uint32_t before = cache.length();
  if (!follows || !cache.keepRow(tree, uint32_t(row)))
    return broken("keeps a row that does not follow");
  kept = uint32_t(row);
  session->history()[before] = ids()[row];
  return Status();
}

} // namespace sinter::runtime
