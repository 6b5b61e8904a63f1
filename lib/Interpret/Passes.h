// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_LIB_INTERPRET_PASSES_H
#define SINTER_LIB_INTERPRET_PASSES_H

#include "dialects/Llm/WeightData.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <functional>
#include <memory>

namespace sinter {
#define GEN_PASS_DECL
#include "lib/Interpret/Passes.h.inc"

/// Opens the checkpoints that a module refers to.  The interpreter knows no
/// file format: whoever registers the pass does.
using OpenCheckpoints = std::function<std::unique_ptr<llm::CheckpointSource>()>;

std::unique_ptr<mlir::Pass> createInterpretPass(OpenCheckpoints open);

/// Makes `--interpret` known.
void registerInterpreter(OpenCheckpoints open);
} // namespace sinter

#endif // SINTER_LIB_INTERPRET_PASSES_H
