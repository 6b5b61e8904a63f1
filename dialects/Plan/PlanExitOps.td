// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tokens that leave the layers before the last one. Included by PlanOps.td.

#ifndef SINTER_DIALECTS_PLAN_PLANEXITOPS_TD
#define SINTER_DIALECTS_PLAN_PLANEXITOPS_TD

include "dialects/Plan/PlanOps.td"

def Plan_ProbeKind : Plan_Enum<"ProbeKind", "what says that layers can be left", [
  I32EnumAttrCase<"MaxProb", 0, "max_prob">, I32EnumAttrCase<"Margin", 1, "margin">,
  I32EnumAttrCase<"Entropy", 2, "entropy">,
  I32EnumAttrCase<"Similarity", 3, "similarity">,
  I32EnumAttrCase<"Chance", 4, "chance">, I32EnumAttrCase<"Linear", 5, "linear">]>;

def Plan_ExitOp : Plan_Declaration<"exit", [Symbol]> {
  let summary = "A place where tokens may leave the layers";
  let description = [{
    Table `Exit`. The policy lets rows leave whose score is more than
    `threshold` (of a head that knows `tokens` alone, where that is said), which falls along the text where there is a `decay`; one with less than `stop`
    ends the text.

    ```mlir
    plan.exit @exit.1 similarity after(20) threshold(0.99)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Plan_ProbeKind:$probe,
      OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$tokens,
      ConfinedAttr<I64Attr, [IntPositive]>:$after, F32Attr:$threshold,
      OptionalAttr<F32Attr>:$stop, OptionalAttr<F32Attr>:$decay,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "256">:$over);
  let assemblyFormat = [{
    $sym_name $probe (`tokens` `(` $tokens^ `)`)? `after` `(` $after `)` `threshold` `(` $threshold `)`
    (`stop` `(` $stop^ `)`)?
    (`decay` `(` $decay^ `)` `over` `(` $over `)`)? attr-dict
  }];
}

def Plan_FillOp : Plan_StateChange<"fill"> {
  let summary = "Like keep, for positions whose ids plan.hold put into the history";
}

def Plan_HoldOp : Plan_Op<"hold"> {
  let summary = "Token `token` is the id of the reserved position `place`";
  let description = [{
    Counted from the first one that is not committed. It goes to its place in the
    history, which becomes part of the text with the position.
    ```mlir
    plan.hold %place, %token
    ```
  }];
  let arguments = (ins I64:$place, I64:$token);
  let assemblyFormat = "$place `,` $token attr-dict";
}

def Plan_AgreeOp : Plan_Op<"agree"> {
  let summary = "1: `token` is what was held at the first position that is not committed";
  let arguments = (ins I64:$token);
  let results = (outs I64:$dst);
  let assemblyFormat = "$token attr-dict";
}

def Plan_DecideOp : Plan_User<"decide"> {
  let summary = "What the policy of an exit says about a row";
  let description = [{
    `first` and `second` are what its probe says, the bits of two f32; `room`, how
    many rows may still wait. The result: 0, the row goes on; 1, it leaves; 2, the
    text ends here.
    ```mlir
    %leaves = plan.decide @exit.1 by(%first, %second) room(%room)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$exit, I64:$first, I64:$second, I64:$room);
  let results = (outs I64:$dst);
  let assemblyFormat = [{
    $exit `by` `(` $first `,` $second `)` `room` `(` $room `)` attr-dict
  }];
}

#endif
