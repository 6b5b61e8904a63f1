//===- ForwardTime.h - what forwards take beside each other -----*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_ANALYSIS_FORWARDTIME_H
#define SINTER_LIB_ANALYSIS_FORWARDTIME_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace sinter::analysis {

/// Units a nanosecond of a machine, as kernels reach them: bytes that come from
/// memory, 8-bit, f32 and bf16 operations.
struct Speeds {
  double stream, int8, f32, bf16;
};
/// Two cores of a server. Where weights are read faster than this for what is
/// multiplied, further rows cost more than predicted; a session finds out.
constexpr Speeds kUsualSpeeds = {12, 290, 68, 68};

/// Nanoseconds that the launches of `function` take for these arguments: for
/// each op the longer of what reading and computing take, a fifth more where
/// they take as long. Of a scalar that is no argument and no constant nothing
/// is known; it counts as 0.
double timeOf(mlir::func::FuncOp function, llvm::ArrayRef<int64_t> arguments,
              const Speeds &speeds = kUsualSpeeds);

} // namespace sinter::analysis

#endif
