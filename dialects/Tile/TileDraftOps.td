// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILEDRAFTOPS_TD
#define SINTER_DIALECTS_TILE_TILEDRAFTOPS_TD

include "dialects/Tile/TileRuleOps.td"

//===----------------------------------------------------------------------===//
// Draws of drafts
//===----------------------------------------------------------------------===//

def Tile_SampleBestOp : Tile_DrawOp<"sample_best", (ins), "", (ins), "", ""> {
  let summary = "draws the best ids of a row, one after the other";
  let description = [{
    `token` has two halves. token[0] is the id of tile.sample, token[1] what it
    would be if that one could not be drawn, and so on: the largest log p + noise
    (Gumbel top-k: draws without replacement). -1 where no further id may be
    drawn. The second half says how far log p + noise of each lies behind that of
    the first, as the bits of an f32; for temperature 0, how far the logit does.

    ```mlir
    tile.sample_best %logits, %work -> %ids row(%r) seed(%s) position(%p) temperature(%t)
        top_k(%k) top_p(%tp) min_p(%mp) {vocabulary = 49152}
        : memref<4x49152xf32>, memref<98304xf32> -> memref<8xi32>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// A text that models follow
//===----------------------------------------------------------------------===//

def Tile_TextOp : Tile_Op<"text", [Symbol]> {
  let summary = "declares the positions of a text that all models of a plan follow";
  let description = [{
    A state without memory: how many ids the history has. Where it is, no KV cache
    leads; each holds the beginning of the text, and reads what it lacks from the
    history.

    ```mlir
    tile.text @text
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let assemblyFormat = "$sym_name attr-dict";
}

#endif // SINTER_DIALECTS_TILE_TILEDRAFTOPS_TD
