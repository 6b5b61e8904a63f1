// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Between plan ops and the tables of the schema.

#ifndef SINTER_LIB_TARGET_PLAN_TABLES_H
#define SINTER_LIB_TARGET_PLAN_TABLES_H

#include "dialects/Plan/PlanOps.h"
#include "runtime/schema/plan_generated.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace sinter {

/// Index of every declaration in the vector of its table.
struct PlanIndices {
  llvm::StringMap<uint32_t> sections, kernels, buffers, states, functions,
      drafters, exits;
  llvm::StringMap<planir::WeightOp> weights;
};

/// Tables of all ops of a verified module; sections have no place yet.
llvm::Expected<std::unique_ptr<plan::PlanT>>
encodeTables(mlir::ModuleOp module);

/// Assigns registers to the values of `function`.
std::unique_ptr<plan::FunctionT> encodeFunction(planir::FuncOp function,
                                                const PlanIndices &indices);

/// Names of the declarations of a file, unique within a module.
struct PlanNames {
  explicit PlanNames(const plan::Plan &plan);
  std::vector<std::string> sections, weights, code, kernels, buffers, states,
      functions, drafters, exits;
};

/// Appends function `index` of a file as a plan op. Vectors of the file must
/// have been verified, indices need not.
llvm::Error decodeFunction(const plan::Plan &plan, const PlanNames &names,
                           uint32_t index, mlir::OpBuilder &builder);

} // namespace sinter

#endif
