//===- ExitFunctions.h - what a model with exits does beside its layers
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_EXIT_EXITFUNCTIONS_H
#define SINTER_LIB_TRANSFORMS_EXIT_EXITFUNCTIONS_H

#include "dialects/Decode/BuildGeneration.h"
#include "lib/Transforms/Exit/LinearProbes.h"
#include "lib/Transforms/LaunchFunctions.h"

namespace sinter {

/// The function of the layers between two exits, from 0 on.
std::string segmentName(unsigned index);
/// The function that asks the probe of an exit, from 1 on.
std::string probeName(unsigned index);

/// Adds to a module what exits need: probes, and memory for rows that left and
/// wait until their upper layers are computed.
class ExitFunctions : LaunchFunctions {
public:
  explicit ExitFunctions(mlir::ModuleOp module) : LaunchFunctions(module) {}

  /// `@exit.keep` and `@exit.resume`, for `waiting` rows and the one at hand,
  /// and where scores go, and logits of some tokens.
  mlir::LogicalResult declare(int64_t waiting,
                              llvm::ArrayRef<decode::ExitOptions> exits);
  /// What a row was one layer before it is probed.
  void declareLook();
  /// Remembers the last of `rows` rows before the layer of `launch`.
  void launchLook(tile::LaunchOp launch, mlir::Value rows);
  /// `@LOOK()` remembers row 0, and `@ASK()` says how much it has changed
  /// since.
  mlir::LogicalResult declareChange(llvm::StringRef look, llvm::StringRef ask);
  /// `@exit.probe.N(row)`: its score, and its logits where it reads the whole
  /// head. Linear probes are in `file`.
  mlir::LogicalResult probe(unsigned index, const decode::ExitOptions &exit,
                            const safetensors::File *file);

private:
  void moveRows(llvm::StringRef name, bool keeps);
  mlir::func::FuncOp trimmedHead(int64_t tokens);
  mlir::LogicalResult askHead(mlir::OpBuilder &at, mlir::Value row,
                              int64_t tokens);
  std::string summary(int64_t tokens);
  std::string similarity();
  mlir::FailureOr<std::string> linear(const decode::ExitOptions &exit,
                                      const safetensors::File *file);
  mlir::MemRefType scoreType() {
    return mlir::MemRefType::get({32}, builder.getF32Type());
  }

  int64_t slots = 0;
};

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_EXIT_EXITFUNCTIONS_H
