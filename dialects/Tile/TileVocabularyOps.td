// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILEVOCABULARYOPS_TD
#define SINTER_DIALECTS_TILE_TILEVOCABULARYOPS_TD

include "dialects/Tile/TileBase.td"

//===----------------------------------------------------------------------===//
// Passes over a row of the vocabulary
//===----------------------------------------------------------------------===//

def Tile_PenalizeOp : Tile_Op<"penalize"> {
  let summary = "repetition penalty over the last ids of the history";
  let description = [{
    For each distinct id of the last min(`window`, `count`) entries of
    history[0 .. count): a positive logit of row `row` is divided by `penalty`,
    another one multiplied.

    ```mlir
    tile.penalize %logits, %history row(%r) count(%n) window(%w) penalty(%p) {vocabulary = 49152}
        : memref<4x49152xf32>, memref<8192xi32>
    ```
  }];
  let arguments = (ins InOut<Tile_Rows>:$logits, In<Tile_Ids>:$history,
      Index:$row, Index:$count, Index:$window, F32:$penalty, Tile_Int:$vocabulary);
  let assemblyFormat = [{
    $logits `,` $history `row` `(` $row `)` `count` `(` $count `)` `window` `(` $window `)`
    `penalty` `(` $penalty `)` attr-dict `:` type($logits) `,` type($history)
  }];
  let hasVerifier = 1;
}

def Tile_SampleOp : Tile_Op<"sample"> {
  let summary = "draws a token from a row: argmax(log p + Gumbel noise)";
  let description = [{
    The noise is keyed by (seed, position, id); temperature 0 takes the largest
    logit; ties go to the lowest id.  A `top_k` of 0, a `top_p` of 1 and a
    `min_p` of 0 cut nothing.

    ```mlir
    tile.sample %logits, %work -> %token row(%r) seed(%s) position(%p) temperature(%t)
        top_k(%k) top_p(%tp) min_p(%mp) {vocabulary = 49152}
        : memref<4x49152xf32>, memref<98304xf32> -> memref<1xi32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$logits, InOut<Tile_F32>:$work,
      Out<Tile_Ids>:$token, Index:$row, I64:$seed, Index:$position, F32:$temperature,
      Index:$top_k, F32:$top_p, F32:$min_p, Tile_Int:$vocabulary);
  let assemblyFormat = [{
    $logits `,` $work `->` $token `row` `(` $row `)` `seed` `(` $seed `)` `position` `(` $position `)`
    `temperature` `(` $temperature `)` `top_k` `(` $top_k `)` `top_p` `(` $top_p `)`
    `min_p` `(` $min_p `)` attr-dict `:` type($logits) `,` type($work) `->` type($token)
  }];
  let hasVerifier = 1;
}

def Tile_ArgmaxOp : Tile_Op<"argmax"> {
  let summary = "the id of the largest logit; ties go to the lowest id";
  let description = [{
    ```mlir
    tile.argmax %logits, %work -> %token {vocabulary = 49152}
        : memref<4x49152xf32>, memref<1024xf32> -> memref<1xi32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$logits, InOut<Tile_F32>:$work,
      Out<Tile_Ids>:$token, Tile_Int:$vocabulary);
  let assemblyFormat = [{
    $logits `,` $work `->` $token attr-dict
    `:` type($logits) `,` type($work) `->` type($token)
  }];
  let hasVerifier = 1;
}

def Tile_RankOp : Tile_Op<"rank"> {
  let summary = "the ids of the largest logits of each row, the largest first";
  let description = [{
    ids[r * `count` + i] is the id of the i-th largest logit of row r, of equal
    ones the lowest first; -1 where the row has fewer numbers above -infinity.

    ```mlir
    tile.rank %logits -> %ids rows(%n) {count = 8, vocabulary = 49152}
        : memref<16x49152xf32> -> memref<128xi32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$logits, Out<Tile_Ids>:$ids, Index:$rows,
      Tile_Int:$count, Tile_Int:$vocabulary);
  let assemblyFormat = [{
    $logits `->` $ids `rows` `(` $rows `)` attr-dict `:` type($logits) `->` type($ids)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// More are never asked for.
    static constexpr int64_t kMostRanked = 16;
  }];
}

//===----------------------------------------------------------------------===//
// Two vocabularies
//===----------------------------------------------------------------------===//

def Tile_ReadHistoryOp : Tile_Op<"read_history"> {
  let summary = "the ids of positions of the history, for a model that follows";
  let description = [{
    Row r gets the id at position `at` + r. With `tokens` (see tile.tokens) it
    gets the model's own id for it, or for what stands in for it; -1 for an id
    beyond the table.

    ```mlir
    tile.read_history %history -> %ids rows(%n) at(%pos) : memref<8192xi32> -> memref<512xi32>
    tile.read_history %history -> %ids rows(%n) at(%pos) tokens(%t : memref<49152xi32>)
        : memref<8192xi32> -> memref<512xi32>
    ```
  }];
  let arguments = (ins In<Tile_Ids>:$history, Out<Tile_Ids>:$ids, Index:$rows,
      Index:$at, In<Optional<Tile_Ids>>:$tokens);
  let assemblyFormat = [{
    $history `->` $ids `rows` `(` $rows `)` `at` `(` $at `)`
    (`tokens` `(` $tokens^ `:` type($tokens) `)`)? attr-dict
    `:` type($history) `->` type($ids)
  }];
}

def Tile_MapLogitsOp : Tile_Op<"map_logits"> {
  let summary = "the first row of logits, in another vocabulary";
  let description = [{
    Column i of `y` is column tokens[i] of `x` where that is a token of both,
    else -infinity (see tile.tokens).

    ```mlir
    tile.map_logits %x, %tokens -> %y
        : memref<1x32000xf32>, memref<49152xi32> -> memref<16x49152xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, In<Tile_Ids>:$tokens, Out<Tile_Rows>:$y);
  let assemblyFormat = [{
    $x `,` $tokens `->` $y attr-dict `:` type($x) `,` type($tokens) `->` type($y)
  }];
  let hasVerifier = 1;
}

#endif // SINTER_DIALECTS_TILE_TILEVOCABULARYOPS_TD
