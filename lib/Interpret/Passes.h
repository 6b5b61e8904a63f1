// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_LIB_INTERPRET_PASSES_H
#define SINTER_LIB_INTERPRET_PASSES_H

#include "dialects/Encoding/EncodingDialect.h"
#include "dialects/Llm/LlmDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace sinter {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Interpret/Passes.h.inc"
} // namespace sinter

#endif // SINTER_LIB_INTERPRET_PASSES_H
