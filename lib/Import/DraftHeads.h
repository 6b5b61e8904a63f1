// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Heads that draft for a model, from a safetensors file.
#ifndef SINTER_LIB_IMPORT_DRAFTHEADS_H
#define SINTER_LIB_IMPORT_DRAFTHEADS_H

#include "lib/Import/Safetensors/SafetensorsFile.h"
#include "mlir/IR/BuiltinOps.h"

namespace sinter {

struct HeadsOptions {
  /// Matrices become Q8_0; else they keep the type that the file has.
  bool quantize = true;
};

/// Adds a function `@draft.head.N` for each head of the file to an imported
/// model. What the file has and this compiler does not know, and what it lacks
/// or has of another size, is reported in one error.
///
/// With h the row that the model's own head multiplies, e_0 the embedding of
/// the id that the model said last, e_1, ... those of the ids drafted behind
/// it, and U the model's own output matrix:
///   medusa (Cai et al., 2024):    logits_i = U (h + silu(W_i h + b_i))
///   hydra (Ankner et al., 2024):  logits_i = U (S_i x + silu(W_i x + b_i)),
///                                 x = [h; e_0; ...; e_i]
/// `__metadata__` says which in `heads`. Tensors: `heads.I.weight` (W_I),
/// `heads.I.bias`, `heads.I.skip.weight` (S_I), I from 0, and, if heads know
/// some tokens alone, `vocabulary`: their ids, rising, as I32.
mlir::LogicalResult importHeads(const safetensors::File &file,
                                mlir::ModuleOp model,
                                const HeadsOptions &options = {});

/// The same from a path.
mlir::LogicalResult importHeads(llvm::StringRef path, mlir::ModuleOp model,
                                const HeadsOptions &options = {});

} // namespace sinter

#endif // SINTER_LIB_IMPORT_DRAFTHEADS_H
