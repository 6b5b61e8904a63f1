//===- Registration.h - every dialect, pass and pipeline --------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_REGISTRATION_H
#define SINTER_LIB_PIPELINES_REGISTRATION_H

namespace mlir {
class DialectRegistry;
}

namespace sinter {

/// Registers all dialects that a compilation may meet, and every pass and
/// pipeline by its flag.
void registerEverything(mlir::DialectRegistry &registry);

/// The dialects alone.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_REGISTRATION_H
