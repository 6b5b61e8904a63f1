// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How faithful a compiled model is to the plain decoding of its checkpoint.

#ifndef SINTER_DIALECTS_LLM_FIDELITY_H
#define SINTER_DIALECTS_LLM_FIDELITY_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace sinter {

/// The best one first: of several parts the last one holds for all.
enum class Fidelity {
  Exact,        ///< the tokens of plain decoding with the same seed
  Distribution, ///< tokens of the same distribution
  Lossy,        ///< another model, as its knobs say
};

llvm::StringRef fidelityName(Fidelity fidelity);

/// A pass that makes `module` less than exact says so, and with which knob of
/// the user, as in ("kv_window", "64"). Kept as `llm.lossy` and
/// `llm.distribution`, dictionaries of knobs and values.
void declareFidelity(mlir::ModuleOp module, Fidelity fidelity,
                     llvm::StringRef knob, const llvm::Twine &value);

/// The meet over all that was declared.
Fidelity fidelityOf(mlir::ModuleOp module);

/// What makes it so: "drop_layers 1,2; kv_window 64"; "" where it is exact.
std::string fidelityKnobs(mlir::ModuleOp module);

} // namespace sinter

#endif // SINTER_DIALECTS_LLM_FIDELITY_H
