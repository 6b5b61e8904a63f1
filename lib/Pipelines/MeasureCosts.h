//===- MeasureCosts.h - what forwards take on this machine
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_MEASURECOSTS_H
#define SINTER_LIB_PIPELINES_MEASURECOSTS_H

#include "runtime/schema/plan_generated.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace sinter {

/// Runs the plan at `path` with as many workers as it has by default: forwards
/// of each number of rows in turns, and ids of the model that drafts, if one
/// does. Takes seconds.
llvm::Expected<std::unique_ptr<plan::CostsT>> measureCosts(llvm::StringRef path,
                                                           bool modelDrafts);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_MEASURECOSTS_H
