// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers the dialects that the compiler's tools understand.
#ifndef SINTER_INITALLDIALECTS_H
#define SINTER_INITALLDIALECTS_H

#include "dialects/Encoding/EncodingDialect.h"
#include "dialects/Llm/LlmDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectRegistry.h"

namespace sinter {

/// The dialects of models as they are imported and transformed.
inline void registerModelDialects(mlir::DialectRegistry &registry) {
  registry.insert<encoding::EncodingDialect, llm::LlmDialect,
                  mlir::arith::ArithDialect, mlir::func::FuncDialect>();
}

} // namespace sinter

#endif // SINTER_INITALLDIALECTS_H
