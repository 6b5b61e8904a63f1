// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Peak heap bytes of a plan as a formula of (sessions, context, threads).

#ifndef SINTER_LIB_TARGET_PLAN_MEMORYFORMULA_H
#define SINTER_LIB_TARGET_PLAN_MEMORYFORMULA_H

#include "runtime/schema/plan_generated.h"

namespace sinter {

/// An upper bound that holds for any runtime of this format: what sessions
/// hold follows from buffers and states; what the runtime adds (its copy of the
/// program, pointers, frames, compiled expressions of the tokenizer) is bounded
/// by the size of the program. The runtime knows its own bytes exactly and
/// answers sinter_plan_memory from them.
plan::MemoryT memoryOf(const plan::PlanT &plan);

} // namespace sinter

#endif
