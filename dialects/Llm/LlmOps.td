// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_LLM_OPS
#define SINTER_LLM_OPS

include "dialects/Llm/LlmBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Llm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Llm_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

def Llm_WeightOp : Llm_Op<"weight", [Symbol]> {
  let summary = "Declares a weight";
  let description = [{
    A symbol over bytes that lie elsewhere.  The type is a vector or a matrix of
    f32 with the encoding in the encoding slot.

    ```mlir
    llm.weight @blk.0.attn_q.weight : tensor<576x576xf32, #Q4_1>
        from #llm.file<"model.gguf", "blk.0.attn_q.weight", 1744, 207360>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type,
      Llm_SourceAttr:$source);
  let assemblyFormat = "$sym_name `:` $type `from` $source attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() {
      return ::mlir::cast<::mlir::RankedTensorType>(getType());
    }
    ::sinter::encoding::WeightAttr getEncoding() {
      return ::sinter::encoding::encodingOf(getTensorType());
    }
    int64_t getRows() { return ::sinter::encoding::weightRows(getTensorType()); }
    int64_t getCols() { return ::sinter::encoding::weightCols(getTensorType()); }
  }];
}

def Llm_WeightRefOp : Llm_Op<"weight_ref", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Reads a weight";
  let description = [{
    Makes the weight of a symbol a value.

    ```mlir
    %w = llm.weight_ref @output_norm.weight : tensor<576xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

def Llm_EmbeddingOp : Llm_Op<"embedding", [Pure]> {
  let summary = "Looks up the rows of a table";
  let description = [{
    Row i of the result is the decoded row `ids[i]` of the table.

    ```mlir
    %x = llm.embedding %ids, %table : (tensor<?xi32>, tensor<1001x96xf32, #Q8_0>) -> tensor<?x96xf32>
    ```
  }];
  let arguments = (ins Llm_Ids:$ids, Llm_Matrix:$table);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = "$ids `,` $table attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_LinearOp : Llm_Op<"linear", [Pure, AttrSizedOperandSegments]> {
  let summary = "Rows times the transpose of a matrix";
  let description = [{
    `y[r, n] = sum_k x[r, k] w[n, k] + b[n]`, summed in rising k.  Several
    weights act as one matrix: `stack` puts their rows one after the other,
    `interleave16` takes 16 rows of the first and 16 rows of the second in turn
    (both have the same number of rows, a multiple of 16).  Biases, if there are
    any, are one a weight and are arranged like the rows.

    ```mlir
    %y = llm.linear %x, [%w] : (tensor<?x96xf32>, tensor<192x96xf32, #Q4_1>) -> tensor<?x192xf32>
    %z = llm.linear %x, [%gate, %up] arrange(interleave16) : ...
    ```
  }];
  let arguments = (ins Llm_Rows:$x, Variadic<Llm_Matrix>:$weights,
      Variadic<Llm_Vector>:$biases,
      DefaultValuedAttr<Llm_Arrange, "Arrange::Stack">:$arrange);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = [{
    $x `,` `[` $weights `]` (`bias` `[` $biases^ `]`)? (`arrange` `(` $arrange^ `)`)?
    attr-dict `:` functional-type(operands, results)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Value":$x, "::mlir::ValueRange":$weights,
                   CArg<"::mlir::ValueRange", "{}">:$biases,
                   CArg<"Arrange", "Arrange::Stack">:$arrange)>
  ];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getOutCols() { return getResult().getType().getDimSize(1); }
    int64_t getInCols() { return getX().getType().getDimSize(1); }
  }];
}

def Llm_ColumnsOp : Llm_Op<"columns", [Pure]> {
  let summary = "A range of columns";
  let description = [{
    Columns `first` to `first` + width of the result; how the parts of a merged
    linear are told apart.

    ```mlir
    %k = llm.columns %qkv from 576 : tensor<?x960xf32> -> tensor<?x192xf32>
    ```
  }];
  let arguments = (ins Llm_Rows:$x, I64Attr:$first);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = "$x `from` $first attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}

def Llm_ConcatOp : Llm_Op<"concat", [Pure]> {
  let summary = "Rows side by side";
  let description = [{
    Row r of the result is row r of each part, one after the other.

    ```mlir
    %x = llm.concat %h, %e : (tensor<?x96xf32>, tensor<?x96xf32>) -> tensor<?x192xf32>
    ```
  }];
  let arguments = (ins Variadic<Llm_Rows>:$parts);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = "$parts attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_RmsNormOp : Llm_Op<"rms_norm", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "Divides each row by its root mean square";
  let description = [{
    `y[r, k] = x[r, k] / sqrt(mean_k(x[r, k]^2) + eps) * w[k]`.

    ```mlir
    %y = llm.rms_norm %x, %w eps(1.0e-5) : tensor<?x96xf32>, tensor<96xf32>
    ```
  }];
  let arguments = (ins Llm_Rows:$x, Llm_Vector:$weight, F32Attr:$eps);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = "$x `,` $weight `eps` `(` $eps `)` attr-dict `:` type($x) `,` type($weight)";
  let hasVerifier = 1;
}

def Llm_RopeOp : Llm_Op<"rope", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "Rotary position embedding";
  let description = [{
    Rotates pairs of the first `rot` elements of each head by the angle
    `f32(position) * freqs[i]`.  Pair i is (2i, 2i + 1) if `interleaved`, else
    (i, i + rot / 2).  Scaling of frequencies is already folded into `freqs`.

    ```mlir
    %y = llm.rope %x at(%positions) freqs(%f) {heads = 3 : i64, head_dim = 32 : i64,
        rot = 32 : i64, interleaved} : tensor<?x96xf32>, tensor<?xi32>, tensor<16xf32>
    ```
  }];
  let arguments = (ins Llm_Rows:$x, Llm_Ids:$positions, Llm_Vector:$freqs,
      I64Attr:$heads, I64Attr:$head_dim, I64Attr:$rot, UnitAttr:$interleaved);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = [{
    $x `at` `(` $positions `)` `freqs` `(` $freqs `)` attr-dict
    `:` type($x) `,` type($positions) `,` type($freqs)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def Llm_KVAppendOp : Llm_Op<"kv_append", [Pure, AllTypesMatch<["kv", "next"]>,
    AllTypesMatch<["k", "v"]>, AllTypesMatch<["keys", "values"]>]> {
  let summary = "Writes the keys and values of new positions of a layer";
  let description = [{
    Rows of `k` and `v` become the entries of `positions` of layer `layer`.  The
    results are the next handle, and all keys and values of that layer up to the
    last new position.  Entries are rounded to the element type of the cache.

    ```mlir
    %kv1, %keys, %values = llm.kv_append %kv, %k, %v at(%positions) layer(%l)
        : !llm.kv_cache<2 layers, 1 heads, 32, f32>, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    ```
  }];
  let arguments = (ins Llm_KVCacheType:$kv, Llm_Rows:$k, Llm_Rows:$v,
      Llm_Ids:$positions, Index:$layer);
  let results = (outs Llm_KVCacheType:$next, Llm_Rows:$keys, Llm_Rows:$values);
  let assemblyFormat = [{
    $kv `,` $k `,` $v `at` `(` $positions `)` `layer` `(` $layer `)` attr-dict
    `:` type($kv) `,` type($k) `,` type($positions) `->` type($keys)
  }];
  let hasVerifier = 1;
}

def Llm_ScoresOp : Llm_Op<"scores", [Pure]> {
  let summary = "Scaled products of queries and keys";
  let description = [{
    `s[h, r, j] = scale * dot(q[r, head h], keys[j, head h / (heads / kv_heads)])`.
  }];
  let arguments = (ins Llm_Rows:$q, Llm_Rows:$keys, I64Attr:$heads, I64Attr:$kv_heads,
      I64Attr:$head_dim, F32Attr:$scale);
  let results = (outs Llm_Scores:$result);
  let assemblyFormat = "$q `,` $keys attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_CausalMaskOp : Llm_Op<"causal_mask", [Pure, AllTypesMatch<["scores", "result"]>]> {
  let summary = "Hides later positions";
  let description = [{
    Key j stays visible to row r if `j <= positions[r]`; other scores become -inf.
  }];
  let arguments = (ins Llm_Scores:$scores, Llm_Ids:$positions);
  let results = (outs Llm_Scores:$result);
  let assemblyFormat = "$scores `at` `(` $positions `)` attr-dict `:` type($scores) `,` type($positions)";
}

def Llm_SoftmaxOp : Llm_Op<"softmax", [Pure, AllTypesMatch<["scores", "result"]>]> {
  let summary = "Softmax over the last dimension";
  let arguments = (ins Llm_Scores:$scores);
  let results = (outs Llm_Scores:$result);
  let assemblyFormat = "$scores attr-dict `:` type($scores)";
}

def Llm_MixOp : Llm_Op<"mix", [Pure]> {
  let summary = "Weighted sums of values";
  let description = [{
    `y[r, head h] = sum_j p[h, r, j] values[j, head h / (heads / kv_heads)]`.
  }];
  let arguments = (ins Llm_Scores:$probabilities, Llm_Rows:$values, I64Attr:$heads,
      I64Attr:$kv_heads, I64Attr:$head_dim);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = "$probabilities `,` $values attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Llm_AttentionOp : Llm_Op<"attention", [Pure, AllTypesMatch<["q", "result"]>]> {
  let summary = "Causal attention of queries over the cache";
  let description = [{
    Scores, causal mask, softmax and mix in one, over the keys and values of
    layer `layer` of the handle: what `llm.kv_append` returned.  Reads the handle
    without changing it.

    ```mlir
    %o = llm.attention %q, %kv at(%positions) layer(%l) {heads = 3 : i64, kv_heads = 1 : i64,
        head_dim = 32 : i64, scale = 0.176776692 : f32}
        : tensor<?x96xf32>, !llm.kv_cache<2 layers, 1 heads, 32, f32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Llm_Rows:$q, Llm_KVCacheType:$kv, Llm_Ids:$positions, Index:$layer,
      I64Attr:$heads, I64Attr:$kv_heads, I64Attr:$head_dim, F32Attr:$scale);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = [{
    $q `,` $kv `at` `(` $positions `)` `layer` `(` $layer `)` attr-dict
    `:` type($q) `,` type($kv) `,` type($positions)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

class Llm_Binary<string mnemonic, string text> : Llm_Op<mnemonic, [Pure,
    AllTypesMatch<["lhs", "rhs", "result"]>]> {
  let summary = text;
  let arguments = (ins Llm_Rows:$lhs, Llm_Rows:$rhs);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs)";
}
def Llm_AddOp : Llm_Binary<"add", "Elementwise sum">;
def Llm_MulOp : Llm_Binary<"mul", "Elementwise product">;

def Llm_SiluOp : Llm_Op<"silu", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "x / (1 + exp(-x))";
  let arguments = (ins Llm_Rows:$x);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def Llm_GatedOp : Llm_Op<"gated", [Pure]> {
  let summary = "act(gate) * up";
  let description = [{
    With two operands, gate and up.  With one, both halves of a merged linear:
    `stack` (all gate columns, then all up columns) or `interleave16` (16 gate
    columns and 16 up columns in turn).

    ```mlir
    %y = llm.gated silu %g, %u : (tensor<?x192xf32>, tensor<?x192xf32>) -> tensor<?x192xf32>
    %z = llm.gated silu %gu arrange(interleave16) : (tensor<?x384xf32>) -> tensor<?x192xf32>
    ```
  }];
  let arguments = (ins Llm_Activation:$act, Llm_Rows:$gate, Optional<Llm_Rows>:$up,
      DefaultValuedAttr<Llm_Arrange, "Arrange::Stack">:$arrange);
  let results = (outs Llm_Rows:$result);
  let assemblyFormat = [{
    $act $gate (`,` $up^)? (`arrange` `(` $arrange^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // SINTER_LLM_OPS
