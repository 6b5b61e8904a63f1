// RUN: llm-opt %s --convert-tile-to-vector | FileCheck %s

// silu is x / (1 + e^-x) with our own exponential.
// CHECK-LABEL: @gated
// CHECK-COUNT-9: math.fma
// CHECK:         arith.divf
// CHECK:         arith.mulf
// CHECK-NOT:     math.exp
func.func @gated(%g: memref<8x64xf32>, %y: memref<8x32xf32>, %n: index) attributes {tile.region} {
  tile.gated %g, %g -> %y rows(%n) {cols = 32, gate_col = 0, up_col = 32}
    : memref<8x64xf32>, memref<8x64xf32> -> memref<8x32xf32>
  return
}

// The sum may be written over an operand.
// CHECK-LABEL: @add
// CHECK-SAME:    %[[A:[a-z0-9]+]]: memref<8x32xf32>
// CHECK:         arith.addf
// CHECK-NEXT:    vector.store %{{.*}}, %[[A]]
func.func @add(%a: memref<8x32xf32>, %b: memref<8x32xf32>, %n: index) attributes {tile.region} {
  tile.add %a, %b -> %a rows(%n) {cols = 32} : memref<8x32xf32>, memref<8x32xf32> -> memref<8x32xf32>
  return
}
