// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of verifier rules and of policies.

#ifndef SINTER_DIALECTS_DECODE_DECODERULEOPS_TD
#define SINTER_DIALECTS_DECODE_DECODERULEOPS_TD

include "dialects/Decode/DecodeOps.td"

def Decode_DecideOp : Decode_User<"decide"> {
  let summary = "The token after a row, with a look at what was drafted there";
  let description = [{
    What a rule other than `exact` has in place of `decode.sample`. The function
    takes the row, how many ids are drafted right after it, and `args`; it finds
    the ids in the buffer `drafted`. It says with `tile.rule` which rule it
    follows:

    - `reject`: keeps a drafted id as often as the law of the row demands, or
      draws from the rest of it (Leviathan et al., 2023);
    - `typical`: keeps an id that is likely enough (Cai et al., 2024);
    - `judge`: keeps an id whose row `decode.judge` liked (Bachmann et al.,
      2025), but for one that would end the text: that must be drawn.

    ```mlir
    %token = decode.decide reject @decide row(%row) (%position, %seed, %temperature)
    ```
  }];
  let arguments = (ins Decode_RuleKind:$rule, FlatSymbolRefAttr:$function, I64:$row,
      Variadic<I64>:$args);
  let results = (outs I64:$token);
  let assemblyFormat = [{
    $rule $function `row` `(` $row `)` `(` $args `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_JudgeOp : Decode_User<"judge"> {
  let summary = "Scores the hidden rows of a forward, for rule judge";
  let description = [{
    Of rows that a forward has computed and no other model has overwritten.

    ```mlir
    decode.judge @judge rows(%rows)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, I64:$rows);
  let assemblyFormat = "$function `rows` `(` $rows `)` attr-dict";
}

def Decode_SummarizeOp : Decode_User<"summarize"> {
  let summary = "How sure a row of logits is, for a policy";
  let description = [{
    The entropy and the two largest probabilities, as bits of an f32. The row
    still serves a draw.

    ```mlir
    %entropy, %first, %second = decode.summarize @summarize row(%zero)
    decode.propose %token given(%entropy, %first, %second)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, I64:$row);
  let results = (outs I64:$entropy, I64:$first, I64:$second);
  let assemblyFormat = "$function `row` `(` $row `)` attr-dict";
}

#endif
