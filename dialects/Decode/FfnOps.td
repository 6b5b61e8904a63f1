// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Feed-forward blocks that tokens leave out. Included by DecodeOps.td.

#ifndef SINTER_DIALECTS_DECODE_FFNOPS_TD
#define SINTER_DIALECTS_DECODE_FFNOPS_TD

include "dialects/Decode/DecodeOps.td"

def Decode_FfnsOp : Decode_Op<"ffns", [Symbol, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "When feed-forward blocks are left out";
  let description = [{
    Where a block changes a row little, the next one will, too: the block of a layer in
    `layers` is left out if the cosine of what came into the block computed last
    and what left it is more than `threshold` (FFN-SkipLLM, Jaiswal et al., 2024).
    The function `looks` keeps the row, `asks` compares. Attention runs in every
    layer: no keys and values are owed. Rows at positions before `warm_up` compute
    everything.

    Cosines are from 0 to 1: a threshold of 1 lets nothing pass, and nothing is
    asked. With `of`, only blocks of layers that the sequence's depth leaves out
    may go: to measure which ones should.

    ```mlir
    decode.ffns @ffns layers([7, 8, 12]) threshold(0.98) warm_up(25)
        looks(@ffns.look) asks(@ffns.ask)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$layers,
      F32Attr:$threshold, ConfinedAttr<I64Attr, [IntNonNegative]>:$warm_up,
      FlatSymbolRefAttr:$looks, FlatSymbolRefAttr:$asks,
      OptionalAttr<FlatSymbolRefAttr>:$depths);
  let assemblyFormat = [{
    $sym_name `layers` `(` $layers `)` `threshold` `(` $threshold `)`
    `warm_up` `(` $warm_up `)` `looks` `(` $looks `)` `asks` `(` $asks `)`
    (`of` `(` $depths^ `)`)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// Whether the block of a layer may be left out.
    bool mayGo(int64_t layer) { return ::llvm::is_contained(getLayers(), layer); }
  }];
  let hasVerifier = 1;
}

def Decode_FfnOp : Decode_User<"ffn", [SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "The launches of a feed-forward block that goes, or is asked about the next";
  let description = [{
    Stands in a list of launches.

    ```mlir
    decode.ffn @ffns layer(7) {
      tile.launch @ffn.layer_0 ...
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$policy,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$layer);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$policy `layer` `(` $layer `)` $body attr-dict";
}

def Decode_BeginFfnsOp : Decode_User<"begin_ffns"> {
  let summary = "Rows to come compute all blocks, but for those in a decode.skipping";
  let description = [{
    `threshold` is the bits of an f32, which the rows of this program use; 0: what
    the policy says. Counts begin anew. With `all`, other rows leave out every block
    that may go.

    ```mlir
    decode.begin_ffns @ffns threshold(%bits)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$policy, I64:$threshold, UnitAttr:$all);
  let assemblyFormat = "$policy `threshold` `(` $threshold `)` (`all` $all^)? attr-dict";
}

def Decode_SkippingOp : Decode_User<"skipping", [SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "A forward whose row may leave blocks out";
  let description = [{
    Rows are asked one by one: it stands in a `decode.step` of one row, or in a
    `decode.prefill` whose chunks have one. Prompts compute all blocks.

    ```mlir
    decode.step @kv rows(%one) {
    ^bb0(%position: i64):
      decode.skipping @ffns at(%position) {
        decode.forward @forward rows(%one) at(%position)
      }
      decode.commit %one
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$policy, I64:$position);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$policy `at` `(` $position `)` $body attr-dict";
}

#endif
