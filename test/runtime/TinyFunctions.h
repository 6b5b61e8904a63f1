// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program of the tiny plan, as the compiler lays one out.
#ifndef SINTER_TEST_RUNTIME_TINYFUNCTIONS_H
#define SINTER_TEST_RUNTIME_TINYFUNCTIONS_H

#include "runtime/schema/plan_generated.h"

namespace sinter::test {

/// The places of its buffers and kernels in the tables.
enum Buffer : uint32_t { Arena, Ids, History, Logits, Token, Runs };
enum Kernel : uint32_t { Forward, Head, Sample, BarrierTest, Mxcsr, Recur };

void addFunctions(plan::PlanT &tables);
/// The model keeps a recurrent state instead of keys and values.
void makeRecurrent(plan::PlanT &tables);

} // namespace sinter::test
#endif
