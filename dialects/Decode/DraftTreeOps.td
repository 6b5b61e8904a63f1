// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of drafts of a model that are trees.

#ifndef SINTER_DIALECTS_DECODE_DRAFTTREEOPS_TD
#define SINTER_DIALECTS_DECODE_DRAFTTREEOPS_TD

include "dialects/Decode/DecodeOps.td"

def Decode_ProposeBestOp : Decode_User<"propose_best",
    [Terminator, HasParent<"DraftOp">]> {
  let summary = "The best ids of a row, as what may come next";
  let description = [{
    Ends the body of a `decode.draft` whose drafter has `branches`: a dynamic
    greedy tree (DySpec, Xiong et al., 2024). Of the ids proposed until now the
    one whose followers promise most is asked for them, again and again: the body
    gets the position behind it, and finds its path in the history. Its
    `decode.catch_up` computes what the state lacks of that path; what another
    one left there is forgotten. The ids that `function` draws from the row may
    come next: the first is what `decode.sample` would draw, the others what it
    would draw if those before could not be (the siblings of Recursive
    Speculative Decoding, Jeon et al., 2024). The likeliest of all of them become
    the draft.

    ```mlir
    %rows = decode.draft @model most(%most) after(@kv) {
    ^bb0(%position: i64):
      %last = decode.catch_up @draft.kv to(%position) chunk(%chunk) { ... }
      ...
      decode.propose_best @sample_best row(%zero) (%position, %seed)
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, I64:$row, Variadic<I64>:$args);
  let assemblyFormat = "$function `row` `(` $row `)` `(` $args `)` attr-dict";
}

#endif
