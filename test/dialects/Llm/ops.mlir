// RUN: llm-opt %s | llm-opt | FileCheck %s

#Q8 = #encoding.weight<dense, s8, [(1, 32) f16]>
!kv = !llm.kv_cache<2 layers, 1 heads, 32, f16>

// CHECK: llm.weight @file : tensor<64x96xf32, #Q8_0> from #llm.file<"a.gguf", "t", 4096, 6528>
llm.weight @file : tensor<64x96xf32, #Q8> from #llm.file<"a.gguf", "t", 4096, 6528>
// CHECK: llm.weight @seed : tensor<96xf32> from #llm.seed<7, 5.000000e-01 : f32>
llm.weight @seed : tensor<96xf32> from #llm.seed<7, 0.5 : f32>
// CHECK: llm.weight @data : tensor<2xf32> from #llm.data<dense<[1.000000e+00, 2.500000e-01]> : tensor<2xf32>>
llm.weight @data : tensor<2xf32> from #llm.data<dense<[1.0, 0.25]> : tensor<2xf32>>

// CHECK-LABEL: @rows
func.func @rows(%ids: tensor<?xi32>, %table: tensor<9x96xf32>, %w: tensor<64x96xf32, #Q8>, %b: tensor<64xf32>) -> tensor<?x32xf32> {
  // CHECK: llm.weight_ref @seed : tensor<96xf32>
  %n = llm.weight_ref @seed : tensor<96xf32>
  // CHECK: llm.embedding %{{.*}}, %{{.*}} : (tensor<?xi32>, tensor<9x96xf32>) -> tensor<?x96xf32>
  %x = llm.embedding %ids, %table : (tensor<?xi32>, tensor<9x96xf32>) -> tensor<?x96xf32>
  // CHECK: llm.rms_norm %{{.*}}, %{{.*}} eps(9.99999974E-6) : tensor<?x96xf32>, tensor<96xf32>
  %y = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x96xf32>, tensor<96xf32>
  // CHECK: llm.linear %{{.*}}, [%{{.*}}] : (tensor<?x96xf32>, tensor<64x96xf32, #Q8_0>) -> tensor<?x64xf32>
  %l = llm.linear %y, [%w] : (tensor<?x96xf32>, tensor<64x96xf32, #Q8>) -> tensor<?x64xf32>
  // CHECK: llm.linear %{{.*}}, [%{{.*}}, %{{.*}}] bias[%{{.*}}, %{{.*}}] arrange(interleave16) :
  %m = llm.linear %y, [%w, %w] bias [%b, %b] arrange(interleave16)
    : (tensor<?x96xf32>, tensor<64x96xf32, #Q8>, tensor<64x96xf32, #Q8>, tensor<64xf32>, tensor<64xf32>) -> tensor<?x128xf32>
  // CHECK: llm.gated silu %{{.*}} arrange(interleave16) : (tensor<?x128xf32>) -> tensor<?x64xf32>
  %g = llm.gated silu %m arrange(interleave16) : (tensor<?x128xf32>) -> tensor<?x64xf32>
  // CHECK: llm.gated silu %{{.*}}, %{{.*}} : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  %h = llm.gated silu %g, %l : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  // CHECK: llm.silu %{{.*}} : tensor<?x64xf32>
  %s = llm.silu %h : tensor<?x64xf32>
  // CHECK: llm.mul %{{.*}}, %{{.*}} : tensor<?x64xf32>
  %p = llm.mul %s, %l : tensor<?x64xf32>
  // CHECK: llm.add %{{.*}}, %{{.*}} : tensor<?x64xf32>
  %a = llm.add %p, %l : tensor<?x64xf32>
  // CHECK: llm.columns %{{.*}} from 32 : tensor<?x64xf32> -> tensor<?x32xf32>
  %c = llm.columns %a from 32 : tensor<?x64xf32> -> tensor<?x32xf32>
  // CHECK: llm.concat %{{.*}}, %{{.*}} : (tensor<?x32xf32>, tensor<?x64xf32>) -> tensor<?x96xf32>
  %wide = llm.concat %c, %a : (tensor<?x32xf32>, tensor<?x64xf32>) -> tensor<?x96xf32>
  return %c : tensor<?x32xf32>
}

// CHECK-LABEL: @attention
// CHECK-SAME: !llm.kv_cache<2 layers, 1 heads, 32, f16>
func.func @attention(%q: tensor<?x96xf32>, %k: tensor<?x32xf32>, %pos: tensor<?xi32>, %f: tensor<16xf32>, %kv: !kv) -> (tensor<?x96xf32>, !kv) {
  %l = arith.constant 1 : index
  // CHECK: llm.rope %{{.*}} at(%{{.*}}) freqs(%{{.*}}) {head_dim = 32 : i64, heads = 1 : i64, interleaved, rot = 32 : i64} : tensor<?x32xf32>, tensor<?xi32>, tensor<16xf32>
  %r = llm.rope %k at(%pos) freqs(%f) {heads = 1 : i64, head_dim = 32 : i64, rot = 32 : i64, interleaved} : tensor<?x32xf32>, tensor<?xi32>, tensor<16xf32>
  // CHECK: llm.kv_append %{{.*}}, %{{.*}}, %{{.*}} at(%{{.*}}) layer(%{{.*}}) : <2 layers, 1 heads, 32, f16>, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %kv1, %keys, %values = llm.kv_append %kv, %r, %k at(%pos) layer(%l) : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  // CHECK: llm.scores %{{.*}}, %{{.*}} {head_dim = 32 : i64, heads = 3 : i64, kv_heads = 1 : i64, scale = 1.250000e-01 : f32}
  %s = llm.scores %q, %keys {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 0.125 : f32} : (tensor<?x96xf32>, tensor<?x32xf32>) -> tensor<3x?x?xf32>
  // CHECK: llm.causal_mask %{{.*}} at(%{{.*}}) : tensor<3x?x?xf32>, tensor<?xi32>
  %m = llm.causal_mask %s at(%pos) : tensor<3x?x?xf32>, tensor<?xi32>
  // CHECK: llm.softmax %{{.*}} : tensor<3x?x?xf32>
  %p = llm.softmax %m : tensor<3x?x?xf32>
  // CHECK: llm.mix %{{.*}}, %{{.*}} {head_dim = 32 : i64, heads = 3 : i64, kv_heads = 1 : i64} : (tensor<3x?x?xf32>, tensor<?x32xf32>) -> tensor<?x96xf32>
  %o = llm.mix %p, %values {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64} : (tensor<3x?x?xf32>, tensor<?x32xf32>) -> tensor<?x96xf32>
  // CHECK: llm.attention %{{.*}}, %{{.*}} at(%{{.*}}) layer(%{{.*}}) {{{.*}}scale = 1.250000e-01 : f32} : tensor<?x96xf32>, <2 layers, 1 heads, 32, f16>, tensor<?xi32>
  %a = llm.attention %o, %kv1 at(%pos) layer(%l) {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 0.125 : f32} : tensor<?x96xf32>, !kv, tensor<?xi32>
  return %a, %kv1 : tensor<?x96xf32>, !kv
}
