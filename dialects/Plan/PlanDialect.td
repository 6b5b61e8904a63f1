// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `plan` dialect: what a plan file holds, as IR.

#ifndef SINTER_DIALECTS_PLAN_PLANDIALECT_TD
#define SINTER_DIALECTS_PLAN_PLANDIALECT_TD

include "mlir/IR/OpBase.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let summary = "The program of a plan file, one op per table of its schema";
  let description = [{
    The last level before bytes: which kernel runs next, on which bytes, and
    who decides. `lib/Target/Plan` writes it one to one as the FlatBuffers
    tables of `runtime/schema/plan.fbs` and reads it back; the runtime executes
    those tables.

    Two things differ from the tables, because SSA says them better:
    - The file has i64 registers, the dialect has i64 values. The writer assigns
      registers and inserts `Copy` where a value is carried by a loop or leaves
      a branch; the reader undoes it.
    - Symbols take the place of indices, and a binding may name a weight
      instead of an offset into its section.

    A module of this level holds declarations (`plan.model`, `plan.section`,
    `plan.weight`, `plan.code`, `plan.kernel`, `plan.buffer`, `plan.state`) and
    functions. Everything that a function changes - buffers, states - is named
    by symbol and changed in place, in program order.
  }];
  // The schema's C++ tables live in `sinter::plan`.
  let cppNamespace = "::sinter::planir";
  let useDefaultAttributePrinterParser = 1;
}

#endif
