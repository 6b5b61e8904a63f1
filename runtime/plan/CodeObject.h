// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_CODEOBJECT_H
#define SINTER_RUNTIME_PLAN_CODEOBJECT_H

#include "runtime/io/MappedFile.h"
#include "runtime/plan/Container.h"

namespace sinter::runtime {

/// The index of the code object to use: the first that this CPU can run, or
/// the one of level `wanted`.  An error says which feature is missing.
Result<uint32_t> chooseCode(const Origin &origin, const plan::Plan &plan,
                            const char *wanted);

/// Maps the segments of a code object from the file.
Result<CodeImage> mapCode(const Origin &origin, const plan::Plan &plan,
                          uint32_t index, int file);

} // namespace sinter::runtime
#endif
