// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tokens that leave the layers before the last one. Included by DecodeOps.td.

#ifndef SINTER_DIALECTS_DECODE_EXITOPS_TD
#define SINTER_DIALECTS_DECODE_EXITOPS_TD

include "dialects/Decode/DecodeOps.td"

def Decode_ProbeKind : Decode_Enum<"ProbeKind", "what says that layers can be left", [
  I32EnumAttrCase<"MaxProb", 0, "max_prob">, I32EnumAttrCase<"Margin", 1, "margin">,
  I32EnumAttrCase<"Entropy", 2, "entropy">,
  I32EnumAttrCase<"Similarity", 3, "similarity">,
  I32EnumAttrCase<"Chance", 4, "chance">, I32EnumAttrCase<"Linear", 5, "linear">]>;

def Decode_ExitOp : Decode_Op<"exit", [Symbol, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A place where tokens may leave the layers";
  let description = [{
    A row whose score is more than `threshold` leaves after `after` layers
    (CALM, Schuster et al., 2022). Scores are from 0 to 1, so that nothing passes
    a threshold of 1. What the function `asks` computes, of

    - `max_prob`, `margin`, `entropy`: how sure the head is here: the largest probability,
      that less the second largest, 1 - entropy / ln(vocabulary); it reads the
      whole head, or, with `tokens`, what the head says about the first so many ids
      (after Vincenti et al., 2024), and the vocabulary is those;
    - `similarity`: the cosine of the row here and one layer before
      (tile.similarity);
    - `linear`: a trained function of the row (tile.logistic);
    - `chance`: a number that depends on the position and the exit alone, and asks
      no function: what other probes have to be better than.

    A row whose score is less than `stop` ends the text: all layers are not
    expected to be right either (dynamic inference for code completion, Sun et
    al., 2024). The token that was doubted is not handed out.

    With a `decay` the threshold falls along the text:
    0.9 `threshold` + 0.1 `threshold` exp(-decay t / `over`) at token t.

    ```mlir
    decode.exit @exit.1 similarity after(20) threshold(0.99) asks(@exit.probe.1)
    decode.exit @exit.2 max_prob tokens(1024) after(25) threshold(0.8) asks(@exit.probe.2)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Decode_ProbeKind:$probe,
      OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$tokens,
      ConfinedAttr<I64Attr, [IntPositive]>:$after, F32Attr:$threshold,
      OptionalAttr<FlatSymbolRefAttr>:$function,
      OptionalAttr<F32Attr>:$stop, OptionalAttr<F32Attr>:$decay,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "256">:$over);
  let assemblyFormat = [{
    $sym_name $probe (`tokens` `(` $tokens^ `)`)? `after` `(` $after `)` `threshold` `(` $threshold `)`
    (`stop` `(` $stop^ `)`)? (`asks` `(` $function^ `)`)? (`decay` `(` $decay^ `)` `over` `(` $over `)`)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether asking leaves the logits of all tokens behind.
    bool makesLogits();
  }];
}

def Decode_DescendOp : Decode_Op<"descend", [SingleBlock, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Takes a token through the layers, until it may leave";
  let description = [{
    Computes the id that was fed, `token`, segment by segment; between segment i
    and i + 1 exit i is asked. The body draws the token that comes next from the
    logits of `row`, wherever they were made.

    A row that left owes the layers above their keys and values. It waits, and
    goes through them with the next row that goes on: exactly what a forward of
    all layers would put there. So positions of the state are committed when all
    layers have seen them, and continuing tokens see what they would see without
    exits. `owed` counts the rows that wait at each exit (zeros, then the
    results); when `most` wait, the next row goes on whatever its probe says.
    Rows that wait at the end are forgotten, as reserved rows are.

    `exact`: tokens of rows that left are held back until their rows have been
    through all layers. What the model says there decides: the text is that of
    decoding without exits. Held tokens are drawn by the body's `decode.sample`
    alone.

    ```mlir
    decode.feed %token
    %next, %stop, %made, %owed = decode.descend @kv of(%token)
        segments([@exit.segment.0, @exit.segment.1]) exits([@exit.1]) head(@head)
        owed(%waiting) most(7) init(%n) {
    ^bb0(%row: i64, %position: i64, %count: i64):
      %t = decode.sample @sample row(%row) (%position, %seed)
      %told = decode.emit %t
      decode.drawn %t, %told, %count
    } -> i64, i64
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, I64:$token,
      FlatSymbolRefArrayAttr:$segments, FlatSymbolRefArrayAttr:$exits,
      FlatSymbolRefAttr:$head, Variadic<I64>:$owed,
      ConfinedAttr<I64Attr, [IntPositive]>:$most, UnitAttr:$exact,
      Variadic<I64>:$inits);
  let results = (outs I64:$next, I1:$stop, Variadic<I64>:$rest);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`exact` $exact^)? $state `of` `(` $token `)` `segments` `(` $segments `)`
    `exits` `(` $exits `)` `head` `(` $head `)` `owed` `(` $owed `)`
    `most` `(` $most `)` (`init` `(` $inits^ `)`)? $body `->` type($rest) attr-dict
  }];
  let extraClassDeclaration = [{
    /// Of the results: what is carried, then what is owed.
    ::mlir::ValueRange getCarried() { return getRest().take_front(getInits().size()); }
    ::mlir::ValueRange getOwing() { return getRest().drop_front(getInits().size()); }
  }];
  let hasVerifier = 1;
}

def Decode_DrawnOp : Decode_Op<"drawn", [Terminator, Pure, HasParent<"DescendOp">]> {
  let summary = "The token that comes next, and whether it is the last one";
  let arguments = (ins I64:$token, I1:$stop, Variadic<I64>:$carried);
  let assemblyFormat = "$token `,` $stop (`,` $carried^)? attr-dict";
}

def Decode_MeasureOp : Decode_User<"measure"> {
  let summary = "Asks every exit about a row, and hands out what it would say there";
  let description = [{
    Takes the row that was reserved through all segments. At each exit the host
    is told the score, and gets the logits; last those behind all layers. It is
    what thresholds are chosen from.

    ```mlir
    %last = decode.prefill @kv chunk(%one) {
    ^bb0(%rows: i64, %position: i64):
      decode.measure segments([@exit.segment.0, @exit.segment.1]) exits([@exit.1])
        head(@head) rows(%rows) at(%position)
      decode.commit %rows
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefArrayAttr:$segments,
      FlatSymbolRefArrayAttr:$exits, FlatSymbolRefAttr:$head, I64:$rows,
      I64:$position);
  let assemblyFormat = [{
    `segments` `(` $segments `)` `exits` `(` $exits `)` `head` `(` $head `)`
    `rows` `(` $rows `)` `at` `(` $position `)` attr-dict
  }];
}

#endif
