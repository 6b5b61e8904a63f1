// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_VERIFY_H
#define SINTER_RUNTIME_PLAN_VERIFY_H

#include "runtime/plan/Container.h"

namespace sinter::runtime {

/// Checks everything the tables declare (sections, weights, code, kernels,
/// buffers, states, numbers, defaults, golden section) against each other and
/// the file; functions are checked while they are built (Program.h).  After
/// it, vectors that the schema needs are present, and indices and ranges hold.
Status verifyTables(const Origin &origin, const plan::Plan &plan,
                    std::span<const uint8_t> file);

} // namespace sinter::runtime
#endif
