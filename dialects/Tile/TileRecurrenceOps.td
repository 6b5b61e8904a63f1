// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILERECURRENCEOPS_TD
#define SINTER_DIALECTS_TILE_TILERECURRENCEOPS_TD

include "dialects/Tile/TileBase.td"

def Tile_RecurrenceOp : Tile_Op<"recurrence", [Symbol]> {
  let summary = "declares a recurrent state";
  let description = [{
    What a recurrence has made of the positions, `state_bytes` a layer, and of the
    last forward the inputs that advance it, `input_bytes` a row and layer. Both
    are there twice: a forward reads the half that `tile.half` names, plays
    `tile.unplayed` rows of its inputs, and writes the state after these and the
    inputs of its own rows to the other half. What becomes of its rows is known
    later: those that are kept are played by the next forward (Wu et al., 2024).
    Planes 0 (state) and 1 (inputs) are bound as those of a KV cache, with one
    page a session.

    ```mlir
    tile.recurrence @rnn {layers = 2, state_bytes = 512, input_bytes = 128} : f32
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      OptionalAttr<StrAttr>:$sym_visibility, Tile_Int:$layers,
      Tile_Int:$state_bytes, Tile_Int:$input_bytes, TypeAttr:$type);
  let assemblyFormat = "$sym_name attr-dict `:` $type";
  let hasVerifier = 1;
}

/// In a launch list: a scalar for regions over a recurrent state.
class Tile_RecurrenceQuery<string mnemonic>
    : Tile_Op<mnemonic, [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let arguments = (ins FlatSymbolRefAttr:$state);
  let results = (outs Index:$result);
  let assemblyFormat = "$state attr-dict";
}
def Tile_HalfOp : Tile_RecurrenceQuery<"half"> {
  let summary = "the half of a recurrent state that a forward reads, 0 or 1";
}
def Tile_UnplayedOp : Tile_RecurrenceQuery<"unplayed"> {
  let summary = "rows of inputs in that half which its state does not have yet";
}

#endif
