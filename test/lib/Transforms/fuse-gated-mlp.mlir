// RUN: llm-opt %s --llm-fuse-gated-mlp | FileCheck %s
// RUN: llm-opt %s --interpret="function=interleaves rows=3" -o /dev/null > %t.before
// RUN: llm-opt %s --llm-fuse-gated-mlp --interpret="function=interleaves rows=3" -o /dev/null > %t.after
// RUN: diff %t.before %t.after
// RUN: llm-opt %s --interpret="function=odd_rows rows=3" -o /dev/null > %t.before
// RUN: llm-opt %s --llm-fuse-gated-mlp --interpret="function=odd_rows rows=3" -o /dev/null > %t.after
// RUN: diff %t.before %t.after

llm.weight @g : tensor<48x32xf32> from #llm.seed<1, 0.5 : f32>
llm.weight @u : tensor<48x32xf32> from #llm.seed<2, 0.5 : f32>
llm.weight @g40 : tensor<40x32xf32> from #llm.seed<3, 0.5 : f32>
llm.weight @u40 : tensor<40x32xf32> from #llm.seed<4, 0.5 : f32>

// CHECK-LABEL: func.func @interleaves
// CHECK:         %[[GU:.*]] = llm.linear %{{.*}}, [%[[G:.*]], %[[U:.*]]] arrange(interleave16)
// CHECK:         %[[Y:.*]] = llm.gated silu %[[GU]] arrange(interleave16)
// CHECK:         return %[[Y]]
func.func @interleaves(%x: tensor<?x32xf32>) -> tensor<?x48xf32> {
  %g = llm.weight_ref @g : tensor<48x32xf32>
  %u = llm.weight_ref @u : tensor<48x32xf32>
  %a = llm.linear %x, [%g] : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  %b = llm.linear %x, [%u] : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  %s = llm.silu %a : tensor<?x48xf32>
  %y = llm.mul %b, %s : tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}

// 40 rows do not interleave by 16: the unit is fused, the linears stay apart.
// CHECK-LABEL: func.func @odd_rows
// CHECK-COUNT-2: llm.linear
// CHECK:         llm.gated silu %{{.*}}, %{{.*}} :
func.func @odd_rows(%x: tensor<?x32xf32>) -> tensor<?x40xf32> {
  %g = llm.weight_ref @g40 : tensor<40x32xf32>
  %u = llm.weight_ref @u40 : tensor<40x32xf32>
  %a = llm.linear %x, [%g] : (tensor<?x32xf32>, tensor<40x32xf32>) -> tensor<?x40xf32>
  %b = llm.linear %x, [%u] : (tensor<?x32xf32>, tensor<40x32xf32>) -> tensor<?x40xf32>
  %s = llm.silu %a : tensor<?x40xf32>
  %y = llm.mul %s, %b : tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// The activation has a second reader: it must survive.
// CHECK-LABEL: func.func @shared
// CHECK:         llm.silu
// CHECK:         llm.mul
// CHECK-NOT:     llm.gated
func.func @shared(%x: tensor<?x32xf32>) -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  %g = llm.weight_ref @g : tensor<48x32xf32>
  %a = llm.linear %x, [%g] : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
  %s = llm.silu %a : tensor<?x48xf32>
  %y = llm.mul %s, %a : tensor<?x48xf32>
  return %y, %s : tensor<?x48xf32>, tensor<?x48xf32>
}
