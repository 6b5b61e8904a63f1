// One defect a module, one gate each.
// RUN: split-file %s %t
// RUN: llm-opt %t/imported.mlir --split-input-file --verify-imported --verify-diagnostics
// RUN: llm-opt %t/fused.mlir --verify-fused --verify-diagnostics
// RUN: llm-opt %t/outlined.mlir --verify-outlined --verify-diagnostics
// RUN: llm-opt %t/tiled.mlir --split-input-file --verify-tiled --verify-diagnostics
// RUN: llm-opt %t/decoded.mlir --verify-decoded --verify-diagnostics
// RUN: llm-opt %t/planned.mlir --split-input-file --verify-planned --verify-diagnostics

//--- imported.mlir
// expected-error @below {{a model does not say a positive llm.vocabulary}}
module {}

// -----

// expected-error @below {{a model does not say a positive llm.max_context}}
module attributes {llm.vocabulary = 32 : i64, llm.max_context = 0 : i64} {}

// -----

// expected-error @below {{a model has no function @head}}
module attributes {llm.vocabulary = 32 : i64, llm.max_context = 64 : i64} {
  func.func @forward() { return }
}

//--- fused.mlir
func.func @left(%s: tensor<1x?x?xf32>) -> tensor<1x?x?xf32> {
  // expected-error @below {{is left after the fuse phase}}
  %p = llm.softmax %s : tensor<1x?x?xf32>
  return %p : tensor<1x?x?xf32>
}

//--- outlined.mlir
func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // expected-error @below {{is left outside of every layer after the outline phase}}
  %y = llm.add %x, %x : tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

//--- tiled.mlir
func.func @region(%arena: memref<64xi8>, %n: index) attributes {tile.region} {
  // expected-error @below {{does not belong in a region after the tile phase}}
  %a = memref.alloc() : memref<4x32xf32>
  return
}

// -----

func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // expected-error @below {{does not belong in a list of launches}}
  %y = llm.add %x, %x : tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

//--- decoded.mlir
// expected-error @below {{has no decode.program @prefill, which the runtime calls}}
module {}

//--- planned.mlir
// expected-error @below {{is left after the plan phase}}
func.func @left() { return }

// -----

// expected-error @below {{has no region in the module @device}}
plan.kernel @embed bindings([]) scalars([])
