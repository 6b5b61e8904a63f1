// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the `plan` dialect for verifier rules and policies.

#ifndef SINTER_DIALECTS_PLAN_PLANRULEOPS_TD
#define SINTER_DIALECTS_PLAN_PLANRULEOPS_TD

include "dialects/Plan/PlanOps.td"

def Plan_ChildrenOp : Plan_User<"children"> {
  let summary = "The ids drafted right after `row`";
  let description = [{
    They go to the start of the buffer, in the order in which they were drafted,
    and the rows that hold them 16 entries behind. The result is how many there
    are.
    ```mlir
    %count = plan.children %row, @drafted
    ```
  }];
  let arguments = (ins I64:$row, FlatSymbolRefAttr:$buffer);
  let results = (outs I64:$dst);
  let assemblyFormat = "$row `,` $buffer attr-dict";
}
def Plan_EndsTextOp : Plan_Op<"ends_text"> {
  let summary = "1 if `token` would end the text, else 0";
  let arguments = (ins I64:$token);
  let results = (outs I64:$dst);
  let assemblyFormat = "$token attr-dict";
}
def Plan_ProposeWhileOp : Plan_Op<"propose_while"> {
  let summary = "As `plan.propose`; 1: the policy wants another id, 0: enough";
  let description = [{
    `given` are the entropy and the two largest probabilities of the row that the
    id was drawn from, as bits of an f32.
    ```mlir
    %more = plan.propose_while %row, %token given(%entropy, %first, %second)
    ```
  }];
  let arguments = (ins I64:$row, I64:$token, Variadic<I64>:$given);
  let results = (outs I64:$more);
  let assemblyFormat = "$row `,` $token `given` `(` $given `)` attr-dict";
  let hasVerifier = 1;
}

#endif
