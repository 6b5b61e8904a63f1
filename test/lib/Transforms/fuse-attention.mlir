// RUN: llm-opt %s --split-input-file --llm-fuse-attention | FileCheck %s
// Before = after, on noise: the pass may not change what is computed.
// RUN: llm-opt %s --split-input-file --interpret="function=plain rows=5" -o /dev/null > %t.before
// RUN: llm-opt %s --split-input-file --llm-fuse-attention --interpret="function=plain rows=5" -o /dev/null > %t.after
// RUN: diff %t.before %t.after

// The textbook chain becomes one op over the cache.
// CHECK-LABEL: func.func @plain
// CHECK-SAME:    (%[[Q:[a-z0-9]+]]: tensor<?x96xf32>
// CHECK:         %[[KV:.*]], %{{.*}}, %{{.*}} = llm.kv_append
// CHECK-NOT:     llm.scores
// CHECK:         llm.attention %[[Q]], %[[KV]] at({{.*}}) {head_dim = 32 : i64, heads = 3 : i64, kv_heads = 1 : i64
// CHECK-NOT:     llm.mix
func.func @plain(%q: tensor<?x96xf32>, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %positions: tensor<?xi32>,
    %kv: !llm.kv_cache<2 layers, 1 heads, 32, f32>) -> (tensor<?x96xf32>, !llm.kv_cache<2 layers, 1 heads, 32, f32>) {
  %l = arith.constant 1 : index
  %kv1, %keys, %values = llm.kv_append %kv, %k, %v at(%positions) layer(%l)
      : !llm.kv_cache<2 layers, 1 heads, 32, f32>, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %s = llm.scores %q, %keys {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 0.2 : f32}
      : (tensor<?x96xf32>, tensor<?x32xf32>) -> tensor<3x?x?xf32>
  %m = llm.causal_mask %s at(%positions) : tensor<3x?x?xf32>, tensor<?xi32>
  %p = llm.softmax %m : tensor<3x?x?xf32>
  %o = llm.mix %p, %values {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64}
      : (tensor<3x?x?xf32>, tensor<?x32xf32>) -> tensor<?x96xf32>
  return %o, %kv1 : tensor<?x96xf32>, !llm.kv_cache<2 layers, 1 heads, 32, f32>
}

// -----

// Scores that something else reads stay: fusing would compute them twice.
// CHECK-LABEL: func.func @plain
// CHECK:         llm.softmax
// CHECK:         llm.mix
// CHECK-NOT:     llm.attention
func.func @plain(%q: tensor<?x32xf32>, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %positions: tensor<?xi32>,
    %kv: !llm.kv_cache<1 layers, 1 heads, 32, f32>) -> (tensor<?x32xf32>, tensor<1x?x?xf32>) {
  %l = arith.constant 0 : index
  %kv1, %keys, %values = llm.kv_append %kv, %k, %v at(%positions) layer(%l)
      : !llm.kv_cache<1 layers, 1 heads, 32, f32>, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %s = llm.scores %q, %keys {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 0.2 : f32}
      : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<1x?x?xf32>
  %m = llm.causal_mask %s at(%positions) : tensor<1x?x?xf32>, tensor<?xi32>
  %p = llm.softmax %m : tensor<1x?x?xf32>
  %o = llm.mix %p, %values {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64}
      : (tensor<1x?x?xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  return %o, %p : tensor<?x32xf32>, tensor<1x?x?xf32>
}

// -----

// Without a causal mask it is another kind of attention.
// CHECK-LABEL: func.func @plain
// CHECK:         llm.mix
// CHECK-NOT:     llm.attention
func.func @plain(%q: tensor<?x32xf32>, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %positions: tensor<?xi32>,
    %kv: !llm.kv_cache<1 layers, 1 heads, 32, f32>) -> tensor<?x32xf32> {
  %l = arith.constant 0 : index
  %kv1, %keys, %values = llm.kv_append %kv, %k, %v at(%positions) layer(%l)
      : !llm.kv_cache<1 layers, 1 heads, 32, f32>, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %s = llm.scores %q, %keys {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 0.2 : f32}
      : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<1x?x?xf32>
  %p = llm.softmax %s : tensor<1x?x?xf32>
  %o = llm.mix %p, %values {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64}
      : (tensor<1x?x?xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  return %o : tensor<?x32xf32>
}
