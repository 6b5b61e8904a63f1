// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILEEXITOPS_TD
#define SINTER_DIALECTS_TILE_TILEEXITOPS_TD

include "dialects/Tile/TileBase.td"

//===----------------------------------------------------------------------===//
// Leaving the layers early: a probe, and rows that wait (see also tile.summarize)
//===----------------------------------------------------------------------===//

def Tile_SimilarityOp : Tile_Op<"similarity"> {
  let summary = "how little a row changed: the cosine of two rows";
  let description = [{
    `score`[0] = cos(x[`row`], y[0]), at most 1; 0 where a row is all zeros.

    ```mlir
    tile.similarity %x, %y -> %score row(%r) {cols = 576}
        : memref<512x576xf32>, memref<1x576xf32> -> memref<32xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, In<Tile_Rows>:$y, Out<Tile_F32>:$score,
      Index:$row, Tile_Int:$cols);
  let assemblyFormat = [{
    $x `,` $y `->` $score `row` `(` $row `)` attr-dict
    `:` type($x) `,` type($y) `->` type($score)
  }];
  let hasVerifier = 1;
}

def Tile_LogisticOp : Tile_Op<"logistic", [PredOpTrait<"x has a column for each weight",
    CPred<"::llvm::alignTo<32>(getWeights().size()) == uint64_t(::llvm::cast<::mlir::MemRefType>(getX().getType()).getDimSize(1))">>]> {
  let summary = "a linear classifier of a row";
  let description = [{
    `score`[0] = 1 / (1 + exp(-(x[`row`] . `weights` / rms + `bias`))), where rms
    is the root of the mean of the squares of the row; 0 where a row is all zeros.
    Sums as of tile.judge.

    ```mlir
    tile.logistic %x -> %score row(%r) {weights = array<f32: 0.5, -1.0>, bias = -1.0 : f32}
        : memref<512x32xf32> -> memref<32xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, Out<Tile_F32>:$score, Index:$row,
      DenseF32ArrayAttr:$weights, F32Attr:$bias);
  let assemblyFormat = [{
    $x `->` $score `row` `(` $row `)` attr-dict `:` type($x) `->` type($score)
  }];
}

def Tile_MoveRowsOp : Tile_Op<"move_rows"> {
  let summary = "copies rows from one buffer to another";
  let description = [{
    Row `from` + r of x goes to row `to` + r of y, for r < `rows`.

    ```mlir
    tile.move_rows %x -> %y rows(%n) from(%a) to(%b)
        : memref<512x576xf32> -> memref<8x576xf32>
    ```
  }];
  let arguments = (ins In<Tile_F32>:$x, Out<Tile_F32>:$y, Index:$rows,
      Index:$from, Index:$to);
  let assemblyFormat = [{
    $x `->` $y `rows` `(` $rows `)` `from` `(` $from `)` `to` `(` $to `)` attr-dict
    `:` type($x) `->` type($y)
  }];
  let hasVerifier = 1;
}

#endif // SINTER_DIALECTS_TILE_TILEEXITOPS_TD
