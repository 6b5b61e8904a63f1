// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the `decode` dialect that leave layers out. DecodeOps.td includes this.

#ifndef SINTER_DIALECTS_DECODE_SKIPOPS_TD
#define SINTER_DIALECTS_DECODE_SKIPOPS_TD

//===-- layers that a sequence leaves out ---------------------------------===//

def Decode_DepthsOp : Decode_Op<"depths", [Symbol, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Models that are this one without some of its layers";
  let description = [{
    `percents` are the shares of the layers of `state` that stay, falling from
    100; `skips` are the layers that go, one list a share. All of them share
    weights, code and state; a layer that a sequence leaves out has no keys and
    values in its part of the state, and none are ever missed: a sequence keeps
    its depth (Glavas et al., 2024).

    ```mlir
    decode.depths @depths of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 4, 9>])
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$state,
      DenseI64ArrayAttr:$percents,
      TypedArrayAttrBase<DenseI64ArrayAttr, "lists of layers">:$skips);
  let assemblyFormat = [{
    $sym_name `of` `(` $state `)` `percents` `(` $percents `)`
    `skips` `(` $skips `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_KeepsOp : Decode_User<"keeps"> {
  let summary = "Whether the sequence at hand computes a layer";
  let description = [{
    Stands in a list of launches, before those of the layer.

    ```mlir
    %keeps = decode.keeps @depths layer(4)
    scf.if %keeps { tile.launch @layer_0 ... }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$depths,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$layer);
  let results = (outs I1:$keeps);
  let assemblyFormat = "$depths `layer` `(` $layer `)` attr-dict";
}

def Decode_WaitingOp : Decode_Op<"waiting"> {
  let summary = "How many ids wait to be computed: the length of a prompt";
  let results = (outs I64:$count);
  let assemblyFormat = "attr-dict";
}

def Decode_ChooseDepthOp : Decode_User<"choose_depth"> {
  let summary = "Chooses the depth of a sequence, once";
  let description = [{
    A sequence that is empty gets the depth number `prefer` of `depths`, unless
    the caller chose another one; one that is not keeps what it has. A program
    chooses before its first forward.

    ```mlir
    decode.choose_depth @depths prefer(%number)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$depths, I64:$prefer);
  let assemblyFormat = "$depths `prefer` `(` $prefer `)` attr-dict";
}

#endif
