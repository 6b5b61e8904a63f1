// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_PROGRAM_H
#define SINTER_RUNTIME_PLAN_PROGRAM_H

#include "runtime/base/Vector.h"
#include "runtime/plan/Container.h"

namespace sinter::runtime {

enum class Opcode : uint8_t {
  Const,        // r[a] = value
  Arith,        // r[a] = r[b] kind r[c]
  Copy,         // r[a] = r[b]
  Load,         // r[a] = i32 at buffer b + value
  Store,        // i32 at buffer b + value = r[a]
  Dispatch,     // kernel a; bindings from b, scalars operands[c..]
  Jump,         // to a
  JumpIfZero,   // to a when r[b] is 0
  Call,         // function a; operands[b..]: arguments, then results
  Return,       // operands[b..b+c] to the caller's result registers
  State,        // state a, kind; r[b] (dst), r[c] (count)
  Service,      // kind; buffer a + value; operands[b]; r[c] (dst)
  MissingReturn // the end of a body that should have returned
};

struct Instruction {
  Opcode opcode;
  uint8_t kind = 0; // of the schema's enumeration
  uint32_t a = 0, b = 0, c = 0;
  int64_t value = 0;
};

/// Where a kernel finds an operand; a session turns it into a pointer once.
struct BindingSource {
  uint8_t kind; // plan::BindingKind
  uint8_t plane;
  uint32_t index;
  uint32_t layer;
  uint64_t offset;
};

struct FunctionInfo {
  std::string_view name;
  uint32_t first = 0; // instruction
  uint32_t params = 0;
  uint32_t results = 0;
  uint32_t registers = 0;
  // With everything it calls:
  uint32_t depth = 0;          // frames
  uint64_t totalRegisters = 0; // of the deepest path
};

/// The functions of a plan, checked, with their blocks laid out one after
/// another and jumps between them: executing needs no recursion, and a dispatch
/// no look at the tables.
class Program {
public:
  static constexpr uint32_t kMaxCallDepth = 32;
  static constexpr uint32_t kMaxBlockDepth = 24;
  static constexpr uint32_t kMaxRegisters = 65536;
  /// Ids that may be drafted right after a row.
  static constexpr uint32_t kChildren = 16;

  /// The tables must have passed verifyTables.
  static Result<Program> build(const Origin &origin, const plan::Plan &plan);

  explicit Program(const Allocator &allocator = Allocator())
      : instructions(allocator), operands(allocator), bindings(allocator),
        functions(allocator) {}

  /// -1: there is none of this name.
  int64_t find(std::string_view name) const;

  Vector<Instruction> instructions;
  Vector<uint32_t> operands;
  Vector<BindingSource> bindings;
  Vector<FunctionInfo> functions;
  /// What a session must have room for.
  uint32_t maxDepth = 0;
  uint64_t maxRegisters = 0;
};

} // namespace sinter::runtime
#endif
