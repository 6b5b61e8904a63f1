// Fused forms compute what the ops they stand for compute: each pair of results is compared as text.
// RUN: llm-opt %s --interpret="function=attention" -o /dev/null | FileCheck %s
// RUN: llm-opt %s --interpret="function=gated" -o /dev/null | FileCheck %s
// RUN: llm-opt %s --interpret="function=linear" -o /dev/null | FileCheck %s
// RUN: llm-opt %s --interpret="function=gated f64=1" -o /dev/null | FileCheck %s
// CHECK: result 0: 4x{{[0-9]+}}, [[NUMBERS:mean .*]]
// CHECK: result 1: 4x{{[0-9]+}}, [[NUMBERS]]

#Q4 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
!kv = !llm.kv_cache<1 layers, 1 heads, 32, f32>

llm.weight @gate : tensor<48x64xf32, #Q4> from #llm.seed<1, 0.5 : f32>
llm.weight @up : tensor<48x64xf32, #Q4> from #llm.seed<2, 0.5 : f32>
llm.weight @bias : tensor<48xf32> from #llm.seed<3, 0.5 : f32>

func.func @attention(%q: tensor<?x96xf32>, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %pos: tensor<?xi32>, %kv: !kv)
    -> (tensor<?x96xf32>, tensor<?x96xf32>) {
  %l = arith.constant 0 : index
  %kv1, %keys, %values = llm.kv_append %kv, %k, %v at(%pos) layer(%l) : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %s = llm.scores %q, %keys {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 0.25 : f32} : (tensor<?x96xf32>, tensor<?x32xf32>) -> tensor<3x?x?xf32>
  %m = llm.causal_mask %s at(%pos) : tensor<3x?x?xf32>, tensor<?xi32>
  %p = llm.softmax %m : tensor<3x?x?xf32>
  %o = llm.mix %p, %values {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64} : (tensor<3x?x?xf32>, tensor<?x32xf32>) -> tensor<?x96xf32>
  %a = llm.attention %q, %kv1 at(%pos) layer(%l) {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 0.25 : f32} : tensor<?x96xf32>, !kv, tensor<?xi32>
  return %o, %a : tensor<?x96xf32>, tensor<?x96xf32>
}

func.func @gated(%x: tensor<?x64xf32>) -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  %wg = llm.weight_ref @gate : tensor<48x64xf32, #Q4>
  %wu = llm.weight_ref @up : tensor<48x64xf32, #Q4>
  %g = llm.linear %x, [%wg] : (tensor<?x64xf32>, tensor<48x64xf32, #Q4>) -> tensor<?x48xf32>
  %u = llm.linear %x, [%wu] : (tensor<?x64xf32>, tensor<48x64xf32, #Q4>) -> tensor<?x48xf32>
  %s = llm.silu %g : tensor<?x48xf32>
  %y = llm.mul %s, %u : tensor<?x48xf32>
  %gu = llm.linear %x, [%wg, %wu] arrange(interleave16) : (tensor<?x64xf32>, tensor<48x64xf32, #Q4>, tensor<48x64xf32, #Q4>) -> tensor<?x96xf32>
  %z = llm.gated silu %gu arrange(interleave16) : (tensor<?x96xf32>) -> tensor<?x48xf32>
  return %y, %z : tensor<?x48xf32>, tensor<?x48xf32>
}

func.func @linear(%x: tensor<?x64xf32>) -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  %wg = llm.weight_ref @gate : tensor<48x64xf32, #Q4>
  %wu = llm.weight_ref @up : tensor<48x64xf32, #Q4>
  %b = llm.weight_ref @bias : tensor<48xf32>
  %u = llm.linear %x, [%wu] bias [%b] : (tensor<?x64xf32>, tensor<48x64xf32, #Q4>, tensor<48xf32>) -> tensor<?x48xf32>
  %both = llm.linear %x, [%wg, %wu] bias [%b, %b] : (tensor<?x64xf32>, tensor<48x64xf32, #Q4>, tensor<48x64xf32, #Q4>, tensor<48xf32>, tensor<48xf32>) -> tensor<?x96xf32>
  %part = llm.columns %both from 48 : tensor<?x96xf32> -> tensor<?x48xf32>
  return %u, %part : tensor<?x48xf32>, tensor<?x48xf32>
}
