//===- Dispatches.h - what a call of a plan runs ----------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Goes through the program of a plan as the runtime would, but runs no kernel:
// which kernels a forward is made of, and what they are handed.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_ANALYSIS_DISPATCHES_H
#define SINTER_LIB_ANALYSIS_DISPATCHES_H

#include "dialects/Plan/PlanOps.h"
#include "llvm/Support/Error.h"

namespace sinter::analysis {

struct Dispatch {
  llvm::StringRef kernel; ///< a name in the module
  int64_t layer;          ///< of the first state it binds; -1: it binds none
  llvm::SmallVector<int64_t> scalars;
};

/// `rows` ids after `position` others, which become part of the session, and
/// one token.
struct Forward {
  int64_t position = 0, rows = 1;
};

/// What function `generate` of the plan dispatches for that, in order. An error
/// if the plan has none, or its program asks for what cannot be foretold.
llvm::Expected<std::vector<Dispatch>> dispatchesOf(mlir::ModuleOp plan,
                                                   Forward forward);

} // namespace sinter::analysis

#endif
