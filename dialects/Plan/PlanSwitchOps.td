// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the `plan` dialect for models that write in turns. PlanOps.td includes
// this.

#ifndef SINTER_DIALECTS_PLAN_PLANSWITCHOPS_TD
#define SINTER_DIALECTS_PLAN_PLANSWITCHOPS_TD

def Plan_ModelSwitchOp : Plan_Declaration<"model_switch"> {
  let summary = "When the large model of a plan writes, and when the small one";
  let description = [{
    Table `ModelSwitch`: the large one where the mean entropy of the last `window`
    rows is at least `threshold` bits, each for `least` tokens at least.

    ```mlir
    plan.model_switch threshold(2.0) window(5) least(10)
    ```
  }];
  let arguments = (ins F32Attr:$threshold, ConfinedAttr<I64Attr, [IntPositive]>:$window,
      ConfinedAttr<I64Attr, [IntPositive]>:$least);
  let assemblyFormat = [{
    `threshold` `(` $threshold `)` `window` `(` $window `)` `least` `(` $least `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Plan_ChooseModelOp : Plan_Op<"choose_model"> {
  let summary = "Which model writes the next token: 0 the small one, 1 the large one";
  let description = [{
    `entropy` is that of the row at hand, in nats, as bits of an f32; the other
    model is `behind` positions of the text.
    ```mlir
    %model = plan.choose_model %entropy, %behind
    ```
  }];
  let arguments = (ins I64:$entropy, I64:$behind);
  let results = (outs I64:$model);
  let assemblyFormat = "$entropy `,` $behind attr-dict";
}

#endif // SINTER_DIALECTS_PLAN_PLANSWITCHOPS_TD
