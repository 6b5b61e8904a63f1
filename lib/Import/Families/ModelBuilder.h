// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the builders of model families share: reading metadata, claiming
// tensors, collecting everything that is wrong, and emitting ops.
#ifndef SINTER_LIB_IMPORT_FAMILIES_MODELBUILDER_H
#define SINTER_LIB_IMPORT_FAMILIES_MODELBUILDER_H

#include "dialects/Llm/LlmOps.h"
#include "lib/Import/GGUF/GgufFile.h"
#include "lib/Import/Import.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

namespace sinter {

class ModelBuilder {
public:
  ModelBuilder(const gguf::File &file, mlir::MLIRContext *ctx,
               const ImportOptions &options);

  const gguf::File &file;
  const ImportOptions &options;
  mlir::OpBuilder builder;
  mlir::Location loc;

  //===--- what is wrong --------------------------------------------------===//
  /// Adds a line to the one error that the import ends with.
  void problem(const llvm::Twine &what);
  bool hasProblems() const { return !problems.empty(); }
  /// One line for each type that cannot run, with the tensors that have it.
  void reportUnknownTypes();
  /// One line for the tensors whose names the family does not know.
  void reportUnknownTensors(llvm::function_ref<bool(llvm::StringRef)> isKnown);
  /// One line for the keys `prefix.*` that nobody has asked for and that are
  /// not zero, false or empty.
  void reportUnreadKeys(llvm::StringRef prefix);

  //===--- metadata -------------------------------------------------------===//
  // A missing key is a problem unless there is a default; so is a value of the
  // wrong type or outside of [least, most].  The result is 0 then.
  int64_t integer(llvm::StringRef key, std::optional<int64_t> fallback,
                  int64_t least, int64_t most);
  double number(llvm::StringRef key, std::optional<double> fallback);
  /// Marks a key that carries no meaning for the computation as read.
  void ignore(llvm::StringRef key) { readKeys.insert(key); }
  bool has(llvm::StringRef key) const { return file.find(key); }

  //===--- weights --------------------------------------------------------===//
  /// Takes a tensor into the module after checking that it is there, has the
  /// shape and a known type; reports what is wrong and returns false then.
  bool claim(llvm::StringRef name, llvm::ArrayRef<int64_t> shape);
  /// claim(), if the tensor is there at all.
  bool claimOptional(llvm::StringRef name, llvm::ArrayRef<int64_t> shape);
  bool hasTensor(llvm::StringRef name) const { return file.tensor(name); }
  /// Declares all claimed tensors in file order.
  void declareWeights();
  void declareVector(llvm::StringRef name, llvm::ArrayRef<float> values);
  /// The value of a declared weight at the insertion point.
  mlir::Value weight(llvm::StringRef name);

  //===--- the module -----------------------------------------------------===//
  mlir::ModuleOp module() { return *owner; }
  mlir::func::FuncOp function(llvm::StringRef name, mlir::TypeRange inputs,
                              mlir::TypeRange results);
  mlir::RankedTensorType rows(int64_t columns);
  mlir::RankedTensorType ids();
  mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> finish();

private:
  const gguf::Value *scalar(llvm::StringRef key, bool required);

  mlir::OwningOpRef<mlir::ModuleOp> owner;
  std::vector<std::string> problems;
  llvm::StringSet<> claimed, readKeys;
};

/// The preset of a ggml type, if kernels exist for it.
std::optional<encoding::Preset> presetOfType(uint32_t ggmlType);

/// A family: builds the module, or reports problems to the builder.
struct Family {
  llvm::StringRef architecture;
  void (*build)(ModelBuilder &model);
};
/// All families that are built in.
llvm::ArrayRef<Family> families();

void buildLlama(ModelBuilder &model);

} // namespace sinter

#endif // SINTER_LIB_IMPORT_FAMILIES_MODELBUILDER_H
