// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the `plan` dialect that leave layers out. PlanOps.td includes this.

#ifndef SINTER_DIALECTS_PLAN_PLANSKIPOPS_TD
#define SINTER_DIALECTS_PLAN_PLANSKIPOPS_TD

def Plan_DepthOp : Plan_Declaration<"depth"> {
  let summary = "A depth that a sequence may have";
  let description = [{
    Table `Depth`: `percent` of the layers stay, those in `skips` go. The first
    one of a plan is the whole model.

    ```mlir
    plan.depth percent(75) skips([4, 9])
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$percent,
      DenseI64ArrayAttr:$skips);
  let assemblyFormat = [{
    `percent` `(` $percent `)` `skips` `(` $skips `)` attr-dict
  }];
}

def Plan_WaitingOp : Plan_Op<"waiting"> {
  let summary = "How many ids wait in the session";
  let results = (outs I64:$dst);
  let assemblyFormat = "attr-dict";
}

def Plan_ChooseDepthOp : Plan_User<"choose_depth"> {
  let summary = "Gives an empty sequence a depth, and says which layers go";
  let description = [{
    A sequence that is not empty keeps its depth, and a caller may have chosen
    one; otherwise it is the one of number `prefer`. Bit l of the i32 words of
    `buffer` says that layer l goes.

    ```mlir
    plan.choose_depth %prefer, @skipped
    ```
  }];
  let arguments = (ins I64:$prefer, FlatSymbolRefAttr:$buffer);
  let assemblyFormat = "$prefer `,` $buffer attr-dict";
}

#endif
