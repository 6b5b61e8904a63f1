// RUN: llm-opt %s --llm-to-tile="activations=int8 max-rows=8 logits-rows=4 max-context=64" | FileCheck %s --check-prefixes=CHECK,INT8
// RUN: llm-opt %s --llm-to-tile="activations=f32 max-rows=8 logits-rows=4 max-context=64" | FileCheck %s --check-prefixes=CHECK,EXACT
// Rows that are read as bf16 and as f32 have no form.
// RUN: not llm-opt %s --llm-to-tile="activations=bf16 max-rows=8 logits-rows=4 max-context=64" 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: error: reads rows that other ops read too: there is no lowering with bf16 activations
// The best ids of each row, for a drafter.
// RUN: llm-opt %s --llm-to-tile="max-rows=8 logits-rows=4 max-context=64 ranked=3" | FileCheck %s --check-prefix=RANK
// RANK:          tile.buffer @ranked bytes 48
// RANK:          func.func private @rank_rows(
// RANK:            tile.rank %{{.*}} -> %{{.*}} rows(%{{.*}}) {count = 3 : i64, vocabulary = {{.*}} -> memref<12xi32>
// RANK:          func.func @rank(%{{.*}}: index)
// RANK-NEXT:       tile.launch @rank_rows
// Products of attention alone: bf16, and a cache of the same.
// RUN: llm-opt %s --llm-to-tile="attention=bf16 max-rows=8 logits-rows=4 max-context=64" | FileCheck %s --check-prefix=ATTENTION
// ATTENTION:     tile.state @kv {{.*}} : bf16
// ATTENTION:     tile.quantize
// ATTENTION:     tile.attention {{.*}}{dots16,
// The tied table is packed once.
// RUN: llm-opt %s --llm-to-tile="max-rows=8 logits-rows=4 max-context=64" | FileCheck %s --check-prefix=PACKED
// PACKED-COUNT-1: tile.packed @"table:packed"
// PACKED-NOT:     tile.packed @"table:packed

#Q8_0 = #encoding.weight<dense, s8, [(1, 32) f16]>
#Q5_0 = #encoding.weight<dense, u5, [(1, 32) f16 zero 16]>
!kv = !llm.kv_cache<2 layers, 1 heads, 32, f32>

// Memory of a session; f32 activations bring an f32 cache.
// CHECK:       tile.buffer @arena bytes [[FIXED:[0-9]+]] {tile.fixed_bytes = [[FIXED]] : i64}
// CHECK-DAG:   tile.buffer @ids bytes 32
// Of each row of a batch it says where it stands.
// CHECK-DAG:   tile.buffer @runs bytes 128
// CHECK-DAG:   tile.buffer @history bytes 0 per_position 4
// CHECK-DAG:   tile.buffer @logits bytes 1024
// Attention has memory for every worker and for the results of spans.
// CHECK-DAG:   tile.buffer @attention bytes {{[0-9]+}} per_position {{[0-9]+}} per_worker {{[0-9]+}}
// INT8:        tile.state @kv {{.*}} : f16
// EXACT:       tile.state @kv {{.*}} : f32

llm.weight @table : tensor<40x32xf32, #Q8_0> from #llm.seed<1, 0.5 : f32>
llm.weight @norm : tensor<32xf32> from #llm.seed<2, 0.5 : f32>
llm.weight @freqs : tensor<16xf32> from #llm.seed<3, 0.5 : f32>
llm.weight @k0 : tensor<32x32xf32, #Q8_0> from #llm.seed<4, 0.5 : f32>
llm.weight @v0 : tensor<32x32xf32, #Q5_0> from #llm.seed<5, 0.5 : f32>
llm.weight @o0 : tensor<32x32xf32, #Q8_0> from #llm.seed<6, 0.5 : f32>
llm.weight @k1 : tensor<32x32xf32, #Q8_0> from #llm.seed<7, 0.5 : f32>
llm.weight @v1 : tensor<32x32xf32, #Q5_0> from #llm.seed<8, 0.5 : f32>
llm.weight @o1 : tensor<32x32xf32, #Q8_0> from #llm.seed<9, 0.5 : f32>

// CHECK-LABEL: func.func private @embed
// CHECK:         tile.embed
// CHECK:         tile.rope_table

func.func @forward(%ids: tensor<?xi32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x32xf32>, !kv) {
  %e = llm.weight_ref @table : tensor<40x32xf32, #Q8_0>
  %x = llm.embedding %ids, %e : (tensor<?xi32>, tensor<40x32xf32, #Q8_0>) -> tensor<?x32xf32>
  %c0 = arith.constant 0 : index
  %k0 = llm.weight_ref @k0 : tensor<32x32xf32, #Q8_0>
  %v0 = llm.weight_ref @v0 : tensor<32x32xf32, #Q5_0>
  %o0 = llm.weight_ref @o0 : tensor<32x32xf32, #Q8_0>
  %a:2 = call @layer_0(%x, %positions, %kv, %c0, %k0, %v0, %o0) : (tensor<?x32xf32>, tensor<?xi32>, !kv, index,
      tensor<32x32xf32, #Q8_0>, tensor<32x32xf32, #Q5_0>, tensor<32x32xf32, #Q8_0>) -> (tensor<?x32xf32>, !kv)
  %c1 = arith.constant 1 : index
  %k1 = llm.weight_ref @k1 : tensor<32x32xf32, #Q8_0>
  %v1 = llm.weight_ref @v1 : tensor<32x32xf32, #Q5_0>
  %o1 = llm.weight_ref @o1 : tensor<32x32xf32, #Q8_0>
  %b:2 = call @layer_0(%a#0, %positions, %a#1, %c1, %k1, %v1, %o1) : (tensor<?x32xf32>, tensor<?xi32>, !kv, index,
      tensor<32x32xf32, #Q8_0>, tensor<32x32xf32, #Q5_0>, tensor<32x32xf32, #Q8_0>) -> (tensor<?x32xf32>, !kv)
  return %b#0, %b#1 : tensor<?x32xf32>, !kv
}

// Keys and values of unequal encoding are two matrices that write side by side;
// each reads int8 codes with the start that its offset needs. The residual is
// part of the last contraction and updates the hidden state in place.
// CHECK-LABEL: func.func private @layer_0
// CHECK-SAME:    (%{{.*}}: memref<64xi8>, %[[X:[a-z0-9]+]]: memref<8x32xf32>
// CHECK:         %[[KV:.*]] = memref.alloc() : memref<8x64xf32>
// INT8-DAG:      tile.quantize %[[X]] norm({{.*}} {split = #tile<split own>, zero = 128 : i64}
// INT8-DAG:      tile.quantize %[[X]] norm({{.*}} {split = #tile<split own>, zero = 16 : i64}
// CHECK:         tile.rms_norm %[[X]]
// CHECK:         %[[K:.*]] = memref.subview %[[KV]][0, 0]
// INT8:          tile.contract q8({{.*}}%[[K]]
// EXACT:         tile.contract f32({{.*}}%[[K]]
// CHECK:         %[[V:.*]] = memref.subview %[[KV]][0, 32]
// INT8:          tile.contract q8({{.*}}%[[V]]
// EXACT:         tile.contract f32({{.*}}%[[V]]
// CHECK:         tile.rope %[[KV]], {{.*}} {columns = #tile.columns<0 to 32 by 32>,
// CHECK:         tile.kv_append %[[KV]], {{.*}} {head_dim = 32 : i64, k_col = 0 : i64, k_columns = #tile.columns<0 to 32 by 32>,
// CHECK-SAME:        v_col = 32 : i64, v_columns = #tile.columns<32 to 64 by 32>}
// CHECK:         tile.attention {{.*}} work(%{{.*}})
// CHECK:         tile.contract {{.*}} residual(%[[X]] : memref<8x32xf32>) -> %[[X]]
func.func private @layer_0(%x: tensor<?x32xf32>, %positions: tensor<?xi32>, %kv: !kv, %layer: index,
    %wk: tensor<32x32xf32, #Q8_0>, %wv: tensor<32x32xf32, #Q5_0>, %wo: tensor<32x32xf32, #Q8_0>)
    -> (tensor<?x32xf32>, !kv) {
  %n = llm.weight_ref @norm : tensor<32xf32>
  %f = llm.weight_ref @freqs : tensor<16xf32>
  %h = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
  %k = llm.linear %h, [%wk] : (tensor<?x32xf32>, tensor<32x32xf32, #Q8_0>) -> tensor<?x32xf32>
  %v = llm.linear %h, [%wv] : (tensor<?x32xf32>, tensor<32x32xf32, #Q5_0>) -> tensor<?x32xf32>
  %r = llm.rope %k at(%positions) freqs(%f) {heads = 1 : i64, head_dim = 32 : i64, rot = 32 : i64, interleaved}
      : tensor<?x32xf32>, tensor<?xi32>, tensor<16xf32>
  %kv1, %keys, %values = llm.kv_append %kv, %r, %v at(%positions) layer(%layer)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %a = llm.attention %h, %kv1 at(%positions) layer(%layer) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64,
      scale = 0.2 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  %o = llm.linear %a, [%wo] : (tensor<?x32xf32>, tensor<32x32xf32, #Q8_0>) -> tensor<?x32xf32>
  %y = llm.add %x, %o : tensor<?x32xf32>
  return %y, %kv1 : tensor<?x32xf32>, !kv
}

// The head normalizes the wanted rows only.
// CHECK-LABEL: func.func private @head_rows
// INT8:          tile.quantize {{.*}} first({{.*}} terms = 2
// EXACT:         tile.rms_norm {{.*}} first({{.*}} split = #tile<split own>
// CHECK:         tile.contract {{.*}} {own,
func.func @head(%x: tensor<?x32xf32>) -> tensor<?x40xf32> {
  %n = llm.weight_ref @norm : tensor<32xf32>
  %e = llm.weight_ref @table : tensor<40x32xf32, #Q8_0>
  %h = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
  %y = llm.linear %h, [%e] : (tensor<?x32xf32>, tensor<40x32xf32, #Q8_0>) -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// One compiled layer, launched once a layer with its weights and planes.
// CHECK-LABEL: func.func @forward(%{{.*}}: index, %{{.*}}: index)
// CHECK:         tile.launch @embed
// CHECK:         tile.launch @layer_0 bindings({{.*}}#tile.weight<@"k0:packed">{{.*}}#tile.state<@kv, 0, 0>{{.*}}#tile.state<@kv, 0, 1>
// CHECK:         tile.launch @layer_0 bindings({{.*}}#tile.weight<@"k1:packed">{{.*}}#tile.state<@kv, 1, 0>{{.*}}#tile.state<@kv, 1, 1>
// CHECK-LABEL: func.func @head(
// CHECK:         tile.launch @head_rows
// CHECK-LABEL: func.func @sample(
// CHECK:         tile.launch @draw
