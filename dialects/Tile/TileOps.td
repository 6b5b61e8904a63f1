// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILEOPS_TD
#define SINTER_DIALECTS_TILE_TILEOPS_TD

include "dialects/Tile/TileBase.td"

//===----------------------------------------------------------------------===//
// Module-level ops
//===----------------------------------------------------------------------===//

def Tile_PackedOp : Tile_Op<"packed", [Symbol]> {
  let summary = "names a packed matrix and the weights that form it";
  let description = [{
    ```mlir
    tile.packed @l0.qkv = [@blk.0.attn_q, @blk.0.attn_k, @blk.0.attn_v]
        : #tile.packed<#encoding.weight<...>, rows = 960, cols = 576, arrange = stack>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      OptionalAttr<StrAttr>:$sym_visibility, FlatSymbolRefArrayAttr:$sources,
      Tile_PackedAttr:$packed);
  let assemblyFormat = [{
    $sym_name `=` $sources `:` $packed attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_VectorOp : Tile_Op<"vector", [Symbol]> {
  let summary = "names an f32 vector: norm weights, biases, frequencies";
  let description = [{
    The sources follow one another (or interleave by 16), widened to f32 and
    padded with zeros to a multiple of 32.  `size` counts without the padding.

    ```mlir
    tile.vector @l0.attn_norm = [@blk.0.attn_norm] size 576 arrange stack
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      OptionalAttr<StrAttr>:$sym_visibility, FlatSymbolRefArrayAttr:$sources,
      Tile_Int:$size, Tile_ArrangeAttr:$arrange);
  let assemblyFormat = [{
    $sym_name `=` $sources `size` $size `arrange` $arrange attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Elements of the buffer, with padding.
    int64_t paddedSize() { return (getSize() + 31) / 32 * 32; }
  }];
}

def Tile_TokensOp : Tile_Op<"tokens", [Symbol]> {
  let summary = "where the tokens of one vocabulary are in a smaller one";
  let description = [{
    An entry for each token: t >= 0 is the same token's id in a vocabulary of
    `vocabulary` tokens; t < 0: that vocabulary lacks it, and its token ~t stands
    in for it in a text. No two tokens have the same id. The buffer is padded to
    32 entries with -1.

    ```mlir
    tile.tokens @draft.tokens in 3 = [2, -1, 0, 1]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      OptionalAttr<StrAttr>:$sym_visibility, Tile_Int:$vocabulary,
      DenseI32ArrayAttr:$ids);
  let assemblyFormat = "$sym_name `in` $vocabulary `=` $ids attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Entries of the buffer, with padding.
    int64_t paddedSize() { return (getIds().size() + 31) / 32 * 32; }
  }];
}

def Tile_BufferOp : Tile_Op<"buffer", [Symbol]> {
  let summary = "declares a buffer of the session";
  let description = [{
    `bytes` + `bytes_per_position` * context + `bytes_per_worker` * workers
    bytes.

    ```mlir
    tile.buffer @arena bytes 1048576
    tile.buffer @history bytes 0 per_position 4
    tile.buffer @attention bytes 23040 per_position 90 per_worker 262144
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      OptionalAttr<StrAttr>:$sym_visibility, Tile_Int:$bytes,
      DefaultValuedAttr<Tile_Int, "0">:$bytes_per_position,
      DefaultValuedAttr<Tile_Int, "0">:$bytes_per_worker);
  let assemblyFormat = [{
    $sym_name `bytes` $bytes (`per_position` $bytes_per_position^)?
    (`per_worker` $bytes_per_worker^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_StateOp : Tile_Op<"state", [Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "declares a paged KV cache";
  let description = [{
    A page holds 16 positions of one layer: K as `[kv_heads][head_dim][16]`, V
    as `[kv_heads][16][head_dim rounded up to 16]`, each head followed by its 16
    f32 scales where elements are i8 (`KvLayout.h`).  The types of keys and of
    values; one, if they are the same.

    ```mlir
    tile.state @kv {layers = 30, kv_heads = 3, head_dim = 64} : f16
    tile.state @kv {layers = 30, kv_heads = 3, head_dim = 64} : i8, f16
    ```

    A state `of` another one is a view of it: it has the pages of the first layers
    of that state, holds what that one holds, and may be ahead by rows that are
    only drafted, which the next rows of that state overwrite. Launches name the
    other one.

    ```mlir
    tile.state @draft.kv of @kv {layers = 10, kv_heads = 3, head_dim = 64} : f16
    ```

    With a `window` (a ring of pages) rows see the last `window` positions up to
    their own and the first `sinks`; pages between that no row to come sees, also
    when up to `slack` positions are forgotten, are given back:

    ```mlir
    tile.state @kv {layers = 30, kv_heads = 3, head_dim = 64, window = 1024, sinks = 4, slack = 512} : f16
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      OptionalAttr<StrAttr>:$sym_visibility, Tile_Int:$layers, Tile_Int:$kv_heads,
      Tile_Int:$head_dim, TypeAttr:$key_type, OptionalAttr<TypeAttr>:$value_type,
      OptionalAttr<FlatSymbolRefAttr>:$of,
      DefaultValuedAttr<Tile_Int, "0">:$window,
      DefaultValuedAttr<Tile_Int, "0">:$sinks,
      DefaultValuedAttr<Tile_Int, "0">:$slack);
  let assemblyFormat = [{
    $sym_name (`of` $of^)? attr-dict `:` $key_type (`,` $value_type^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    static constexpr int64_t kPageTokens = 16;
    /// Of keys, then of values.
    ::mlir::Type elementType(int plane);
    /// Bytes of a K page and of a V page of one layer.
    int64_t keyPageBytes();
    int64_t valuePageBytes();
  }];
}

def Tile_LaunchOp
    : Tile_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a region on all workers";
  let description = [{
    One binding for each buffer argument of the region, in order, then one value
    for each scalar argument.

    ```mlir
    tile.launch @layer bindings([#tile.arena<0>, #tile.weight<@l0.qkv>,
        #tile.state<@kv, 0, 0>, #tile.pages<@kv>]) scalars(%rows, %pos : index, index)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, ArrayAttr:$bindings,
      Variadic<AnyTypeOf<[Index, I64, I32, F32]>>:$scalars);
  let assemblyFormat = [{
    $callee `bindings` `(` $bindings `)` (`scalars` `(` $scalars^ `:` type($scalars) `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_BarrierOp : Tile_Op<"barrier", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "waits until every worker of the region is here";
  let description = [{
    With `many(%rows)` nobody waits while the rows are few (kFewRows).

    ```mlir
    tile.barrier
    tile.barrier many(%rows)
    ```
  }];
  let arguments = (ins Optional<Index>:$many);
  let assemblyFormat = "(`many` `(` $many^ `)`)? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::Value()); }]>];
}

//===----------------------------------------------------------------------===//
// Rows in, rows out
//===----------------------------------------------------------------------===//

def Tile_EmbedOp : Tile_Op<"embed"> {
  let summary = "rows of a packed table, as exact f32";
  let description = [{
    Row i of `x` is row `ids[first + i]` of the table (`first` is 0 if there is
    none); an id outside of the table gives a row of zeros.

    ```mlir
    tile.embed %ids, %table -> %x rows(%n) {weight = #tile.packed<...>}
        : memref<512xi32>, memref<16384xi8> -> memref<512x576xf32>
    ```
  }];
  let arguments = (ins In<Tile_Ids>:$ids, In<Tile_Bytes>:$table,
      Out<Tile_Rows>:$x, Index:$rows, Optional<Index>:$first,
      Tile_PackedAttr:$weight);
  let assemblyFormat = [{
    $ids `,` $table `->` $x `rows` `(` $rows `)` (`first` `(` $first^ `)`)? attr-dict
    `:` type($ids) `,` type($table) `->` type($x)
  }];
  let hasVerifier = 1;
}

def Tile_RmsNormOp : Tile_Op<"rms_norm"> {
  let summary = "x / sqrt(mean(x^2) + eps) * weight";
  let description = [{
    Reads rows `first`.. of `x` (0 if there is none) and writes rows 0.. of `y`;
    with `split = own` rows may be few, and then those of worker w begin at
    kFewRows * w.  Rows of bf16 (here and in other ops) are rounded when they are
    stored: to nearest even, and to 0 below 2^-50.

    ```mlir
    tile.rms_norm %x, %w -> %y rows(%n) first(%i) {cols = 576, eps = 1.0e-5 : f32}
        : memref<512x576xf32>, memref<576xf32> -> memref<512x576xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, In<Tile_Vec>:$weight,
      Out<Tile_AnyRows>:$y, Index:$rows, Optional<Index>:$first, Tile_Int:$cols,
      F32Attr:$eps,
      DefaultValuedAttr<Tile_SplitAttr, "::sinter::tile::Split::Rows">:$split);
  let assemblyFormat = [{
    $x `,` $weight `->` $y `rows` `(` $rows `)` (`first` `(` $first^ `)`)? attr-dict
    `:` type($x) `,` type($weight) `->` type($y)
  }];
  let hasVerifier = 1;
}

def Tile_QuantizeOp : Tile_Op<"quantize", [AttrSizedOperandSegments]> {
  let summary = "int8 codes of rows, in blocks of 32 columns";
  let description = [{
    scale = max|x| / 127; code = rint(x * (127 / max|x|)), 0 in a block of zeros;
    start = -zero * (sum of codes), what a dot with codes stored with offset
    `zero` begins with; ssum = scale * (sum of codes).  Row r is token r%4 of
    group r/4.  Where weights have a scale for each 16 columns, `start` has an
    entry for each 16 columns too: twice as many as blocks.

    With `terms = 2` a row becomes two code rows: 2r as above, and 2r + 1 with
    the codes of what is left, x - scale * code, at scale / 254.  Their sum holds
    16 bits of x.

    With `norm`, x is the row's tile.rms_norm with that weight, which is stored
    nowhere; it begins at row `first`.  With `split = own` rows may be few, and
    then the copy of worker w begins at group `ownGroupStep` * w.

    ```mlir
    tile.quantize %x norm(%w : memref<576xf32>, 1.0e-5 : f32, 576) -> %codes, %scale, %start, %ssum
        rows(%n) {zero = 8 : i64}
        : memref<512x576xf32> -> memref<128x18x4x32xi8>, memref<128x18x4xf32>,
          memref<128x18x4xi32>, memref<128x18x4xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, In<Optional<Tile_Vec>>:$norm,
      Out<Tile_Codes>:$codes, Out<Tile_SideF>:$scale, Out<Tile_SideI>:$start,
      Out<Tile_SideF>:$ssum, Index:$rows, Optional<Index>:$first,
      Tile_Int:$zero, DefaultValuedAttr<Tile_Int, "1">:$terms,
      OptionalAttr<F32Attr>:$eps, OptionalAttr<Tile_Int>:$cols,
      DefaultValuedAttr<Tile_SplitAttr, "::sinter::tile::Split::Rows">:$split);
  let assemblyFormat = [{
    $x (`norm` `(` $norm^ `:` type($norm) `,` $eps `,` $cols `)`)? `->`
    $codes `,` $scale `,` $start `,` $ssum
    `rows` `(` $rows `)` (`first` `(` $first^ `)`)? attr-dict
    `:` type($x) `->` type($codes) `,` type($scale) `,` type($start) `,` type($ssum)
  }];
  let hasVerifier = 1;
}

def Tile_ContractOp : Tile_Op<"contract", [AttrSizedOperandSegments]> {
  let summary = "rows times a packed matrix, with an epilogue";
  let description = [{
    out[r, n] = sum over k of x[r, k] * w[n, k], k rising, by blocks of 32: an
    exact integer of int8 codes for each scale in it, or an f32 chain of fma from
    zero.  One f32 accumulator for each (r, n) takes them in turn.  The input is
    either int8 (`q8`: the four results of tile.quantize, whose `zero` is the
    weight's code offset), `f32`, or `bf16`: then weights are rounded as such rows
    are, and the sum is one f32 chain of fma over all of K, pair by pair of columns,
    the odd one first.  (That is what a bf16 dot does.)  Then, in this order: `gate(silu)` (the matrix is interleaved by 16; out has half the
    columns: silu(gate) * up), or + `bias`, + `residual`.  With `terms = 2` each
    row is the sum of two code rows (see tile.quantize), each with an accumulator
    of its own.

    Workers share the strips in units of `share`.  With `own` the input was made
    with `split = own`: while rows are few, a worker reads its own copy.

    ```mlir
    tile.contract q8(%c, %s, %st, %ss : memref<128x18x4x32xi8>, memref<128x18x4xf32>,
        memref<128x18x4xi32>, memref<128x18x4xf32>) %w : memref<207360xi8>
        residual(%x : memref<512x576xf32>) -> %y : memref<512x576xf32> rows(%n)
        {weight = #tile.packed<...>}
    ```
  }];
  let arguments = (ins In<Optional<Tile_Codes>>:$codes,
      In<Optional<Tile_SideF>>:$scale, In<Optional<Tile_SideI>>:$start,
      In<Optional<Tile_SideF>>:$ssum, In<Optional<Tile_Rows>>:$x,
      In<Optional<Tile_Rows16>>:$x16, In<Tile_Bytes>:$w, In<Optional<Tile_Vec>>:$bias,
      In<Optional<Tile_Rows>>:$residual, Out<Tile_AnyRows>:$out, Index:$rows,
      Tile_PackedAttr:$weight,
      DefaultValuedAttr<Tile_GateAttr, "::sinter::tile::Gate::None">:$gate,
      DefaultValuedAttr<Tile_Int, "1">:$terms, UnitAttr:$own,
      DefaultValuedAttr<Tile_Int, "1">:$share);
  let assemblyFormat = [{
    (`q8` `(` $codes^ `,` $scale `,` $start `,` $ssum `:` type($codes) `,`
      type($scale) `,` type($start) `,` type($ssum) `)`)?
    (`f32` `(` $x^ `:` type($x) `)`)?
    (`bf16` `(` $x16^ `:` type($x16) `)`)?
    $w `:` type($w)
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`residual` `(` $residual^ `:` type($residual) `)`)?
    (`gate` `(` `` $gate^ `)`)?
    `->` $out `:` type($out) `rows` `(` $rows `)` attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Which worker writes which columns of the buffer that `out` is or is a
    /// part of, where that part begins at column `firstCol`.
    ColumnsAttr columnsOf(int64_t firstCol);
  }];
}

def Tile_GatedOp : Tile_Op<"gated"> {
  let summary = "silu(gate) * up";
  let description = [{
    y[r, c] = silu(g[r, gate_col + c]) * u[r, up_col + c] for c < cols.

    ```mlir
    tile.gated %g, %u -> %y rows(%n) {cols = 1536, gate_col = 0, up_col = 1536}
        : memref<512x3072xf32>, memref<512x3072xf32> -> memref<512x1536xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$gate, In<Tile_Rows>:$up,
      Out<Tile_AnyRows>:$y, Index:$rows, Tile_Int:$cols, Tile_Int:$gate_col,
      Tile_Int:$up_col);
  let assemblyFormat = [{
    $gate `,` $up `->` $y `rows` `(` $rows `)` attr-dict
    `:` type($gate) `,` type($up) `->` type($y)
  }];
  let hasVerifier = 1;
}

def Tile_SiluOp : Tile_Op<"silu"> {
  let summary = "x / (1 + exp(-x)); `y` may be `x`";
  let description = [{
    ```mlir
    tile.silu %x -> %y rows(%n) {cols = 576} : memref<512x576xf32> -> memref<512x576xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, Out<Tile_Rows>:$y, Index:$rows,
      Tile_Int:$cols);
  let assemblyFormat = [{
    $x `->` $y `rows` `(` $rows `)` attr-dict `:` type($x) `->` type($y)
  }];
  let hasVerifier = 1;
}

def Tile_AddOp : Tile_Op<"add"> {
  let summary = "a + b, row by row; `y` may be `a`";
  let description = [{
    ```mlir
    tile.add %a, %b -> %y rows(%n) {cols = 576}
        : memref<512x576xf32>, memref<512x576xf32> -> memref<512x576xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$a, In<Tile_Rows>:$b, Out<Tile_Rows>:$y,
      Index:$rows, Tile_Int:$cols);
  let assemblyFormat = [{
    $a `,` $b `->` $y `rows` `(` $rows `)` attr-dict
    `:` type($a) `,` type($b) `->` type($y)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def Tile_RopeTableOp : Tile_Op<"rope_table", [AttrSizedOperandSegments]> {
  let summary = "cos and sin of the angles of rows";
  let description = [{
    Row r stands at position `at` + r; angle = f32(position) * freqs[i].

    With `runs` (here and in other ops) that are not 0, rows are of several
    sequences: `places` says of each row the first row of its run and the rows of
    the run, which are neighbours in their sequence, the row's position, and
    where the page table of the sequence begins. `at` counts copies then, which
    tile.kv_append alone looks at.

    ```mlir
    tile.rope_table %freqs -> %table rows(%n) at(%pos)
        : memref<32xf32> -> memref<512x32x2xf32>
    tile.rope_table %freqs -> %table rows(%n) at(%pos) runs(%r of %places : memref<512x4xi32>)
        : memref<32xf32> -> memref<512x32x2xf32>
    ```
  }];
  let arguments = (ins In<Tile_Vec>:$freqs, Out<Tile_Table>:$table,
      Index:$rows, Index:$at, In<Optional<Tile_Places>>:$places,
      Optional<Index>:$runs);
  let assemblyFormat = [{
    $freqs `->` $table `rows` `(` $rows `)` `at` `(` $at `)`
    (`runs` `(` $runs^ `of` $places `:` type($places) `)`)? attr-dict
    `:` type($freqs) `->` type($table)
  }];
  let hasVerifier = 1;
}

def Tile_RopeOp : Tile_Op<"rope"> {
  let summary = "rotates pairs of columns in place";
  let description = [{
    Head h owns columns first_col + h * head_dim; its first `rot` columns are
    rotated.  Pair i is columns (i, i + rot/2), or (2i, 2i + 1) if `interleaved`.
    Workers share the rows; with `columns` and few rows, they share these
    columns instead, each taking the heads (or, interleaved, the blocks of 32
    columns) that lie in its units.

    ```mlir
    tile.rope %x, %table rows(%n) {first_col = 0, heads = 9, head_dim = 64,
        rot = 64, interleaved} : memref<512x960xf32>, memref<512x32x2xf32>
    ```
  }];
  let arguments = (ins InOut<Tile_Rows>:$x, In<Tile_Table>:$table, Index:$rows,
      Tile_Int:$first_col, Tile_Int:$heads, Tile_Int:$head_dim, Tile_Int:$rot,
      UnitAttr:$interleaved, OptionalAttr<Tile_ColumnsAttr>:$columns);
  let assemblyFormat = [{
    $x `,` $table `rows` `(` $rows `)` attr-dict `:` type($x) `,` type($table)
  }];
  let hasVerifier = 1;
}

def Tile_KvAppendOp : Tile_Op<"kv_append", [AttrSizedOperandSegments]> {
  let summary = "stores keys and values of rows into their pages";
  let description = [{
    Row r is position p = `at` + r (see tile.rope_table for `runs`), slot p%16 of
    page pages[p/16].  A row of several sequences has copies: entries of `places`
    behind those of the rows, {row, 0, position, page table}.  Keys are the
    `kv_heads` * `head_dim` columns from `k_col` on, values those from `v_col`
    on.  Narrowing rounds to nearest even and saturates at the largest finite
    value; i8 elements are codes of -127 to 127 times max|x| / 127 of the head.
    The planes' leading dimension is a bound, not a size.  Workers share
    the rows; with `k_columns` and `v_columns` and few rows, they share those
    columns instead, each taking the blocks of 32 that lie in its units.

    ```mlir
    tile.kv_append %x, %k, %v, %pages rows(%n) at(%pos)
        {k_col = 576, v_col = 768, kv_heads = 3, head_dim = 64}
        : memref<512x960xf32>, memref<65536x3x64x16xf16>, memref<65536x3x16x64xf16>, memref<65536xi32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, Out<Tile_Plane>:$k, Out<Tile_Plane>:$v,
      In<Tile_Ids>:$pages, Index:$rows, Index:$at,
      In<Optional<Tile_Places>>:$places, Optional<Index>:$runs, Tile_Int:$k_col,
      Tile_Int:$v_col, Tile_Int:$kv_heads, Tile_Int:$head_dim,
      OptionalAttr<Tile_ColumnsAttr>:$k_columns,
      OptionalAttr<Tile_ColumnsAttr>:$v_columns);
  let assemblyFormat = [{
    $x `,` $k `,` $v `,` $pages `rows` `(` $rows `)` `at` `(` $at `)`
    (`runs` `(` $runs^ `of` $places `:` type($places) `)`)? attr-dict
    `:` type($x) `,` type($k) `,` type($v) `,` type($pages)
  }];
  let hasVerifier = 1;
}

def Tile_AttentionOp : Tile_Op<"attention", [AttrSizedOperandSegments]> {
  let summary = "causal grouped-query attention over a paged cache";
  let description = [{
    Row r at position p = `at` + r (see tile.rope_table for `runs`) sees the keys of
    positions 0 .. p of its sequence; with a `window` only the last `window` of
    them and the first `sinks`.  Queries are the `heads` * `head_dim` columns of `x` from `q_col` on; the result goes
    to columns 0.. of `out`.  Spans of 256 positions, within a span key by key,
    spans folded from left to right: the order is part of the op.  With `dots16`
    queries (scaled), keys, values and weights are rounded to bf16 (see
    tile.rms_norm), and what is one fma after another goes pair by pair, of
    dimensions in scores, of positions in o, the odd one first; l adds weights before
    they are rounded, in 16 lanes by position and then by one tree.  `work` is
    memory that nobody else reads or writes during the op, as large as
    `AttentionWork` says; its shape is a bound.

    ```mlir
    tile.attention %x, %k, %v, %pages work(%w) -> %out rows(%n) at(%pos)
        {q_col = 0, heads = 9, kv_heads = 3, head_dim = 64, scale = 0.125 : f32}
        : memref<512x960xf32>, memref<65536x3x64x16xf16>, memref<65536x3x16x64xf16>,
          memref<65536xi32>, memref<1073741824xi8> -> memref<512x576xf32>
    ```
  }];
  let arguments = (ins In<Tile_Rows>:$x, In<Tile_Plane>:$k, In<Tile_Plane>:$v,
      In<Tile_Ids>:$pages, InOut<Tile_Bytes>:$work,
      Out<Tile_AnyRows>:$out, Index:$rows, Index:$at,
      In<Optional<Tile_Places>>:$places, Optional<Index>:$runs, Tile_Int:$q_col,
      Tile_Int:$heads, Tile_Int:$kv_heads, Tile_Int:$head_dim, F32Attr:$scale,
      DefaultValuedAttr<Tile_Int, "0">:$window,
      DefaultValuedAttr<Tile_Int, "0">:$sinks, UnitAttr:$dots16);
  let assemblyFormat = [{
    $x `,` $k `,` $v `,` $pages `work` `(` $work `)`
    `->` $out `rows` `(` $rows `)` `at` `(` $at `)`
    (`runs` `(` $runs^ `of` $places `:` type($places) `)`)? attr-dict
    `:` type($x) `,` type($k) `,` type($v) `,` type($pages) `,` type($work)
    `->` type($out)
  }];
  let hasVerifier = 1;
}

include "dialects/Tile/TileDraftOps.td"
include "dialects/Tile/TileExitOps.td"
include "dialects/Tile/TileRetrievalOps.td"
include "dialects/Tile/TileRuleOps.td"
include "dialects/Tile/TileRecurrenceOps.td"
include "dialects/Tile/TileVocabularyOps.td"

#endif
