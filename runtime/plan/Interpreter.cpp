// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Interpreter.h"

namespace sinter::runtime {

Status Interpreter::run(uint32_t function, std::span<const int64_t> arguments,
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

Status Interpreter::broken(const char *what) {
  return fail(plan.allocator(), SINTER_CORRUPT,
              "the program of the plan failed at instruction %u: %s; "
              "compile the model again",
              next - 1, what);
}

Status Interpreter::step(const Instruction &op) {
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

Status Interpreter::arith(const Instruction &op) {
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

Status Interpreter::dispatch(const Instruction &op) {
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

void Interpreter::enter(uint32_t index) {
  function = &program.functions[index];
  registers = top;
  top += function->registers;
  for (int64_t *r = registers; r < top; ++r)
    *r = 0;
  next = function->first;
}

void Interpreter::call(const Instruction &op) {
  const FunctionInfo &callee = program.functions[op.a];
  memory.frames()[depth++] = {next, op.b + callee.params, registers, function};
  const int64_t *caller = registers;
  enter(op.a);
  for (uint32_t i = 0; i < callee.params; ++i)
    registers[i] = caller[program.operands[op.b + i]];
}

void Interpreter::leave(const Instruction &op) {
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

} // namespace sinter::runtime
