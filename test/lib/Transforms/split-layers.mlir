// RUN: llm-opt %s --llm-outline-layers --llm-split-layers | FileCheck %s
// RUN: llm-opt %s --interpret="function=forward rows=5" -o /dev/null > %t.whole
// RUN: llm-opt %s --llm-outline-layers --llm-split-layers --interpret="function=forward rows=5" -o /dev/null > %t.split
// RUN: diff %t.whole %t.split
// Two layers of one class: what stands behind attention becomes a function of its own, and no number changes.

llm.weight @embed : tensor<64x32xf32> from #llm.seed<1, 0.5 : f32>
llm.weight @k0 : tensor<32x32xf32> from #llm.seed<2, 0.5 : f32>
llm.weight @k1 : tensor<32x32xf32> from #llm.seed<3, 0.5 : f32>
llm.weight @f0 : tensor<32x32xf32> from #llm.seed<4, 0.5 : f32>
llm.weight @f1 : tensor<32x32xf32> from #llm.seed<5, 0.5 : f32>
!kv = !llm.kv_cache<2 layers, 1 heads, 32, f32>

// CHECK-LABEL: func.func @forward
// CHECK:         %[[H0:.*]]:2 = call @layer_0(%{{[^,]*}}, %[[P:[^,]*]], %{{[^,]*}}, %[[C0:[^,]*]], %[[K0:[^,]*]], %[[F0:[^,]*]])
// CHECK-NEXT:    %[[X0:.*]]:2 = call @ffn.layer_0(%[[H0]]#0, %[[P]], %[[H0]]#1, %[[C0]], %[[K0]], %[[F0]])
// CHECK:         %[[H1:.*]]:2 = call @layer_0(%[[X0]]#0, %[[P]], %[[X0]]#1,
// CHECK:         %[[X1:.*]]:2 = call @ffn.layer_0(%[[H1]]#0, %[[P]], %[[H1]]#1,
// CHECK-NEXT:    return %[[X1]]#0, %[[X1]]#1
// CHECK-LABEL: func.func private @layer_0
// CHECK:         llm.attention
// CHECK:         %[[H:.*]] = llm.add
// CHECK-NEXT:    return %[[H]],
// CHECK-LABEL: func.func private @ffn.layer_0(%arg0: tensor<?x32xf32>, %arg1: tensor<?xi32>, %arg2:
// CHECK-NOT:     llm.attention
// CHECK-NOT:     llm.kv_append
// CHECK:         %[[F:.*]] = llm.linear %arg0
// CHECK:         %[[Y:.*]] = llm.add
// CHECK-NEXT:    return %[[Y]], %arg2
func.func @forward(%ids: tensor<?xi32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x32xf32>, !kv) {
  %e = llm.weight_ref @embed : tensor<64x32xf32>
  %x = llm.embedding %ids, %e : (tensor<?xi32>, tensor<64x32xf32>) -> tensor<?x32xf32>
  %c0 = arith.constant 0 : index
  %w0 = llm.weight_ref @k0 : tensor<32x32xf32>
  %a0 = llm.linear %x, [%w0] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %kv1, %keys0, %values0 = llm.kv_append %kv, %a0, %a0 at(%positions) layer(%c0)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %o0 = llm.attention %a0, %kv1 at(%positions) layer(%c0) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64,
      scale = 0.2 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  %y0 = llm.add %x, %o0 : tensor<?x32xf32>
  %v0 = llm.weight_ref @f0 : tensor<32x32xf32>
  %g0 = llm.linear %y0, [%v0] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %z0 = llm.add %y0, %g0 : tensor<?x32xf32>
  %c1 = arith.constant 1 : index
  %w1 = llm.weight_ref @k1 : tensor<32x32xf32>
  %a1 = llm.linear %z0, [%w1] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %kv2, %keys1, %values1 = llm.kv_append %kv1, %a1, %a1 at(%positions) layer(%c1)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %o1 = llm.attention %a1, %kv2 at(%positions) layer(%c1) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64,
      scale = 0.2 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  %y1 = llm.add %z0, %o1 : tensor<?x32xf32>
  %v1 = llm.weight_ref @f1 : tensor<32x32xf32>
  %g1 = llm.linear %y1, [%v1] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %z1 = llm.add %y1, %g1 : tensor<?x32xf32>
  return %z1, %kv2 : tensor<?x32xf32>, !kv
}
