// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What drafters of the `plan` dialect are told of rows that were computed.

#ifndef SINTER_DIALECTS_PLAN_PLANRECYCLEOPS_TD
#define SINTER_DIALECTS_PLAN_PLANRECYCLEOPS_TD

include "dialects/Plan/PlanOps.td"

def Plan_RecycleOp : Plan_User<"recycle"> {
  let summary = "The ids that the model ranks best after the rows of the draft";
  let description = [{
    Of the first `rows` rows, as many of each as the drafter that recycles keeps,
    the best first; -1: no more.
    ```mlir
    plan.recycle %rows, @ranked
    ```
  }];
  let arguments = (ins I64:$rows, FlatSymbolRefAttr:$buffer);
  let assemblyFormat = "$rows `,` $buffer attr-dict";
}

#endif
