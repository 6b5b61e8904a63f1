// RUN: llm-opt %s | llm-opt | FileCheck %s

// Named formats print as aliases; the expression stands in their definition.
// CHECK-DAG: #Q4_0 = #encoding.weight<dense, u4, [(1, 32) f16 zero 8]>
// CHECK-DAG: #Q4_1 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
// CHECK-DAG: #Q5_0 = #encoding.weight<dense, u5, [(1, 32) f16 zero 16]>
// CHECK-DAG: #Q5_1 = #encoding.weight<dense, u5, [(1, 32) f16 add f16]>
// CHECK-DAG: #Q8_0 = #encoding.weight<dense, s8, [(1, 32) f16]>
// CHECK-DAG: #Q4_K = #encoding.weight<dense, u4, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>
// CHECK-DAG: #Q5_K = #encoding.weight<dense, u5, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>
// CHECK-DAG: #Q6_K = #encoding.weight<dense, s6, [(1, 16) s8, (1, 256) f16]>
// CHECK-DAG: #BF16 = #encoding.weight<dense, bf16>
// CHECK-DAG: #F16 = #encoding.weight<dense, f16>
// CHECK-DAG: #F32 = #encoding.weight<dense, f32>

// CHECK: llm.weight @q4_0 : tensor<4x256xf32, #Q4_0> from #llm.splat<1.0
llm.weight @q4_0 : tensor<4x256xf32, #encoding.weight<dense, u4, [(1, 32) f16 zero 8]>> from #llm.splat<1.0 : f32>
llm.weight @q4_1 : tensor<4x256xf32, #encoding.weight<dense, u4, [(1, 32) f16 add f16]>> from #llm.splat<1.0 : f32>
llm.weight @q5_0 : tensor<4x256xf32, #encoding.weight<dense, u5, [(1, 32) f16 zero 16]>> from #llm.splat<1.0 : f32>
llm.weight @q5_1 : tensor<4x256xf32, #encoding.weight<dense, u5, [(1, 32) f16 add f16]>> from #llm.splat<1.0 : f32>
llm.weight @q8_0 : tensor<4x256xf32, #encoding.weight<dense, s8, [(1, 32) f16]>> from #llm.splat<1.0 : f32>
llm.weight @q4_k : tensor<4x256xf32, #encoding.weight<dense, u4, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>> from #llm.splat<1.0 : f32>
llm.weight @q5_k : tensor<4x256xf32, #encoding.weight<dense, u5, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>> from #llm.splat<1.0 : f32>
llm.weight @q6_k : tensor<4x256xf32, #encoding.weight<dense, s6, [(1, 16) s8, (1, 256) f16]>> from #llm.splat<1.0 : f32>
llm.weight @bf16 : tensor<4x256xf32, #encoding.weight<dense, bf16>> from #llm.splat<1.0 : f32>
llm.weight @f16 : tensor<4x256xf32, #encoding.weight<dense, f16>> from #llm.splat<1.0 : f32>
llm.weight @f32 : tensor<4x256xf32, #encoding.weight<dense, f32>> from #llm.splat<1.0 : f32>

// An expression without a name is an encoding too.
// CHECK: llm.weight @unnamed : tensor<4x128xf32, #encoding.weight<dense, u4, [(1, 128) bf16 zero 7]>>
llm.weight @unnamed : tensor<4x128xf32, #encoding.weight<dense, u4, [(1, 128) bf16 zero 7]>> from #llm.splat<1.0 : f32>
