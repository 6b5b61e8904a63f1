// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a program asks its caller for.

#include "runtime/plan/Interpreter.h"

#include <bit>

namespace sinter::runtime {

/// Logits rows are padded to whole vectors of this many floats.
static constexpr uint32_t kLogitsPad = 32;

Status Interpreter::service(const Instruction &op) {
  if (plan::ServiceKind(op.kind) == plan::ServiceKind::TakeRows)
    return takeRows(op);
  if (plan::ServiceKind(op.kind) == plan::ServiceKind::Waiting) {
    registers[op.c] = int64_t(host.waiting());
    return Status();
  }
  if (plan::ServiceKind(op.kind) == plan::ServiceKind::PlaceDraft)
    return placeDraft(op);
  if (plan::ServiceKind(op.kind) == plan::ServiceKind::Expand)
    return expand(op);
  if (plan::ServiceKind(op.kind) == plan::ServiceKind::ProposeBest)
    return proposeBest(op);
  if (plan::ServiceKind(op.kind) == plan::ServiceKind::Agreed) {
    registers[op.c] = agreed();
    return Status();
  }
  int64_t argument = registers[program.operands[op.b]];
  const plan::Plan &tables = plan.tables();
  bool stop = false;
  switch (plan::ServiceKind(op.kind)) {
  case plan::ServiceKind::TakeInput: {
    uint32_t room = tables.max_rows();
    if (argument < room)
      room = argument < 0 ? 0 : uint32_t(argument);
    registers[op.c] = host.takeInput(ids(), room);
    return Status();
  }
  case plan::ServiceKind::PeekInput:
    return peekInput(op, argument);
  case plan::ServiceKind::EmitToken:
    if (argument < 0 || argument >= tables.vocabulary())
      return broken("a token outside of the vocabulary");
    SINTER_TRY(host.emitToken(int32_t(argument), stop));
    registers[op.c] = stop;
    return Status();
  case plan::ServiceKind::EmitLogits: {
    uint32_t stride =
        (tables.vocabulary() + kLogitsPad - 1) / kLogitsPad * kLogitsPad;
    uint64_t room = memory.bufferBytes(op.a) - uint64_t(op.value);
    if (argument < 0 || uint64_t(argument) > room / (stride * sizeof(float)))
      return broken("more rows of logits than their buffer holds");
    return host.emitLogits(reinterpret_cast<float *>(buffer(op.a) + op.value),
                           uint32_t(argument), stride);
  }
  case plan::ServiceKind::Draft:
    return draft(op, argument);
  case plan::ServiceKind::Follow:
  case plan::ServiceKind::Observe:
    return follow(op, argument);
  case plan::ServiceKind::Propose:
  case plan::ServiceKind::ProposeWhile:
    return propose(op, argument);
  case plan::ServiceKind::ChooseDepth:
    return chooseDepth(op, argument);
  case plan::ServiceKind::Hold:
    return hold(argument, registers[program.operands[op.b + 1]]);
  case plan::ServiceKind::Agree:
    return agree(op, argument);
  case plan::ServiceKind::Decide:
    return decide(op, argument);
  case plan::ServiceKind::Children:
    return children(op, argument);
  case plan::ServiceKind::ChooseModel:
    registers[op.c] = host.chooseModel(std::bit_cast<float>(uint32_t(argument)),
                                       registers[program.operands[op.b + 1]]);
    return Status();
  case plan::ServiceKind::Recycle:
    return recycle(op, argument);
  case plan::ServiceKind::EndsText:
    if (argument < 0 || argument >= tables.vocabulary())
      return broken("a token outside of the vocabulary");
    registers[op.c] = host.endsText(int32_t(argument));
    return Status();
  case plan::ServiceKind::PositionAfter:
    registers[op.c] = positionAfter(argument);
    return Status();
  case plan::ServiceKind::TakeRows:
  case plan::ServiceKind::PlaceDraft:
  case plan::ServiceKind::Waiting:
  case plan::ServiceKind::Expand:
  case plan::ServiceKind::ProposeBest:
  case plan::ServiceKind::Agreed:
  case plan::ServiceKind::Retired:
    break; // above, or refused
  }
  return broken("unknown service");
}

Status Interpreter::peekInput(const Instruction &op, int64_t most) {
  int64_t from = registers[program.operands[op.b + 1]];
  if (from < 0)
    return broken("waiting ids before the first");
  uint32_t room = plan.tables().max_rows();
  if (most < room)
    room = most < 0 ? 0 : uint32_t(most);
  registers[op.c] = host.peekInput(uint64_t(from), ids(), room);
  return Status();
}

Status Interpreter::hold(int64_t place, int64_t token) {
  if (!session || token < 0 || token >= plan.tables().vocabulary())
    return broken("a token outside of the vocabulary");
  const KvCache &cache = session->state(0);
  if (place < 0 || place >= int64_t(cache.reserved()))
    return broken("an id for a position that is not reserved");
  session->history()[cache.length() + place] = int32_t(token);
  return Status();
}

Status Interpreter::agree(const Instruction &op, int64_t token) {
  if (!session || session->state(0).reserved() == 0)
    return broken("no token is held");
  bool same = session->history()[session->state(0).length()] == token;
  host.agree(same);
  registers[op.c] = same;
  return Status();
}

Status Interpreter::decide(const Instruction &op, int64_t first) {
  const KvCache *cache = session ? &session->state(0) : nullptr;
  if (!cache || cache->reserved() == 0)
    return broken("no row that could leave the layers");
  uint32_t last = cache->length() + cache->reserved() - 1;
  auto number = [](int64_t bits) {
    return std::bit_cast<float>(uint32_t(bits));
  };
  const int64_t second = registers[program.operands[op.b + 1]];
  registers[op.c] =
      int64_t(host.decide(op.a, {number(first), number(second)},
                          registers[program.operands[op.b + 2]], last));
  return Status();
}

Status Interpreter::chooseDepth(const Instruction &op, int64_t prefer) {
  const plan::Plan &tables = plan.tables();
  if (prefer < 0 || prefer >= int64_t(tables.depths()->size()))
    return broken("a depth that the plan does not have");
  if (session)
    session->chooseDepth(uint32_t(prefer));
  const Depth *depth = session ? &session->depth() : batch->chooseDepth();
  if (!depth)
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "sessions that leave out other layers than each other cannot "
                "share a forward");
  uint32_t words = Depth::words(tables.states()->Get(0)->layers());
  memcpy(buffer(op.a), depth->bits, words * sizeof(uint32_t));
  return Status();
}

Status Interpreter::takeRows(const Instruction &op) {
  if (!batch)
    return broken("no batch of rows");
  auto *places = reinterpret_cast<RowPlace *>(buffer(op.a) + op.value);
  Batch::Counts counts = batch->take(ids(), places);
  const uint32_t *results = &program.operands[op.b];
  registers[results[0]] = counts.rows;
  registers[results[1]] = counts.runs;
  registers[results[2]] = counts.wanted;
  see(places, counts.rows);
  return Status();
}

void Interpreter::see(const RowPlace *places, uint32_t rows) {
  seen = {};
  for (uint32_t row = 0; profiler && row < rows; ++row) {
    const RowPlace &place = places[row];
    seen.pairs += uint64_t(place.position) + 1;
    if (place.firstRow == int32_t(row))
      seen.positions += uint64_t(place.position) + uint64_t(place.rows);
  }
}

} // namespace sinter::runtime
