// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What forwards cost, as an op of the dialects that carry it.

#ifndef SINTER_DIALECTS_COMMON_COSTTABLE_TD
#define SINTER_DIALECTS_COMMON_COSTTABLE_TD

include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/OpBase.td"

/// The .cpp file of the dialect includes dialects/Common/CostTable.h.
class CostTableOp<Dialect dialect>
    : Op<dialect, "costs", [HasParent<"::mlir::ModuleOp">]> {
  let summary = "What rows of a forward cost";
  let description = [{
    The time of forwards of 1, 2, ... 16 rows, logits included, over that of one
    row, and of an id that a model drafts (0: no model drafts): predicted, or
    measured on some machine. Policies begin with it and correct it by the times
    of the session; it changes how fast tokens come, never which. A module has
    one at most.

    ```mlir
    plan.costs rows([1.0, 1.01, ...]) id(0.35)
    plan.costs rows([1.0, 1.03, ...]) id(0.0) measured
    ```
  }];
  let arguments = (ins DenseF32ArrayAttr:$rows, F32Attr:$id, UnitAttr:$measured);
  let assemblyFormat = [{
    `rows` `(` $rows `)` `id` `(` $id `)` (`measured` $measured^)? attr-dict
  }];
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() {
      return ::sinter::verifyCostTable(*this);
    }
  }];
  let hasVerifier = 1;
}

#endif
