// RUN: llm-opt %s --llm-merge-linears | FileCheck %s
// RUN: llm-opt %s --interpret="function=stacks rows=3" -o /dev/null > %t.before
// RUN: llm-opt %s --llm-merge-linears --interpret="function=stacks rows=3" -o /dev/null > %t.after
// RUN: diff %t.before %t.after

#Q4_1 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#Q8_0 = #encoding.weight<dense, s8, [(1, 32) f16]>
llm.weight @q : tensor<64x32xf32, #Q4_1> from #llm.seed<1, 0.5 : f32>
llm.weight @k : tensor<32x32xf32, #Q4_1> from #llm.seed<2, 0.5 : f32>
llm.weight @v : tensor<32x32xf32, #Q8_0> from #llm.seed<3, 0.5 : f32>

// q and k become one matrix; v has another encoding and stays.
// CHECK-LABEL: func.func @stacks
// CHECK:         %[[QK:.*]] = llm.linear %{{.*}}, [%{{.*}}, %{{.*}}]
// CHECK:         llm.columns %[[QK]] from 0
// CHECK:         llm.columns %[[QK]] from 64
// CHECK:         llm.linear %{{.*}}, [%{{[^,]*}}] : {{.*}}tensor<32x32xf32, #{{.*}}>) -> tensor<?x32xf32>
func.func @stacks(%x: tensor<?x32xf32>) -> (tensor<?x64xf32>, tensor<?x32xf32>, tensor<?x32xf32>) {
  %wq = llm.weight_ref @q : tensor<64x32xf32, #Q4_1>
  %q = llm.linear %x, [%wq] : (tensor<?x32xf32>, tensor<64x32xf32, #Q4_1>) -> tensor<?x64xf32>
  %wk = llm.weight_ref @k : tensor<32x32xf32, #Q4_1>
  %k = llm.linear %x, [%wk] : (tensor<?x32xf32>, tensor<32x32xf32, #Q4_1>) -> tensor<?x32xf32>
  %wv = llm.weight_ref @v : tensor<32x32xf32, #Q8_0>
  %v = llm.linear %x, [%wv] : (tensor<?x32xf32>, tensor<32x32xf32, #Q8_0>) -> tensor<?x32xf32>
  return %q, %k, %v : tensor<?x64xf32>, tensor<?x32xf32>, tensor<?x32xf32>
}

// Different inputs are never one matrix.
// CHECK-LABEL: func.func @apart
// CHECK-NOT:     llm.columns
func.func @apart(%x: tensor<?x32xf32>, %z: tensor<?x32xf32>) -> (tensor<?x64xf32>, tensor<?x32xf32>) {
  %wq = llm.weight_ref @q : tensor<64x32xf32, #Q4_1>
  %q = llm.linear %x, [%wq] : (tensor<?x32xf32>, tensor<64x32xf32, #Q4_1>) -> tensor<?x64xf32>
  %wk = llm.weight_ref @k : tensor<32x32xf32, #Q4_1>
  %k = llm.linear %z, [%wk] : (tensor<?x32xf32>, tensor<32x32xf32, #Q4_1>) -> tensor<?x32xf32>
  return %q, %k : tensor<?x64xf32>, tensor<?x32xf32>
}
