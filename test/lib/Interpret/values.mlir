// Results that can be worked out by hand.
// RUN: llm-opt %s --interpret="function=norm rows=1" -o /dev/null | FileCheck %s --check-prefix=NORM
// RUN: llm-opt %s --interpret="function=beside rows=1" -o /dev/null | FileCheck %s --check-prefix=BESIDE
// RUN: llm-opt %s --interpret="function=splats rows=3" -o /dev/null | FileCheck %s --check-prefix=SPLATS
// RUN: llm-opt %s --interpret="function=caller rows=2" -o /dev/null | FileCheck %s --check-prefix=CALL

llm.weight @ones : tensor<4xf32> from #llm.splat<1.0 : f32>
llm.weight @table : tensor<3x4xf32> from #llm.data<dense<[[1.0, 2.0, 2.0, 4.0], [0.0, 0.0, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0]]> : tensor<3x4xf32>>

// sqrt(mean(1, 4, 4, 16)) = 2.5
// NORM: result 0: 1x4, mean 0.9: 0.4 0.8 0.8 1.6
func.func @norm(%ids: tensor<?xi32>) -> tensor<?x4xf32> {
  %t = llm.weight_ref @table : tensor<3x4xf32>
  %w = llm.weight_ref @ones : tensor<4xf32>
  %x = llm.embedding %ids, %t : (tensor<?xi32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  %y = llm.rms_norm %x, %w eps(0.0) : tensor<?x4xf32>, tensor<4xf32>
  return %y : tensor<?x4xf32>
}

// BESIDE: result 0: 1x8, mean 2.25: 1 2 2 4 1 2 2 4
func.func @beside(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
  %t = llm.weight_ref @table : tensor<3x4xf32>
  %x = llm.embedding %ids, %t : (tensor<?xi32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  %y = llm.concat %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// A splat has the same value in every encoding.
// SPLATS-COUNT-11: 3x{{.*}}, mean 0.5: 0.5 0.5
llm.weight @f32 : tensor<3x256xf32> from #llm.splat<0.5 : f32>
llm.weight @f16 : tensor<3x256xf32, #encoding.weight<dense, f16>> from #llm.splat<0.5 : f32>
llm.weight @bf16 : tensor<3x256xf32, #encoding.weight<dense, bf16>> from #llm.splat<0.5 : f32>
llm.weight @q8_0 : tensor<3x256xf32, #encoding.weight<dense, s8, [(1, 32) f16]>> from #llm.splat<0.5 : f32>
llm.weight @q4_0 : tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) f16 zero 8]>> from #llm.splat<0.5 : f32>
llm.weight @q4_1 : tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) f16 add f16]>> from #llm.splat<0.5 : f32>
llm.weight @q5_0 : tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) f16 zero 16]>> from #llm.splat<0.5 : f32>
llm.weight @q5_1 : tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) f16 add f16]>> from #llm.splat<0.5 : f32>
llm.weight @q4_k : tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>> from #llm.splat<0.5 : f32>
llm.weight @q5_k : tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>> from #llm.splat<0.5 : f32>
llm.weight @q6_k : tensor<3x256xf32, #encoding.weight<dense, s6, [(1, 16) s8, (1, 256) f16]>> from #llm.splat<0.5 : f32>
!r = tensor<?x256xf32>
func.func @splats(%i: tensor<?xi32>) -> (!r, !r, !r, !r, !r, !r, !r, !r, !r, !r, !r) {
  %w0 = llm.weight_ref @f32 : tensor<3x256xf32>
  %w1 = llm.weight_ref @f16 : tensor<3x256xf32, #encoding.weight<dense, f16>>
  %w2 = llm.weight_ref @bf16 : tensor<3x256xf32, #encoding.weight<dense, bf16>>
  %w3 = llm.weight_ref @q8_0 : tensor<3x256xf32, #encoding.weight<dense, s8, [(1, 32) f16]>>
  %w4 = llm.weight_ref @q4_0 : tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) f16 zero 8]>>
  %w5 = llm.weight_ref @q4_1 : tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) f16 add f16]>>
  %w6 = llm.weight_ref @q5_0 : tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) f16 zero 16]>>
  %w7 = llm.weight_ref @q5_1 : tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) f16 add f16]>>
  %w8 = llm.weight_ref @q4_k : tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>>
  %w9 = llm.weight_ref @q5_k : tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>>
  %w10 = llm.weight_ref @q6_k : tensor<3x256xf32, #encoding.weight<dense, s6, [(1, 16) s8, (1, 256) f16]>>
  %0 = llm.embedding %i, %w0 : (tensor<?xi32>, tensor<3x256xf32>) -> !r
  %1 = llm.embedding %i, %w1 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, f16>>) -> !r
  %2 = llm.embedding %i, %w2 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, bf16>>) -> !r
  %3 = llm.embedding %i, %w3 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, s8, [(1, 32) f16]>>) -> !r
  %4 = llm.embedding %i, %w4 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) f16 zero 8]>>) -> !r
  %5 = llm.embedding %i, %w5 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) f16 add f16]>>) -> !r
  %6 = llm.embedding %i, %w6 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) f16 zero 16]>>) -> !r
  %7 = llm.embedding %i, %w7 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) f16 add f16]>>) -> !r
  %8 = llm.embedding %i, %w8 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, u4, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>>) -> !r
  %9 = llm.embedding %i, %w9 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, u5, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>>) -> !r
  %10 = llm.embedding %i, %w10 : (tensor<?xi32>, tensor<3x256xf32, #encoding.weight<dense, s6, [(1, 16) s8, (1, 256) f16]>>) -> !r
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10 : !r, !r, !r, !r, !r, !r, !r, !r, !r, !r, !r
}

// Weights travel as arguments: one body serves many layers.
// x = (1, 2, 2, 4) and (0, 0, 3, 4) times the table's rows.
// CALL: result 0: 2x3, mean 18.333: 25 22 9 22 25 7
func.func @body(%x: tensor<?x4xf32>, %w: tensor<3x4xf32>) -> tensor<?x3xf32> {
  %y = llm.linear %x, [%w] : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
func.func @caller(%ids: tensor<?xi32>) -> tensor<?x3xf32> {
  %t = llm.weight_ref @table : tensor<3x4xf32>
  %x = llm.embedding %ids, %t : (tensor<?xi32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  %y = call @body(%x, %t) : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
