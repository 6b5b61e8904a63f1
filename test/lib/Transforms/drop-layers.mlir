// RUN: llm-opt %s --llm-outline-layers --llm-drop-layers=layers=0,2 | FileCheck %s
// RUN: llm-opt %s --llm-outline-layers --llm-drop-layers | FileCheck %s --check-prefix=NONE
// Without layers 0 and 2 of three; the last one says nothing, so that leaving it out alone changes no number.
// RUN: llm-opt %s --interpret="function=forward rows=5" -o /dev/null > %t.whole
// RUN: llm-opt %s --llm-outline-layers --llm-drop-layers=layers=2 --interpret="function=forward rows=5" -o /dev/null > %t.silent
// RUN: llm-opt %s --llm-outline-layers --llm-drop-layers=layers=1 --interpret="function=forward rows=5" -o /dev/null > %t.other
// RUN: diff %t.whole %t.silent
// RUN: not diff %t.whole %t.other

llm.weight @embed : tensor<64x32xf32> from #llm.seed<1, 0.5 : f32>
llm.weight @k0 : tensor<32x32xf32> from #llm.seed<2, 0.5 : f32>
llm.weight @k1 : tensor<32x32xf32> from #llm.seed<3, 0.5 : f32>
llm.weight @k2 : tensor<32x32xf32> from #llm.splat<0.0 : f32>
!kv = !llm.kv_cache<3 layers, 1 heads, 32, f32>

// CHECK: module attributes {llm.dropped_layers = array<i64: 0, 2>, llm.lossy = {drop_layers = "0,2"}}
// CHECK-NOT: @k0
// CHECK: llm.weight @k1
// CHECK-NOT: @k2
// CHECK-LABEL: func.func @forward
// CHECK-SAME:    %[[KV:[a-z0-9]+]]: !llm.kv_cache<1 layers, 1 heads, 32, f32>
// CHECK:         %[[X:.*]] = llm.embedding
// CHECK:         %[[K:.*]] = llm.weight_ref @k1
// CHECK:         %[[C0:.*]] = arith.constant 0 : index
// CHECK-NEXT:    %[[R:.*]]:2 = call @layer_0(%[[X]], %{{.*}}, %[[KV]], %[[C0]], %[[K]])
// CHECK-NEXT:    return %[[R]]#0, %[[R]]#1
// CHECK-LABEL: func.func private @layer_0
// CHECK-SAME:    !llm.kv_cache<1 layers, 1 heads, 32, f32>
// NONE-NOT: llm.dropped_layers
// NONE-NOT: llm.lossy
// NONE-COUNT-3: call @layer_0
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
  %c1 = arith.constant 1 : index
  %w1 = llm.weight_ref @k1 : tensor<32x32xf32>
  %a1 = llm.linear %y0, [%w1] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %kv2, %keys1, %values1 = llm.kv_append %kv1, %a1, %a1 at(%positions) layer(%c1)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %o1 = llm.attention %a1, %kv2 at(%positions) layer(%c1) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64,
      scale = 0.2 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  %y1 = llm.add %y0, %o1 : tensor<?x32xf32>
  %c2 = arith.constant 2 : index
  %w2 = llm.weight_ref @k2 : tensor<32x32xf32>
  %a2 = llm.linear %y1, [%w2] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %kv3, %keys2, %values2 = llm.kv_append %kv2, %a2, %a2 at(%positions) layer(%c2)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %o2 = llm.attention %a2, %kv3 at(%positions) layer(%c2) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64,
      scale = 0.2 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  %y2 = llm.add %y1, %o2 : tensor<?x32xf32>
  return %y2, %kv3 : tensor<?x32xf32>, !kv
}
