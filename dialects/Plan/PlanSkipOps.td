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

def Plan_FfnsOp : Plan_Declaration<"ffns",
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "When feed-forward blocks are left out";
  let description = [{
    Table `Ffns`: the program acts by it, and counts in `buffer`.

    ```mlir
    plan.ffns layers([7, 8, 12]) threshold(0.98) warm_up(25) buffer(@ffns.words)
    ```
  }];
  let arguments = (ins DenseI64ArrayAttr:$layers, F32Attr:$threshold,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$warm_up,
      FlatSymbolRefAttr:$buffer);
  let assemblyFormat = [{
    `layers` `(` $layers `)` `threshold` `(` $threshold `)`
    `warm_up` `(` $warm_up `)` `buffer` `(` $buffer `)` attr-dict
  }];
}

def Plan_RetrievalOp : Plan_Declaration<"retrieval",
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A store of texts, and what each depth makes of them";
  let description = [{
    Table `Retrieval`: the program looks texts up, this says where. `key` holds `width`
    f32; `choice` how near the nearest entry was, and the depth. `keys` and `laws` are
    weights of `entries` rows; without entries there are none.

    ```mlir
    plan.retrieval width(576) entries(40) nearest(12) similar(0.5) keep(1.0)
        key(@retrieval.key) choice(@retrieval.choice)
        keys(@retrieval.keys) laws(@retrieval.laws)
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$width,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$entries,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$nearest, F32Attr:$similar,
      F32Attr:$keep, FlatSymbolRefAttr:$key, FlatSymbolRefAttr:$choice,
      OptionalAttr<FlatSymbolRefAttr>:$keys,
      OptionalAttr<FlatSymbolRefAttr>:$laws);
  let assemblyFormat = [{
    `width` `(` $width `)` `entries` `(` $entries `)` `nearest` `(` $nearest `)`
    `similar` `(` $similar `)` `keep` `(` $keep `)` `key` `(` $key `)`
    `choice` `(` $choice `)`
    (`keys` `(` $keys^ `)` `laws` `(` $laws `)`)? attr-dict
  }];
}

def Plan_PeekInputOp : Plan_User<"peek_input"> {
  let summary = "Copies waiting ids to a buffer, and leaves them waiting";
  let description = [{
    Up to `max` of them, from the `from`-th on; the result is how many.

    ```mlir
    %rows = plan.peek_input %chunk, %done, @ids
    ```
  }];
  let arguments = (ins I64:$max, I64:$from, FlatSymbolRefAttr:$buffer);
  let results = (outs I64:$dst);
  let assemblyFormat = "$max `,` $from `,` $buffer attr-dict";
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
