// RUN: llm-opt %s --expand-math --split-input-file | FileCheck %s

// An exponential is a reduction by ln 2 and a polynomial of degree 6: no call.
// CHECK-LABEL: @exp
// CHECK-NOT:     math.exp
// CHECK-COUNT-9: math.fma
// CHECK-NOT:     math.fma
// CHECK:         return
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// -----

// Angles are reduced in f64.
// CHECK-LABEL: @cos
// CHECK:         arith.extf %{{.*}} : f32 to f64
// CHECK-NOT:     math.cos
func.func @cos(%x: f32) -> f32 {
  %y = math.cos %x : f32
  return %y : f32
}

// -----

// f64 has no sequence: it stays, and verify-machine refuses it.
// CHECK-LABEL: @wide
// CHECK:         math.exp %{{.*}} : f64
func.func @wide(%x: f64) -> f64 {
  %y = math.exp %x : f64
  return %y : f64
}
