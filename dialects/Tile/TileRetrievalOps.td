// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILERETRIEVALOPS_TD
#define SINTER_DIALECTS_TILE_TILERETRIEVALOPS_TD

include "dialects/Tile/TileBase.td"

//===----------------------------------------------------------------------===//
// What is known of texts like this one: a key, the nearest keys, their vote
//===----------------------------------------------------------------------===//

def Tile_PoolOp : Tile_Op<"pool"> {
  let summary = "adds rows up";
  let description = [{
    `sum`[0, c] += x[r, c] for r < `rows`, one after another; the sum begins with 0
    where `first` is 0. So rows may come in any portions.

    ```mlir
    tile.pool %x -> %sum rows(%n) first(%at) {cols = 576}
        : memref<512x576xf32> -> memref<1x576xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, InOut<Tile_Rows>:$sum, Index:$rows,
      Index:$first, Tile_Int:$cols);
  let assemblyFormat = [{
    $x `->` $sum `rows` `(` $rows `)` `first` `(` $first `)` attr-dict
    `:` type($x) `->` type($sum)
  }];
  let hasVerifier = 1;
}

def Tile_CosinesOp : Tile_Op<"cosines"> {
  let summary = "how near a row is to each of many of length 1";
  let description = [{
    `near`[i] = (x[0] . keys[i]) / |x[0]|, at least 0 and at most 1; 0 where x is
    all zeros. Sums as of tile.similarity.

    ```mlir
    tile.cosines %x, %keys -> %near {cols = 576}
        : memref<1x576xf32>, memref<40x576xf32> -> memref<40xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, In<Tile_Rows>:$keys, Out<Tile_F32>:$near,
      Tile_Int:$cols);
  let assemblyFormat = [{
    $x `,` $keys `->` $near attr-dict
    `:` type($x) `,` type($keys) `->` type($near)
  }];
  let hasVerifier = 1;
}

def Tile_VoteOp : Tile_Op<"vote"> {
  let summary = "what the nearest entries of a table say together";
  let description = [{
    Takes the `nearest` entries with the largest `near`, of equal ones the first,
    and adds their rows of `laws` up, each times its `near`. `choice`[0] is the
    last column whose sum is at least `keep` times the largest one; `best`[0] is
    the largest `near`. Entries that are taken have -1 in `near` afterwards.

    ```mlir
    tile.vote %near, %laws -> %best, %choice {nearest = 12, keep = 1.0 : f32}
        : memref<40xf32>, memref<40x4xf32> -> memref<32xf32>, memref<32xi32>
    ```
  }];
  let arguments = (ins InOut<Tile_F32>:$near, In<Tile_Rows>:$laws,
      Out<Tile_F32>:$best, Out<Tile_Ids>:$choice, Tile_Int:$nearest,
      F32Attr:$keep);
  let assemblyFormat = [{
    $near `,` $laws `->` $best `,` $choice attr-dict
    `:` type($near) `,` type($laws) `->` type($best) `,` type($choice)
  }];
  let hasVerifier = 1;
}

#endif // SINTER_DIALECTS_TILE_TILERETRIEVALOPS_TD
