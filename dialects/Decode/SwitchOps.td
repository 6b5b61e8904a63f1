// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two models that write one text in turns. Included by DecodeOps.td.

#ifndef SINTER_DIALECTS_DECODE_SWITCHOPS_TD
#define SINTER_DIALECTS_DECODE_SWITCHOPS_TD

include "dialects/Decode/DecodeOps.td"

def Decode_ModelSwitchOp : Decode_Op<"model_switch", [Symbol,
    HasParent<"::mlir::ModuleOp">]> {
  let summary = "When the large model of a plan writes, and when the small one";
  let description = [{
    Before each token the model that wrote the last one is asked how unsure it is:
    the entropy of its row, in bits, before temperature. Where the mean of its last
    `window` rows is at least `threshold`, the large model writes, else the small
    one, and the model that was switched to writes `least` tokens at least (entropy
    adaptive decoding, Simonds, 2025). A text begins with the small model. Nobody
    verifies anything.

    A threshold of 0 is the large model alone, one of infinity the small one.

    ```mlir
    decode.model_switch @switch threshold(2.0) window(5) least(10)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, F32Attr:$threshold,
      ConfinedAttr<I64Attr, [IntPositive]>:$window,
      ConfinedAttr<I64Attr, [IntPositive]>:$least);
  let assemblyFormat = [{
    $sym_name `threshold` `(` $threshold `)` `window` `(` $window `)`
    `least` `(` $least `)` attr-dict
  }];
  let extraClassDeclaration = [{
    static constexpr int64_t kMostTokens = 64; // of a window
  }];
  let hasVerifier = 1;
}

def Decode_ReadInputOp : Decode_User<"read_input", [SingleBlock,
    NoTerminator, NoRegionArguments]> {
  let summary = "Makes all waiting input part of a text, chunk by chunk";
  let description = [{
    While ids wait: at most `chunk` of them become part of the text, then the body
    runs, if there is one. No model has read them. The result is how many waited.

    ```mlir
    %count = decode.read_input @text chunk(%chunk)
    %scored = decode.read_input @text chunk(%chunk) {
      %end = decode.length @text
      %last = decode.catch_up @kv to(%end) chunk(%chunk) { ... }
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$text, I64:$chunk);
  let results = (outs I64:$count);
  let regions = (region MaxSizedRegion<1>:$body);
  let assemblyFormat = "$text `chunk` `(` $chunk `)` ($body^)? attr-dict";
}

def Decode_AppendOp : Decode_User<"append"> {
  let summary = "Makes `token` the next one of a text, which no model has read";
  let arguments = (ins FlatSymbolRefAttr:$text, I64:$token);
  let assemblyFormat = "$text `,` $token attr-dict";
}

def Decode_ChooseModelOp : Decode_User<"choose_model"> {
  let summary = "Which model writes the next token: 0 the small one, 1 the large one";
  let description = [{
    `entropy` is that of the row at hand, in nats, as bits of an f32
    (`decode.summarize`); `behind`, how many positions of the text the other model
    lacks, which it reads in one forward where it takes over.

    ```mlir
    %model = decode.choose_model @switch given(%entropy) behind(%behind)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$policy, I64:$entropy, I64:$behind);
  let results = (outs I64:$model);
  let assemblyFormat = [{
    $policy `given` `(` $entropy `)` `behind` `(` $behind `)` attr-dict
  }];
}

#endif // SINTER_DIALECTS_DECODE_SWITCHOPS_TD
