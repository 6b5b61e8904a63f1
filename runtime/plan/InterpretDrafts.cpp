// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Drafts: their ids, the rows that hold them, and what becomes of them.

#include "runtime/plan/Interpreter.h"

#include <algorithm>
#include <bit>

namespace sinter::runtime {

Status Interpreter::draft(const Instruction &op, int64_t most) {
  if (!session)
    return broken("a batch has more than one text");
  KvCache &cache = session->state(0);
  uint32_t length = cache.length();
  // A draft never takes what decoding without one would not need.
  int64_t room = int64_t(cache.room()) - 1;
  int64_t rows = int64_t(plan.tables().max_rows()) - 1;
  most = most < room ? most : room;
  most = most < rows ? most : rows;
  registers[op.c] = 0;
  allowed = proposed = 0;
  tree = DraftTree();
  path = Path();
  // No room for row 0 either: no forward follows.
  if (room < 0)
    return Status();
  most = most > 0 ? most : 0;
  // The place of the next id in the history is free.
  int32_t *history = session->history();
  history[length] = ids()[0];
  uint32_t count = host.draft(op.a, {history, length + 1u}, memory.recycled(),
                              ids() + 1, uint32_t(most));
  registers[op.c] = count;
  return arrange(count);
}

Status Interpreter::arrange(uint32_t count) {
  if (count >= DraftTree::kRows)
    return broken("a draft of too many ids");
  allowed = count;
  const DraftTree *made = host.tree();
  tree = made ? *made : DraftTree::chain(allowed + 1);
  if (tree.rows != allowed + 1)
    return broken("a draft of other rows than its tree");
  // What is drawn behind an id sees it in the history, right or wrong. Of a
  // tree, rows come there when they are kept.
  if (tree.isChain())
    memcpy(session->history() + session->position() + 1, ids() + 1,
           allowed * sizeof(int32_t));
  return Status();
}

Status Interpreter::expand(const Instruction &op) {
  if (!session)
    return broken("a batch has more than one text");
  uint32_t base = session->position();
  const uint32_t *results = &program.operands[op.b];
  int32_t next[DraftTree::kRows];
  int64_t length = allowed > 0 ? host.expand(next, ids() + 1) : -1;
  registers[results[0]] = -1;
  registers[results[1]] = agreed();
  registers[results[2]] = tree.rows;
  if (length < 0) {
    const DraftTree *made = allowed > 0 ? host.tree() : nullptr;
    if (!made)
      return Status();
    registers[results[2]] = made->rows;
    return arrange(made->rows - 1);
  }
  if (uint64_t(length) + 1 >= DraftTree::kRows ||
      base + 1 + uint64_t(length) >= session->context())
    return broken("a path of a tree that is too long");
  int32_t *history = session->history() + base + 1;
  memcpy(history, next, size_t(length) * sizeof(int32_t));
  // The last row is computed, whatever the state holds: its logits are wanted.
  registers[results[0]] = base + 1 + length;
  registers[results[1]] = std::min(agreed(), int64_t(base) + length);
  registers[results[2]] = 0;
  path.state = op.a;
  path.base = base;
  path.length = uint32_t(length);
  memcpy(path.ids, next, size_t(length) * sizeof(int32_t));
  return Status();
}

Status Interpreter::proposeBest(const Instruction &op) {
  const uint8_t *best = buffer(op.a);
  auto count = uint32_t(memory.bufferBytes(op.a) / (2 * sizeof(int32_t)));
  count = count < Program::kChildren ? count : Program::kChildren;
  int32_t given[Program::kChildren];
  float behind[Program::kChildren];
  memcpy(given, best, count * sizeof(int32_t));
  memcpy(behind, best + memory.bufferBytes(op.a) / 2, count * sizeof(float));
  for (uint32_t i = 0; i < count; ++i)
    if (given[i] < -1 || given[i] >= int64_t(plan.tables().vocabulary()))
      return broken("a token outside of the vocabulary");
  host.proposeBest({given, count}, {behind, count});
  return Status();
}

int64_t Interpreter::agreed() const {
  if (!session)
    return 0;
  if (path.state == kNone)
    return session->position();
  const int32_t *history = session->history() + path.base + 1;
  uint32_t same = 0;
  while (same < path.length && history[same] == path.ids[same])
    ++same;
  return int64_t(path.base) + 1 + same;
}

void Interpreter::forgetPath() {
  if (path.state == kNone)
    return;
  KvCache &cache = session->state(path.state);
  cache.dropReserved();
  (void)cache.truncate(std::min(int64_t(cache.length()), agreed()));
}

Status Interpreter::propose(const Instruction &op, int64_t row) {
  int64_t token = registers[program.operands[op.b + 1]];
  if (token < 0 || token >= plan.tables().vocabulary())
    return broken("a token outside of the vocabulary");
  if (proposed >= allowed || row != int64_t(proposed) + 1)
    return broken("a draft longer than was allowed, or out of order");
  ++proposed;
  ids()[row] = int32_t(token);
  session->history()[session->state(0).length() + row] = int32_t(token);
  if (plan::ServiceKind(op.kind) == plan::ServiceKind::Propose) {
    host.propose(proposed, int32_t(token));
    return Status();
  }
  auto number = [&](uint32_t i) {
    return std::bit_cast<float>(
        uint32_t(registers[program.operands[op.b + i]]));
  };
  bool more = host.proposeWhile(proposed, int32_t(token),
                                {number(2), number(3), number(4)});
  if (!more) {
    allowed = proposed;
    tree = DraftTree::chain(allowed + 1);
  }
  registers[op.c] = more;
  return Status();
}

Status Interpreter::children(const Instruction &op, int64_t row) {
  auto *out = reinterpret_cast<int32_t *>(buffer(op.a));
  uint32_t count = 0;
  for (int64_t child = row + 1; row >= 0 && child < int64_t(tree.rows);
       ++child) {
    if (int64_t(tree.parents[child]) != row)
      continue;
    out[count] = ids()[child];
    out[Program::kChildren + count++] = int32_t(child);
  }
  registers[op.c] = count;
  return Status();
}

Status Interpreter::placeDraft(const Instruction &op) {
  if (!session)
    return broken("a batch has more than one text");
  const uint32_t *results = &program.operands[op.b];
  drafted = session->position();
  kept = kNone;
  registers[results[0]] = drafted;
  registers[results[1]] = 0;
  seen = {};
  if (tree.isChain())
    return session->reserve(0, tree.rows);
  auto *places = reinterpret_cast<RowPlace *>(buffer(op.a) + op.value);
  if (tree.rows * tree.runCount() > plan.tables().max_rows())
    return broken("more copies of rows than there are places");
  SINTER_TRY(session->reserveTree(0, tree));
  registers[results[0]] = session->state(0).placeTree(tree, places);
  registers[results[1]] = tree.runCount();
  see(places, tree.rows);
  return Status();
}

int64_t Interpreter::positionAfter(int64_t row) {
  if (!session || row < 0 || row >= tree.rows)
    return -1;
  for (uint32_t on = kept; on != kNone; on = on ? tree.parents[on] : kNone)
    if (on == uint32_t(row))
      return -1;
  for (auto on = uint32_t(row); on > 0; on = tree.parents[on])
    if (drafted + tree.depths[on] >= session->position())
      session->history()[drafted + tree.depths[on]] = ids()[on];
  return int64_t(drafted) + tree.depths[row] + 1;
}

Status Interpreter::recycle(const Instruction &op, int64_t rows) {
  const Recycled recycled = memory.recycled();
  const uint64_t room = memory.bufferBytes(op.a) / sizeof(int32_t);
  if (!recycled.entries || rows < 0 || rows > int64_t(tree.rows) ||
      uint64_t(rows) * recycled.each > room)
    return broken("ranks more ids than a drafter keeps, or than there are");
  const std::span ranked(reinterpret_cast<const int32_t *>(buffer(op.a)),
                         size_t(rows) * recycled.each);
  for (int32_t id : ranked)
    if (id >= int64_t(plan.tables().vocabulary()))
      return broken("a token outside of the vocabulary");
  host.recycle(ranked);
  return Status();
}

Status Interpreter::follow(const Instruction &op, int64_t row) {
  int64_t token = registers[program.operands[op.b + 1]];
  if (token < 0 || token >= plan.tables().vocabulary())
    return broken("a token outside of the vocabulary");
  if (plan::ServiceKind(op.kind) == plan::ServiceKind::Observe)
    host.observe(row, int32_t(token));
  else
    registers[op.c] = host.follow(row, int32_t(token));
  return Status();
}

} // namespace sinter::runtime
