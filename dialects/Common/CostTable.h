// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the cost tables of all dialects must be.

#ifndef SINTER_DIALECTS_COMMON_COSTTABLE_H
#define SINTER_DIALECTS_COMMON_COSTTABLE_H

#include "mlir/IR/BuiltinOps.h"
#include <cmath>

namespace sinter {

/// Rows of a forward that verifies drafts, at most.
inline constexpr int64_t kMostDraftRows = 16;

/// More rows never cost less; nothing costs a thousand times as much.
template <typename Op> mlir::LogicalResult verifyCostTable(Op op) {
  llvm::ArrayRef<float> rows = op.getRows();
  if (int64_t(rows.size()) != kMostDraftRows)
    return op.emitOpError("has costs of ")
           << rows.size() << " numbers of rows, expected " << kMostDraftRows;
  if (rows.front() != 1)
    return op.emitOpError("says that one row costs ")
           << rows.front() << ", which is the unit";
  auto sensible = [](float cost) { return cost >= 0 && cost <= 1000; };
  for (size_t i = 1; i < rows.size(); ++i)
    if (!sensible(rows[i]) || rows[i] < rows[i - 1])
      return op.emitOpError("says that ")
             << i + 1 << " rows cost " << rows[i] << " and " << i << " rows "
             << rows[i - 1] << "; expected rising costs up to 1000";
  if (float id = op.getId().convertToFloat(); !sensible(id))
    return op.emitOpError("says that a drafted id costs ")
           << id << ", expected 0 to 1000";
  mlir::ModuleOp module = mlir::cast<mlir::ModuleOp>(op->getParentOp());
  if (*module.getOps<Op>().begin() != op)
    return op.emitOpError("is the second one of its module");
  return mlir::success();
}

} // namespace sinter

#endif
