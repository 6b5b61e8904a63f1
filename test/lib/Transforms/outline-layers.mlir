// RUN: llm-opt %s --split-input-file --llm-outline-layers | FileCheck %s
// RUN: llm-opt %s --split-input-file --interpret="function=forward rows=5" -o /dev/null > %t.before
// RUN: llm-opt %s --split-input-file --llm-outline-layers --interpret="function=forward rows=5" -o /dev/null > %t.after
// RUN: diff %t.before %t.after

// Two equal layers share a function; weights that differ become arguments.
llm.weight @embed : tensor<64x32xf32> from #llm.seed<1, 0.5 : f32>
llm.weight @norm : tensor<32xf32> from #llm.seed<2, 0.5 : f32>
llm.weight @k0 : tensor<32x32xf32> from #llm.seed<3, 0.5 : f32>
llm.weight @k1 : tensor<32x32xf32> from #llm.seed<4, 0.5 : f32>
!kv = !llm.kv_cache<2 layers, 1 heads, 32, f32>

// CHECK-LABEL: func.func @forward
// CHECK:         %[[X0:.*]] = llm.embedding
// CHECK:         %[[K0:.*]] = llm.weight_ref @k0
// CHECK:         %[[R0:.*]]:2 = call @layer_0(%[[X0]], %{{.*}}, %{{.*}}, %{{.*}}, %[[K0]])
// CHECK:         %[[K1:.*]] = llm.weight_ref @k1
// CHECK:         %[[R1:.*]]:2 = call @layer_0(%[[R0]]#0, %{{.*}}, %[[R0]]#1, %{{.*}}, %[[K1]])
// CHECK:         return %[[R1]]#0, %[[R1]]#1
// CHECK-LABEL: func.func private @layer_0
// CHECK:         llm.weight_ref @norm
// CHECK:         llm.rms_norm
// CHECK-NOT:     func.func private @layer_1
func.func @forward(%ids: tensor<?xi32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x32xf32>, !kv) {
  %e = llm.weight_ref @embed : tensor<64x32xf32>
  %n = llm.weight_ref @norm : tensor<32xf32>
  %x = llm.embedding %ids, %e : (tensor<?xi32>, tensor<64x32xf32>) -> tensor<?x32xf32>
  %c0 = arith.constant 0 : index
  %w0 = llm.weight_ref @k0 : tensor<32x32xf32>
  %h0 = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
  %a0 = llm.linear %h0, [%w0] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %kv1, %keys0, %values0 = llm.kv_append %kv, %a0, %a0 at(%positions) layer(%c0)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %o0 = llm.attention %a0, %kv1 at(%positions) layer(%c0) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64,
      scale = 0.2 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  %y0 = llm.add %x, %o0 : tensor<?x32xf32>
  %c1 = arith.constant 1 : index
  %w1 = llm.weight_ref @k1 : tensor<32x32xf32>
  %h1 = llm.rms_norm %y0, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
  %a1 = llm.linear %h1, [%w1] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %kv2, %keys1, %values1 = llm.kv_append %kv1, %a1, %a1 at(%positions) layer(%c1)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %o1 = llm.attention %a1, %kv2 at(%positions) layer(%c1) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64,
      scale = 0.2 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  %y1 = llm.add %y0, %o1 : tensor<?x32xf32>
  return %y1, %kv2 : tensor<?x32xf32>, !kv
}

// -----

// Another encoding is another class.
#Q8_0 = #encoding.weight<dense, s8, [(1, 32) f16]>
llm.weight @embed : tensor<64x32xf32> from #llm.seed<1, 0.5 : f32>
llm.weight @norm : tensor<32xf32> from #llm.seed<2, 0.5 : f32>
llm.weight @k0 : tensor<32x32xf32> from #llm.seed<3, 0.5 : f32>
llm.weight @k1 : tensor<32x32xf32, #Q8_0> from #llm.seed<4, 0.5 : f32>
!kv = !llm.kv_cache<2 layers, 1 heads, 32, f32>

// CHECK-LABEL: func.func @forward
// CHECK:         call @layer_0
// CHECK:         call @layer_1
// CHECK-DAG:   func.func private @layer_0
// CHECK-DAG:   func.func private @layer_1
func.func @forward(%ids: tensor<?xi32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x32xf32>, !kv) {
  %e = llm.weight_ref @embed : tensor<64x32xf32>
  %n = llm.weight_ref @norm : tensor<32xf32>
  %x = llm.embedding %ids, %e : (tensor<?xi32>, tensor<64x32xf32>) -> tensor<?x32xf32>
  %c0 = arith.constant 0 : index
  %w0 = llm.weight_ref @k0 : tensor<32x32xf32>
  %h0 = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
  %a0 = llm.linear %h0, [%w0] : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %kv1, %keys0, %values0 = llm.kv_append %kv, %a0, %a0 at(%positions) layer(%c0)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %y0 = llm.add %x, %a0 : tensor<?x32xf32>
  %c1 = arith.constant 1 : index
  %w1 = llm.weight_ref @k1 : tensor<32x32xf32, #Q8_0>
  %h1 = llm.rms_norm %y0, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
  %a1 = llm.linear %h1, [%w1] : (tensor<?x32xf32>, tensor<32x32xf32, #Q8_0>) -> tensor<?x32xf32>
  %kv2, %keys1, %values1 = llm.kv_append %kv1, %a1, %a1 at(%positions) layer(%c1)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %y1 = llm.add %y0, %a1 : tensor<?x32xf32>
  return %y1, %kv2 : tensor<?x32xf32>, !kv
}

// -----

// A function that is no model stays as it is.
// CHECK-LABEL: func.func @other
// CHECK-NEXT:    llm.add
func.func @other(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = llm.add %x, %x : tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = llm.add %x, %x : tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
