// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Execute.h"
#include "runtime/plan/LoadedPlan.h"
#include "runtime/plan/Profiler.h"
#include "runtime/schema/plan_generated.h"
#include "runtime/state/Batch.h"

#include <bit>

namespace sinter::runtime {

namespace {

/// Logits rows are padded to whole vectors of this many floats.
constexpr uint32_t kLogitsPad = 32;

class Interpreter {
public:
  Interpreter(const LoadedPlan &plan, SessionMemory &session, Host &host,
              Profiler *profiler)
      : plan(plan), program(plan.program()), memory(session.pool()),
        pointers(session.pointers()), session(&session), host(host),
        profiler(profiler) {}
  Interpreter(const LoadedPlan &plan, Batch &batch, Host &host,
              Profiler *profiler)
      : plan(plan), program(plan.program()), memory(batch.memory()),
        pointers(batch.memory().batchPointers()), batch(&batch), host(host),
        profiler(profiler) {}

  Status run(uint32_t function, std::span<const int64_t> arguments,
             std::atomic<bool> &cancel) {
    enter(function);
    for (size_t i = 0; i < arguments.size(); ++i)
      registers[i] = arguments[i];
    while (!done) {
      if (cancel.load(std::memory_order_relaxed)) {
        cancel.store(false, std::memory_order_relaxed);
        return fail(plan.allocator(), SINTER_CANCELLED, "cancelled");
      }
      SINTER_TRY(step(program.instructions[next++]));
    }
    return Status();
  }

private:
  /// A program that breaks a rule which only shows when it runs.
  Status broken(const char *what) {
    return fail(plan.allocator(), SINTER_CORRUPT,
                "the program of the plan failed at instruction %u: %s; "
                "compile the model again",
                next - 1, what);
  }

  Status step(const Instruction &op) {
    int64_t *r = registers;
    switch (op.opcode) {
    case Opcode::Const:
      r[op.a] = op.value;
      return Status();
    case Opcode::Arith:
      return arith(op);
    case Opcode::Copy:
      r[op.a] = r[op.b];
      return Status();
    case Opcode::Load: {
      int32_t value;
      memcpy(&value, buffer(op.b) + op.value, sizeof(value));
      r[op.a] = value;
      return Status();
    }
    case Opcode::Store: {
      int32_t value = int32_t(r[op.a]);
      memcpy(buffer(op.b) + op.value, &value, sizeof(value));
      return Status();
    }
    case Opcode::Dispatch:
      return dispatch(op);
    case Opcode::Jump:
      next = op.a;
      return Status();
    case Opcode::JumpIfZero:
      if (r[op.b] == 0)
        next = op.a;
      return Status();
    case Opcode::Call:
      call(op);
      return Status();
    case Opcode::Return:
      leave(op);
      return Status();
    case Opcode::State:
      return state(op);
    case Opcode::Service:
      return service(op);
    case Opcode::MissingReturn:
      if (function->results)
        return broken("a function ended without its results");
      leave({Opcode::Return});
      return Status();
    }
    return broken("unknown instruction");
  }

  Status arith(const Instruction &op) {
    int64_t lhs = registers[op.b], rhs = registers[op.c];
    uint64_t a = uint64_t(lhs), b = uint64_t(rhs); // wraps around
    int64_t &dst = registers[op.a];
    switch (plan::ArithKind(op.kind)) {
    case plan::ArithKind::Add:
      dst = int64_t(a + b);
      return Status();
    case plan::ArithKind::Sub:
      dst = int64_t(a - b);
      return Status();
    case plan::ArithKind::Mul:
      dst = int64_t(a * b);
      return Status();
    case plan::ArithKind::Div:
    case plan::ArithKind::Rem: {
      if (rhs == 0)
        return broken("division by zero");
      bool quotient = plan::ArithKind(op.kind) == plan::ArithKind::Div;
      if (rhs == -1) // the lowest number has no positive counterpart
        dst = quotient ? int64_t(0 - a) : 0;
      else
        dst = quotient ? lhs / rhs : lhs % rhs;
      return Status();
    }
    case plan::ArithKind::Min:
      dst = lhs < rhs ? lhs : rhs;
      return Status();
    case plan::ArithKind::Max:
      dst = lhs > rhs ? lhs : rhs;
      return Status();
    case plan::ArithKind::Eq:
      dst = lhs == rhs;
      return Status();
    case plan::ArithKind::Ne:
      dst = lhs != rhs;
      return Status();
    case plan::ArithKind::Lt:
      dst = lhs < rhs;
      return Status();
    case plan::ArithKind::Le:
      dst = lhs <= rhs;
      return Status();
    case plan::ArithKind::And:
      dst = lhs & rhs;
      return Status();
    case plan::ArithKind::Or:
      dst = lhs | rhs;
      return Status();
    }
    return broken("unknown arithmetic");
  }

  Status dispatch(const Instruction &op) {
    int64_t *scalars = memory.scalars();
    uint32_t count = plan.scalarCount(op.a);
    for (uint32_t i = 0; i < count; ++i)
      scalars[i] = registers[program.operands[op.c + i]];
    if (profiler)
      profiler->run(op, pointers + op.b, scalars, seen);
    else
      plan.workers().run(plan.entry(op.a), pointers + op.b, scalars);
    return Status();
  }

  // ---- frames: room for the deepest path was checked when the plan was built

  void enter(uint32_t index) {
    function = &program.functions[index];
    registers = top;
    top += function->registers;
    for (int64_t *r = registers; r < top; ++r)
      *r = 0;
    next = function->first;
  }

  void call(const Instruction &op) {
    const FunctionInfo &callee = program.functions[op.a];
    memory.frames()[depth++] = {next, op.b + callee.params, registers,
                                function};
    const int64_t *caller = registers;
    enter(op.a);
    for (uint32_t i = 0; i < callee.params; ++i)
      registers[i] = caller[program.operands[op.b + i]];
  }

  void leave(const Instruction &op) {
    if (depth == 0) {
      done = true;
      return;
    }
    const PoolMemory::Frame &frame = memory.frames()[--depth];
    for (uint32_t i = 0; i < op.c; ++i)
      frame.registers[program.operands[frame.results + i]] =
          registers[program.operands[op.b + i]];
    top = registers;
    registers = frame.registers;
    function = frame.function;
    next = frame.instruction;
  }

  // ---- states and services --------------------------------------------------

  /// A batch has no one history; its functions do not look at it.
  uint8_t *buffer(uint32_t index) {
    return session ? session->buffer(index) : memory.buffer(index);
  }

  Status state(const Instruction &op) {
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

  Status commit(uint32_t index, KvCache &cache, uint64_t count) {
    SINTER_TRY(keep(index, cache, count));
    cache.dropReserved();
    return Status();
  }

  /// Of a reservation, rows [keptRows, keptRows + count) of the input buffer.
  Status keep(uint32_t index, KvCache &cache, uint64_t count) {
    const plan::Plan &tables = plan.tables();
    uint32_t before = cache.length(), row = cache.kept();
    if (row + count > tables.max_rows() || !cache.keep(count))
      return broken("commit of more positions than were reserved");
    // The first state leads: its positions are those of the session.
    if (index == 0)
      memcpy(session->history() + before, ids() + row, count * sizeof(int32_t));
    return Status();
  }

  /// Row `row` of the draft, which follows the last one kept.
  Status keepRow(KvCache &cache, uint64_t row) {
    bool follows = row < tree.rows &&
                   (row == 0 ? kept == kNone : kept == tree.parents[row]);
    uint32_t before = cache.length();
    if (!follows || !cache.keepRow(tree, uint32_t(row)))
      return broken("keeps a row that does not follow");
    kept = uint32_t(row);
    session->history()[before] = ids()[row];
    return Status();
  }

  int32_t *ids() {
    return reinterpret_cast<int32_t *>(
        memory.buffer(plan.tables().input_buffer()));
  }

  Status service(const Instruction &op) {
    if (plan::ServiceKind(op.kind) == plan::ServiceKind::TakeRows)
      return takeRows(op);
    if (plan::ServiceKind(op.kind) == plan::ServiceKind::Waiting) {
      registers[op.c] = int64_t(host.waiting());
      return Status();
    }
    if (plan::ServiceKind(op.kind) == plan::ServiceKind::PlaceDraft)
      return placeDraft(op);
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
      break; // above
    }
    return broken("unknown service");
  }

  /// Places in the history behind what is committed are free.
  Status hold(int64_t place, int64_t token) {
    if (!session || token < 0 || token >= plan.tables().vocabulary())
      return broken("a token outside of the vocabulary");
    const KvCache &cache = session->state(0);
    if (place < 0 || place >= int64_t(cache.reserved()))
      return broken("an id for a position that is not reserved");
    session->history()[cache.length() + place] = int32_t(token);
    return Status();
  }

  Status agree(const Instruction &op, int64_t token) {
    if (!session || session->state(0).reserved() == 0)
      return broken("no token is held");
    bool same = session->history()[session->state(0).length()] == token;
    host.agree(same);
    registers[op.c] = same;
    return Status();
  }

  Status decide(const Instruction &op, int64_t first) {
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

  /// What follows the text of the session and the id in row 0.
  Status draft(const Instruction &op, int64_t most) {
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
    // No room for row 0 either: no forward follows.
    if (room < 0)
      return Status();
    most = most > 0 ? most : 0;
    // The place of the next id in the history is free.
    int32_t *history = session->history();
    history[length] = ids()[0];
    allowed = host.draft(op.a, {history, length + 1u}, recycled(), ids() + 1,
                         uint32_t(most));
    if (allowed >= DraftTree::kRows)
      return broken("a draft of too many ids");
    registers[op.c] = allowed;
    const DraftTree *made = host.tree();
    tree = made ? *made : DraftTree::chain(allowed + 1);
    if (tree.rows != allowed + 1)
      return broken("a draft of other rows than its tree");
    // What is drawn behind an id sees it in the history, right or wrong. Of a
    // tree, rows come there when they are kept.
    if (tree.isChain())
      memcpy(history + length + 1, ids() + 1, allowed * sizeof(int32_t));
    return Status();
  }

  /// The next id that the program itself drafts. Places in the history behind
  /// what is committed are free.
  Status propose(const Instruction &op, int64_t row) {
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

  /// The ids drafted right after a row, and the rows that hold them.
  Status children(const Instruction &op, int64_t row) {
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

  /// Room for the rows of the draft, and where they stand.
  Status placeDraft(const Instruction &op) {
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

  /// Where the token after a row stands that was not kept. The ids before it
  /// stand in the history, as far as their places are free.
  int64_t positionAfter(int64_t row) {
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

  /// The buffer of a drafter that recycles.
  int32_t *recycled() {
    for (const plan::Drafter *drafter : *plan.tables().drafters())
      if (drafter->kind() == plan::DrafterKind::Recycle)
        return reinterpret_cast<int32_t *>(buffer(drafter->buffer()));
    return nullptr;
  }

  Status follow(const Instruction &op, int64_t row) {
    int64_t token = registers[program.operands[op.b + 1]];
    if (token < 0 || token >= plan.tables().vocabulary())
      return broken("a token outside of the vocabulary");
    if (plan::ServiceKind(op.kind) == plan::ServiceKind::Observe)
      host.observe(row, int32_t(token));
    else
      registers[op.c] = host.follow(row, int32_t(token));
    return Status();
  }

  /// Kernels of layers that go are not dispatched: the program looks at bits.
  Status chooseDepth(const Instruction &op, int64_t prefer) {
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

  Status takeRows(const Instruction &op) {
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

  void see(const RowPlace *places, uint32_t rows) {
    seen = {};
    for (uint32_t row = 0; profiler && row < rows; ++row) {
      const RowPlace &place = places[row];
      seen.pairs += uint64_t(place.position) + 1;
      if (place.firstRow == int32_t(row))
        seen.positions += uint64_t(place.position) + uint64_t(place.rows);
    }
  }

  const LoadedPlan &plan;
  const Program &program;
  PoolMemory &memory;
  void *const *pointers;
  SessionMemory *session = nullptr; // or
  Batch *batch = nullptr;
  Host &host;
  Profiler *profiler = nullptr;
  SeenPositions seen; // of a batch or a tree, for the profiler
  static constexpr uint32_t kNone = UINT32_MAX;
  // The draft at hand: its ids, how its rows hang together, the position of row
  // 0, and the last row that was kept.
  uint32_t allowed = 0, proposed = 0;
  DraftTree tree;
  uint32_t drafted = 0, kept = kNone;
  const FunctionInfo *function = nullptr;
  int64_t *registers = nullptr;
  int64_t *top = memory.registers();
  uint32_t next = 0;
  uint32_t depth = 0;
  bool done = false;
};

} // namespace

Status execute(const LoadedPlan &plan, SessionMemory &session,
               uint32_t function, std::span<const int64_t> arguments,
               Host &host, std::atomic<bool> &cancel, Profiler *profiler) {
  Status status = Interpreter(plan, session, host, profiler)
                      .run(function, arguments, cancel);
  session.settle();
  return status;
}

Status executeBatch(const LoadedPlan &plan, Batch &batch, uint32_t function,
                    Host &host, std::atomic<bool> &cancel, Profiler *profiler) {
  return Interpreter(plan, batch, host, profiler).run(function, {}, cancel);
}

} // namespace sinter::runtime
