// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depths that are looked up. Included by DecodeOps.td.

#ifndef SINTER_DIALECTS_DECODE_RETRIEVALOPS_TD
#define SINTER_DIALECTS_DECODE_RETRIEVALOPS_TD

include "dialects/Decode/DecodeOps.td"

def Decode_RetrievalOp : Decode_Op<"retrieval", [Symbol, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A store of texts, and what each depth makes of them";
  let description = [{
    The key of a text is the sum of what the model's embedding makes of its ids; the
    function `pools` adds the rows at hand to it, from how many rows on is its second
    argument. An entry of the store is the key of a text and a law: how probable the
    right id is at each of the `depths`, right being what the whole model says. The
    function `votes` compares the key with those of the store, and writes how near
    the nearest one is, and which depth the `nearest` of them choose together
    (RAEE, Huang et al., 2024). A text to which no entry is as near as `similar`
    gets the whole model; so does every text where the store has no `entries`, and
    nothing votes.

    ```mlir
    decode.retrieval @retrieval of(@depths) entries(40) nearest(12) similar(0.5)
        keep(1.0) pools(@retrieval.pool) votes(@retrieval.vote)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$depths,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$entries,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$nearest, F32Attr:$similar,
      F32Attr:$keep, FlatSymbolRefAttr:$pools,
      OptionalAttr<FlatSymbolRefAttr>:$votes);
  let assemblyFormat = [{
    $sym_name `of` `(` $depths `)` `entries` `(` $entries `)`
    `nearest` `(` $nearest `)` `similar` `(` $similar `)` `keep` `(` $keep `)`
    `pools` `(` $pools `)` (`votes` `(` $votes^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_RetrieveOp : Decode_User<"retrieve"> {
  let summary = "The depth that a store of texts has for the ids that wait";
  let description = [{
    A number of a depth, for `decode.choose_depth`; 0, the whole model, for a sequence
    that is not empty. The ids still wait afterwards. It stands before the first
    forward, whose memory it uses; `rows` are computed at a time.

    ```mlir
    %number = decode.retrieve @retrieval over(@kv) rows(%chunk)
    decode.choose_depth @depths prefer(%number)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$store, FlatSymbolRefAttr:$state,
      I64:$rows);
  let results = (outs I64:$number);
  let assemblyFormat = [{
    $store `over` `(` $state `)` `rows` `(` $rows `)` attr-dict
  }];
}

#endif
