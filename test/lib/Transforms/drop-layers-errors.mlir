// RUN: not llm-opt %s --llm-drop-layers=layers=2 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not llm-opt %s --llm-drop-layers=layers=-1 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not llm-opt %s --llm-drop-layers=layers=1,1 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not llm-opt %s --llm-drop-layers=layers=1,0 2>&1 | FileCheck %s --check-prefix=ALL
// RANGE: error: layer 2 cannot be dropped: the model has layers 0 to 1
// NEGATIVE: error: layer -1 cannot be dropped: the model has layers 0 to 1
// TWICE: error: layer 1 is named twice
// ALL: error: all 2 layers are dropped

!kv = !llm.kv_cache<2 layers, 1 heads, 32, f32>
func.func private @layer_0(%x: tensor<?x32xf32>, %positions: tensor<?xi32>, %kv: !kv, %number: index) -> (tensor<?x32xf32>, !kv) {
  return %x, %kv : tensor<?x32xf32>, !kv
}
func.func @forward(%x: tensor<?x32xf32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x32xf32>, !kv) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x1, %kv1 = call @layer_0(%x, %positions, %kv, %c0) : (tensor<?x32xf32>, tensor<?xi32>, !kv, index) -> (tensor<?x32xf32>, !kv)
  %x2, %kv2 = call @layer_0(%x1, %positions, %kv1, %c1) : (tensor<?x32xf32>, tensor<?xi32>, !kv, index) -> (tensor<?x32xf32>, !kv)
  return %x2, %kv2 : tensor<?x32xf32>, !kv
}
