// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILERULEOPS_TD
#define SINTER_DIALECTS_TILE_TILERULEOPS_TD

include "dialects/Tile/TileVocabularyOps.td"

//===----------------------------------------------------------------------===//
// Draws of verifier rules
//===----------------------------------------------------------------------===//

/// A draw as in tile.sample, with operands of its own before and behind the
/// row.
class Tile_DrawOp<string mnemonic, dag buffers, string buffersFormat, dag values,
                  string valuesFormat, string typesFormat, list<Trait> traits = []>
    : Tile_Op<mnemonic, traits> {
  let arguments = !con((ins In<Tile_Rows>:$logits, InOut<Tile_F32>:$work), buffers,
      (ins Out<Tile_Ids>:$token, Index:$row), values,
      (ins I64:$seed, Index:$position, F32:$temperature, Index:$top_k, F32:$top_p,
           F32:$min_p, Tile_Int:$vocabulary));
  let assemblyFormat = "$logits `,` $work" # buffersFormat # [{ `->` $token `row` `(` $row `)` }]
      # valuesFormat # [{
    `seed` `(` $seed `)` `position` `(` $position `)` `temperature` `(` $temperature `)`
    `top_k` `(` $top_k `)` `top_p` `(` $top_p `)` `min_p` `(` $min_p `)` attr-dict
    `:` type($logits) `,` type($work) }] # typesFormat # [{ `->` type($token) }];
  let hasVerifier = 1;
}

/// One that knows the ids drafted to come after the row: ids[0 .. count), in the
/// order in which they were drawn.
class Tile_RuleOp<string mnemonic, dag buffers = (ins), string buffersFormat = "",
                  string typesFormat = "", list<Trait> traits = [],
                  dag settings = (ins)>
    : Tile_DrawOp<mnemonic, !con((ins In<Tile_Ids>:$ids), buffers),
                  " `,` $ids" # buffersFormat,
                  !con((ins Index:$count), settings),
                  "`drafted` `(` $count `)`",
                  " `,` type($ids)" # typesFormat, traits>;

def Tile_SampleProposalOp : Tile_DrawOp<"sample_proposal",
    (ins InOut<Tile_Rows>:$proposals), "`,` $proposals", (ins), "",
    "`,` type($proposals)"> {
  let summary = "draws an id of a draft, and keeps the probabilities of all";
  let description = [{
    As tile.sample, but with noise that no other draw has: what verifies the id
    must not know it. The probability of every id goes to row `position` modulo
    the rows of `proposals`; where the temperature is 0 nothing goes there.

    ```mlir
    tile.sample_proposal %logits, %work, %q -> %token row(%r) seed(%s) position(%p) temperature(%t)
        top_k(%k) top_p(%tp) min_p(%mp) {vocabulary = 49152}
        : memref<4x49152xf32>, memref<98304xf32>, memref<16x49152xf32> -> memref<1xi32>
    ```
  }];
}

def Tile_SampleRejectOp : Tile_RuleOp<"sample_reject",
    (ins InOut<Optional<Tile_Rows>>:$proposals, Optional<Index>:$dense),
    "(`proposals` `(` $proposals^ `:` type($proposals) `)` `if` `(` $dense `)`)?",
    "", [AttrSizedOperandSegments]> {
  let summary = "keeps one of the drafted ids or draws another one: the law of a row";
  let description = [{
    Speculative sampling (Leviathan et al., 2023), with siblings drawn without
    replacement (Jeon et al., 2024). R are the probabilities that tile.sample
    draws from. Each drafted id x in turn is the token with chance R[x] / q[x];
    if it is not, R becomes what of R is above q, and x leaves q, both of sum 1
    again. Where none is the token, it is drawn from R. q are the `proposals` of
    the position where `dense` is not 0, else all of it is on x. An id is kept
    where nothing else is left. So the token has the law R, whatever was drafted.

    Without drafted ids, and for temperature 0, it is tile.sample.

    ```mlir
    tile.sample_reject %logits, %work, %ids proposals(%q : memref<16x49152xf32>) if(%d) -> %token
        row(%r) drafted(%count) seed(%s) position(%p) temperature(%t) top_k(%k)
        top_p(%tp) min_p(%mp) {vocabulary = 49152}
        : memref<4x49152xf32>, memref<98304xf32>, memref<32xi32> -> memref<1xi32>
    ```
  }];
}

def Tile_SampleTypicalOp : Tile_RuleOp<"sample_typical", (ins), "", "", [],
    (ins F32Attr:$epsilon, F32Attr:$delta)> {
  let summary = "keeps the first drafted id that is likely enough";
  let description = [{
    Typical acceptance (Cai et al., 2024): a drafted id x is the token where
    p[x] > min(`epsilon`, `delta` e^-H(p)). p are the probabilities that
    tile.sample draws from, H is their entropy; for temperature 0, those of
    temperature 1 with nothing cut. Where no drafted id is, the token is that of
    tile.sample.

    ```mlir
    tile.sample_typical %logits, %work, %ids -> %token row(%r) drafted(%count) seed(%s)
        position(%p) temperature(%t) top_k(%k) top_p(%tp) min_p(%mp)
        {vocabulary = 49152, epsilon = 0.09 : f32, delta = 0.3 : f32}
        : memref<4x49152xf32>, memref<98304xf32>, memref<32xi32> -> memref<1xi32>
    ```
  }];
}

def Tile_SampleJudgedOp : Tile_RuleOp<"sample_judged",
    (ins In<Tile_Vec>:$scores), "`,` $scores", "`,` type($scores)"> {
  let summary = "keeps the first drafted id that would be drawn or is judged well";
  let description = [{
    Judge decoding (Bachmann et al., 2025). token[1] is the id of tile.sample,
    token[0] the same if it was drafted, else the first drafted id whose row has
    a score (see tile.judge) of more than 0, else the same again. The rows of
    the ids are in the second half of `ids`.

    ```mlir
    tile.sample_judged %logits, %work, %ids, %scores -> %token row(%r) drafted(%count)
        seed(%s) position(%p) temperature(%t) top_k(%k) top_p(%tp) min_p(%mp) {vocabulary = 49152}
        : memref<4x49152xf32>, memref<98304xf32>, memref<32xi32>, memref<32xf32> -> memref<2xi32>
    ```
  }];
}

def Tile_JudgeOp : Tile_Op<"judge"> {
  let summary = "a linear function of each row";
  let description = [{
    scores[r] = x[r] . `weights` + `bias`: 16 sums over columns of equal
    remainder, added as a tree.

    ```mlir
    tile.judge %x -> %scores rows(%n) {weights = dense<0.1> : tensor<576xf32>, bias = -1.0 : f32}
        : memref<512x576xf32> -> memref<32xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, Out<Tile_Vec>:$scores, Index:$rows,
      ElementsAttr:$weights, F32Attr:$bias);
  let assemblyFormat = [{
    $x `->` $scores `rows` `(` $rows `)` attr-dict `:` type($x) `->` type($scores)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// What policies look at
//===----------------------------------------------------------------------===//

def Tile_SummarizeOp : Tile_Op<"summarize"> {
  let summary = "how sure a row of logits is";
  let description = [{
    Of softmax(logits), before any temperature: summary[0] is the entropy in
    nats, summary[1] and summary[2] are the largest and the second largest
    probability. NaN where the row has no number.

    ```mlir
    tile.summarize %logits -> %summary row(%r) {vocabulary = 49152}
        : memref<4x49152xf32> -> memref<32xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$logits, Out<Tile_Vec>:$summary, Index:$row,
      Tile_Int:$vocabulary);
  let assemblyFormat = [{
    $logits `->` $summary `row` `(` $row `)` attr-dict `:` type($logits) `->` type($summary)
  }];
  let hasVerifier = 1;
}

#endif // SINTER_DIALECTS_TILE_TILERULEOPS_TD
