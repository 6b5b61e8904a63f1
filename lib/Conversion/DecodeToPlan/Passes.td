// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_LIB_CONVERSION_DECODETOPLAN_PASSES_TD
#define SINTER_LIB_CONVERSION_DECODETOPLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

def DecodeToPlan : Pass<"decode-to-plan", "::mlir::ModuleOp"> {
  let summary = "Lowers generation programs and launch lists to the plan";
  let description = [{
    Reads a module with
    - `decode.program`s,
    - launch lists: functions of `tile.launch` and integer arithmetic,
    - regions: functions marked `tile.region`, of which only the signature
      matters here,
    - `tile.buffer`, `tile.state`, `tile.packed`, `tile.vector`,
    - the attributes `llm.name`, `llm.architecture`, `llm.vocabulary`,
      `llm.max_context`,

    and writes `plan` ops. What code and packed weights are made from (regions,
    `tile.packed`, `tile.vector`, the weights of the checkpoint) moves into the
    nested module `@device`, so that the artifact can be made from the printed
    module. Weights are laid out in one section, in the order of the module,
    each 64-byte aligned; the offsets follow from the packed sizes, no weight is
    read.

    ```mlir
    func.func @forward(%rows: index, %position: index) {
      tile.launch @embed bindings([#tile.arena<0>, #tile.weight<@table>])
        scalars(%rows : index)
      return
    }
    ```
    becomes
    ```mlir
    plan.func @forward(%rows: i64, %position: i64) attributes {params = [...]} {
      plan.dispatch @embed bindings([#plan.buffer<@arena>, #plan.weight<@table>])
        scalars(%rows)
      plan.return
    }
    ```
  }];
  let dependentDialects = ["::sinter::planir::PlanDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "kernels that the plan dispatches">,
    Statistic<"numDispatches", "dispatches", "dispatches in launch lists">,
    Statistic<"weightBytes", "weight-bytes", "bytes of the weight section">];
}

#endif
