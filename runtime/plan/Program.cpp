// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Program.h"
#include "runtime/schema/plan_generated.h"
#include "runtime/state/Depth.h"

#include <cstdarg>
#include <cstdio>

namespace sinter::runtime {

namespace {

using ull = unsigned long long;

class Builder {
public:
  Builder(const Origin &origin, const plan::Plan &plan)
      : origin(origin), plan(plan), program(origin.allocator) {}

  Result<Program> run() {
    SINTER_TRY(declare());
    for (uint32_t i = 0; i < plan.functions()->size(); ++i)
      SINTER_TRY(function(i, *plan.functions()->Get(i)));
    SINTER_TRY(measure());
    return std::move(program);
  }

private:
  Status bad(const char *format, ...) __attribute__((format(printf, 2, 3))) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return fail(origin.allocator, SINTER_CORRUPT,
                "%s: function '%.*s', op %llu: %s; compile the model again",
                origin.path, int(current ? current->name.size() : 0),
                current ? current->name.data() : "", ull(ops), text);
  }

  Status declare() {
    if (!plan.functions() || plan.functions()->size() == 0 ||
        plan.functions()->size() > 65536)
      return bad("expected 1 to 65536 functions");
    SINTER_NEED(program.functions.reserve(plan.functions()->size()));
    for (const plan::Function *function : *plan.functions()) {
      FunctionInfo info;
      if (!function->name())
        return bad("a function without a name");
      info.name = function->name()->string_view();
      info.params = function->params() ? function->params()->size() : 0;
      info.results = function->results();
      info.registers = function->registers();
      if (info.registers > Program::kMaxRegisters ||
          info.params > info.registers || info.results > info.registers)
        return bad("'%.*s' has %u registers, %u parameters, %u results",
                   int(info.name.size() < 80 ? info.name.size() : 80),
                   info.name.data(), info.registers, info.params, info.results);
      SINTER_NEED(program.functions.push_back(info));
    }
    return Status();
  }

  Status function(uint32_t index, const plan::Function &function) {
    current = &program.functions[index];
    ops = 0;
    current->first = here();
    SINTER_TRY(block(function.body(), 0));
    return emit({Opcode::MissingReturn});
  }

  // ---- control flow ---------------------------------------------------------

  Status block(const plan::Block *block, uint32_t depth) {
    if (depth > Program::kMaxBlockDepth)
      return bad("control flow nests deeper than %u", Program::kMaxBlockDepth);
    if (!block || !block->ops())
      return Status();
    for (const plan::Op *op : *block->ops()) {
      SINTER_TRY(this->op(*op, depth));
      ++ops;
    }
    return Status();
  }

  Status op(const plan::Op &op, uint32_t depth) {
    if (!op.op())
      return bad("an op without contents");
    switch (op.op_type()) {
    case plan::OpKind::Const:
      return constant(*op.op_as_Const());
    case plan::OpKind::Arith:
      return arith(*op.op_as_Arith());
    case plan::OpKind::Copy:
      return copy(*op.op_as_Copy());
    case plan::OpKind::LoadI32:
      return load(*op.op_as_LoadI32());
    case plan::OpKind::StoreI32:
      return store(*op.op_as_StoreI32());
    case plan::OpKind::Dispatch:
      return dispatch(*op.op_as_Dispatch());
    case plan::OpKind::If:
      return branch(*op.op_as_If(), depth);
    case plan::OpKind::While:
      return loop(*op.op_as_While(), depth);
    case plan::OpKind::Call:
      return call(*op.op_as_Call());
    case plan::OpKind::Return:
      return leave(*op.op_as_Return());
    case plan::OpKind::StateOp:
      return state(*op.op_as_StateOp());
    case plan::OpKind::Service:
      return service(*op.op_as_Service());
    default:
      return fail(origin.allocator, SINTER_VERSION,
                  "%s: op of unknown kind %u; use a newer runtime", origin.path,
                  unsigned(op.op_type()));
    }
  }

  Status branch(const plan::If &op, uint32_t depth) {
    SINTER_TRY(registers({op.condition()}));
    uint32_t test = here();
    SINTER_TRY(emit({Opcode::JumpIfZero, 0, 0, op.condition()}));
    SINTER_TRY(block(op.then_block(), depth + 1));
    if (!op.else_block()) {
      program.instructions[test].a = here();
      return Status();
    }
    uint32_t skip = here();
    SINTER_TRY(emit({Opcode::Jump}));
    program.instructions[test].a = here();
    SINTER_TRY(block(op.else_block(), depth + 1));
    program.instructions[skip].a = here();
    return Status();
  }

  Status loop(const plan::While &op, uint32_t depth) {
    SINTER_TRY(registers({op.condition()}));
    uint32_t start = here();
    SINTER_TRY(block(op.before(), depth + 1));
    uint32_t test = here();
    SINTER_TRY(emit({Opcode::JumpIfZero, 0, 0, op.condition()}));
    SINTER_TRY(block(op.body(), depth + 1));
    SINTER_TRY(emit({Opcode::Jump, 0, start}));
    program.instructions[test].a = here();
    return Status();
  }

  Status call(const plan::Call &op) {
    if (op.function() >= program.functions.size())
      return bad("calls function %u of %zu", op.function(),
                 program.functions.size());
    const FunctionInfo &callee = program.functions[op.function()];
    uint32_t first = operandsHere();
    SINTER_TRY(list(op.args(), callee.params, "arguments"));
    SINTER_TRY(list(op.results(), callee.results, "results"));
    return emit({Opcode::Call, 0, op.function(), first});
  }

  Status leave(const plan::Return &op) {
    uint32_t first = operandsHere();
    SINTER_TRY(list(op.values(), current->results, "values returned"));
    return emit({Opcode::Return, 0, 0, first, current->results});
  }

  // ---- values and memory ----------------------------------------------------

  Status constant(const plan::Const &op) {
    SINTER_TRY(registers({op.dst()}));
    return emit({Opcode::Const, 0, op.dst(), 0, 0, op.value()});
  }
  Status arith(const plan::Arith &op) {
    if (op.kind() > plan::ArithKind::MAX)
      return bad("arithmetic of unknown kind %u", unsigned(op.kind()));
    SINTER_TRY(registers({op.dst(), op.lhs(), op.rhs()}));
    return emit(
        {Opcode::Arith, uint8_t(op.kind()), op.dst(), op.lhs(), op.rhs()});
  }
  Status copy(const plan::Copy &op) {
    SINTER_TRY(registers({op.dst(), op.src()}));
    return emit({Opcode::Copy, 0, op.dst(), op.src()});
  }
  Status load(const plan::LoadI32 &op) {
    SINTER_TRY(registers({op.dst()}));
    SINTER_TRY(word(op.buffer(), op.offset()));
    return emit(
        {Opcode::Load, 0, op.dst(), op.buffer(), 0, int64_t(op.offset())});
  }
  Status store(const plan::StoreI32 &op) {
    SINTER_TRY(registers({op.src()}));
    SINTER_TRY(word(op.buffer(), op.offset()));
    return emit(
        {Opcode::Store, 0, op.src(), op.buffer(), 0, int64_t(op.offset())});
  }
  /// An aligned i32 inside what the smallest session has of a buffer.
  Status word(uint32_t buffer, uint64_t offset) {
    if (buffer >= plan.buffers()->size() || offset % 4 ||
        smallest(buffer) < 4 || offset > smallest(buffer) - 4)
      return bad("no i32 at offset %llu of buffer %u", ull(offset), buffer);
    return Status();
  }
  /// Room for where each row stands.
  Status places(uint32_t buffer, uint64_t offset) {
    constexpr uint64_t kPlaceBytes = 16;
    SINTER_TRY(word(buffer, offset));
    if ((smallest(buffer) - offset) / kPlaceBytes < plan.max_rows())
      return bad("buffer %u does not hold the places of %u rows", buffer,
                 plan.max_rows());
    return Status();
  }
  /// Room for a bit a layer, and depths to choose from.
  Status layerBits(uint32_t buffer) {
    uint32_t depths = plan.depths() ? plan.depths()->size() : 0;
    if (depths == 0)
      return bad("chooses a depth, but the plan has none");
    return word(buffer,
                4 * (Depth::words(plan.states()->Get(0)->layers()) - 1));
  }
  uint64_t smallest(uint32_t buffer) {
    const plan::Buffer &table = *plan.buffers()->Get(buffer);
    return table.bytes() + table.bytes_per_position();
  }

  // ---- kernels, states, services --------------------------------------------

  Status dispatch(const plan::Dispatch &op) {
    if (op.kernel() >= plan.kernels()->size())
      return bad("kernel %u of %u", op.kernel(), plan.kernels()->size());
    const plan::Kernel &kernel = *plan.kernels()->Get(op.kernel());
    uint32_t wanted = kernel.bindings() ? kernel.bindings()->size() : 0;
    uint32_t given = op.bindings() ? op.bindings()->size() : 0;
    if (wanted != given)
      return bad("%u bindings for kernel %u, expected %u", given, op.kernel(),
                 wanted);
    uint32_t first = uint32_t(program.bindings.size());
    for (uint32_t i = 0; i < given; ++i)
      SINTER_TRY(binding(i, *op.bindings()->Get(i)));
    uint32_t scalars = operandsHere();
    SINTER_TRY(list(op.scalars(),
                    kernel.scalars() ? kernel.scalars()->size() : 0,
                    "scalars"));
    return emit({Opcode::Dispatch, 0, op.kernel(), first, scalars});
  }

  /// A view has none of its own, and those of a text are empty.
  bool hasPages(uint32_t state) {
    if (state >= plan.states()->size())
      return false;
    plan::StateKind kind = plan.states()->Get(state)->kind();
    return kind != plan::StateKind::View && kind != plan::StateKind::Text;
  }

  Status binding(uint32_t number, const plan::Binding &binding) {
    uint64_t room = 0;
    switch (binding.kind()) {
    case plan::BindingKind::Buffer:
      if (binding.index() < plan.buffers()->size())
        room = smallest(binding.index());
      break;
    case plan::BindingKind::Section:
      if (binding.index() < plan.sections()->size() &&
          plan.sections()->Get(binding.index())->kind() ==
              plan::SectionKind::Weights)
        room = plan.sections()->Get(binding.index())->bytes();
      break;
    case plan::BindingKind::StatePlane:
      if (hasPages(binding.index()) && binding.plane() < 2 &&
          binding.layer() < plan.states()->Get(binding.index())->layers())
        room = 1;
      break;
    case plan::BindingKind::StatePages:
      room = hasPages(binding.index());
      break;
    }
    if (binding.offset() >= room || binding.offset() % 64)
      return bad("binding %u (kind %u, index %u, offset %llu, layer %u, plane "
                 "%u) names nothing, or nothing aligned",
                 number, unsigned(binding.kind()), binding.index(),
                 ull(binding.offset()), binding.layer(), binding.plane());
    SINTER_NEED(program.bindings.push_back(
        {uint8_t(binding.kind()), uint8_t(binding.plane()), binding.index(),
         binding.layer(), binding.offset()}));
    return Status();
  }

  Status state(const plan::StateOp &op) {
    if (op.kind() > plan::StateOpKind::MAX)
      return bad("state op of unknown kind %u", unsigned(op.kind()));
    if (op.state() >= plan.states()->size())
      return bad("state %u of %u", op.state(), plan.states()->size());
    bool recurs = op.kind() == plan::StateOpKind::Half ||
                  op.kind() == plan::StateOpKind::Unplayed;
    bool isRecurrent =
        plan.states()->Get(op.state())->kind() == plan::StateKind::Recurrent;
    if (recurs && !isRecurrent)
      return bad("state %u is not recurrent", op.state());
    if (op.kind() == plan::StateOpKind::KeepRow && op.state() != 0)
      return bad("keeps a row of a draft in state %u, expected the first one",
                 op.state());
    bool reads = op.kind() == plan::StateOpKind::Length ||
                 op.kind() == plan::StateOpKind::Capacity || recurs;
    bool ofBatch = op.kind() == plan::StateOpKind::ReserveRows ||
                   op.kind() == plan::StateOpKind::CommitRows;
    if (ofBatch && isRecurrent)
      return bad("rows of a batch in state %u, which is recurrent", op.state());
    if (ofBatch && !hasPages(op.state()))
      return bad("rows of a batch in state %u, which has no pages", op.state());
    if (!ofBatch)
      SINTER_TRY(registers({reads ? op.dst() : op.count()}));
    return emit(
        {Opcode::State, uint8_t(op.kind()), op.state(), op.dst(), op.count()});
  }

  Status service(const plan::Service &op) {
    if (op.kind() > plan::ServiceKind::MAX)
      return bad("service of unknown kind %u", unsigned(op.kind()));
    uint32_t first = operandsHere();
    if (op.kind() == plan::ServiceKind::TakeRows) {
      SINTER_TRY(list(op.results(), 3, "results"));
      SINTER_TRY(places(op.buffer(), op.offset()));
      return emit({Opcode::Service, uint8_t(op.kind()), op.buffer(), first, 0,
                   int64_t(op.offset())});
    }
    if (op.kind() == plan::ServiceKind::Retired)
      return bad("calls a service that is no longer there; compile the model "
                 "again");
    if (op.kind() == plan::ServiceKind::Waiting) {
      SINTER_TRY(registers({op.dst()}));
      return emit({Opcode::Service, uint8_t(op.kind()), 0, 0, op.dst()});
    }
    if (op.kind() == plan::ServiceKind::PlaceDraft) {
      if (op.index() != 0)
        return bad("places a draft in state %u, expected the first one",
                   op.index());
      if (plan.states()->Get(0)->kind() == plan::StateKind::Recurrent)
        return bad("places a tree in a recurrent state, which has one path");
      SINTER_TRY(list(op.results(), 2, "results"));
      SINTER_TRY(places(op.buffer(), op.offset()));
      return emit({Opcode::Service, uint8_t(op.kind()), op.buffer(), first, 0,
                   int64_t(op.offset())});
    }
    if (op.kind() == plan::ServiceKind::Expand) {
      uint32_t states = plan.states()->size();
      if (op.index() == 0 || op.index() >= states ||
          plan.states()->Get(op.index())->kind() == plan::StateKind::Recurrent)
        return bad("grows a tree in state %u of %u, expected one of a model "
                   "that drafts",
                   op.index(), states);
      SINTER_TRY(list(op.results(), 3, "results"));
      return emit({Opcode::Service, uint8_t(op.kind()), op.index(), first});
    }
    if (op.kind() == plan::ServiceKind::ProposeBest) {
      SINTER_TRY(word(op.buffer(), 4));
      return emit({Opcode::Service, uint8_t(op.kind()), op.buffer()});
    }
    if (op.kind() == plan::ServiceKind::Agreed) {
      SINTER_TRY(registers({op.dst()}));
      return emit({Opcode::Service, uint8_t(op.kind()), 0, 0, op.dst()});
    }
    bool two = op.kind() == plan::ServiceKind::Follow ||
               op.kind() == plan::ServiceKind::Propose ||
               op.kind() == plan::ServiceKind::Observe ||
               op.kind() == plan::ServiceKind::Hold ||
               op.kind() == plan::ServiceKind::PeekInput ||
               op.kind() == plan::ServiceKind::ChooseModel;
    SINTER_TRY(list(op.args(),
                    op.kind() == plan::ServiceKind::ProposeWhile ? 5
                    : op.kind() == plan::ServiceKind::Decide     ? 3
                    : two                                        ? 2
                                                                 : 1,
                    "arguments"));
    if (op.kind() == plan::ServiceKind::ChooseModel && !plan.model_switch())
      return bad("chooses a model, and no rule says which");
    if (op.kind() == plan::ServiceKind::Draft) {
      uint32_t drafters = plan.drafters() ? plan.drafters()->size() : 0;
      if (op.index() >= drafters)
        return bad("drafter %u of %u", op.index(), drafters);
      SINTER_TRY(registers({op.dst()}));
      return emit(
          {Opcode::Service, uint8_t(op.kind()), op.index(), first, op.dst()});
    }
    if (op.kind() == plan::ServiceKind::Decide) {
      uint32_t exits = plan.exits() ? plan.exits()->size() : 0;
      if (op.index() >= exits)
        return bad("exit %u of %u", op.index(), exits);
      SINTER_TRY(registers({op.dst()}));
      return emit(
          {Opcode::Service, uint8_t(op.kind()), op.index(), first, op.dst()});
    }
    if (op.kind() == plan::ServiceKind::Children)
      SINTER_TRY(word(op.buffer(), (2 * Program::kChildren - 1) * 4));
    if (op.kind() == plan::ServiceKind::Observe)
      return emit({Opcode::Service, uint8_t(op.kind()), 0, first});
    if (op.kind() == plan::ServiceKind::Recycle) {
      SINTER_TRY(word(op.buffer(), 0));
      return emit({Opcode::Service, uint8_t(op.kind()), op.buffer(), first});
    }
    if (op.kind() == plan::ServiceKind::ChooseDepth)
      SINTER_TRY(layerBits(op.buffer()));
    if (op.kind() == plan::ServiceKind::EmitLogits)
      SINTER_TRY(word(op.buffer(), op.offset()));
    else
      SINTER_TRY(registers({op.dst()}));
    return emit({Opcode::Service, uint8_t(op.kind()), op.buffer(), first,
                 op.dst(), int64_t(op.offset())});
  }

  // ---- helpers --------------------------------------------------------------

  Status registers(std::initializer_list<uint32_t> indices) {
    for (uint32_t index : indices)
      if (index >= current->registers)
        return bad("register %u of %u", index, current->registers);
    return Status();
  }
  Status list(const flatbuffers::Vector<uint32_t> *indices, uint32_t wanted,
              const char *what) {
    uint32_t given = indices ? indices->size() : 0;
    if (given != wanted)
      return bad("%u %s, expected %u", given, what, wanted);
    for (uint32_t i = 0; i < given; ++i) {
      SINTER_TRY(registers({indices->Get(i)}));
      SINTER_NEED(program.operands.push_back(indices->Get(i)));
    }
    return Status();
  }
  Status emit(Instruction instruction) {
    SINTER_NEED(program.instructions.push_back(instruction));
    return Status();
  }
  uint32_t here() const { return uint32_t(program.instructions.size()); }
  uint32_t operandsHere() const { return uint32_t(program.operands.size()); }

  // ---- stack ----------------------------------------------------------------

  /// Frames and registers of each function with what it calls; refuses
  /// recursion.
  Status measure() {
    for (uint32_t i = 0; i < program.functions.size(); ++i) {
      SINTER_TRY(measure(i, 1));
      const FunctionInfo &info = program.functions[i];
      if (info.depth > program.maxDepth)
        program.maxDepth = info.depth;
      if (info.totalRegisters > program.maxRegisters)
        program.maxRegisters = info.totalRegisters;
    }
    return Status();
  }
  Status measure(uint32_t index, uint32_t level) {
    FunctionInfo &info = program.functions[index];
    current = &info;
    if (info.depth)
      return Status();
    if (level > Program::kMaxCallDepth)
      return bad("calls nest deeper than %u or recur", Program::kMaxCallDepth);
    uint32_t depth = 0;
    uint64_t below = 0;
    for (uint32_t i = info.first;
         program.instructions[i].opcode != Opcode::MissingReturn; ++i) {
      if (program.instructions[i].opcode != Opcode::Call)
        continue;
      uint32_t callee = program.instructions[i].a;
      SINTER_TRY(measure(callee, level + 1));
      const FunctionInfo &called = program.functions[callee];
      depth = depth > called.depth ? depth : called.depth;
      below = below > called.totalRegisters ? below : called.totalRegisters;
    }
    current = &info;
    if (depth >= Program::kMaxCallDepth)
      return bad("calls nest deeper than %u", Program::kMaxCallDepth);
    info.depth = depth + 1;
    info.totalRegisters = info.registers + below;
    return Status();
  }

  const Origin &origin;
  const plan::Plan &plan;
  Program program;
  FunctionInfo *current = nullptr;
  uint64_t ops = 0;
};

} // namespace

Result<Program> Program::build(const Origin &origin, const plan::Plan &plan) {
  return Builder(origin, plan).run();
}

int64_t Program::find(std::string_view name) const {
  for (size_t i = 0; i < functions.size(); ++i)
    if (functions[i].name == name)
      return int64_t(i);
  return -1;
}

} // namespace sinter::runtime
