// RUN: llm-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @good
func.func @good(%x: memref<8x64xf32>, %one: memref<1x64xf32>, %few: memref<4x64xf32>, %narrow: memref<4x32xf32>, %score: memref<32xf32>, %n: index) {
  // CHECK: tile.similarity %{{.*}}, %{{.*}} -> %{{.*}} row(%{{.*}}) {cols = 40 : i64} : memref<8x64xf32>, memref<1x64xf32> -> memref<32xf32>
  tile.similarity %x, %one -> %score row(%n) {cols = 40 : i64} : memref<8x64xf32>, memref<1x64xf32> -> memref<32xf32>
  // CHECK: tile.logistic %{{.*}} -> %{{.*}} row(%{{.*}}) {bias = -1.000000e+00 : f32, weights = array<f32: 5.000000e-01, {{.*}}>} : memref<4x32xf32> -> memref<32xf32>
  tile.logistic %narrow -> %score row(%n) {weights = array<f32: 0.5, 1.0, 2.0>, bias = -1.0 : f32} : memref<4x32xf32> -> memref<32xf32>
  // CHECK: tile.move_rows %{{.*}} -> %{{.*}} rows(%{{.*}}) from(%{{.*}}) to(%{{.*}}) : memref<8x64xf32> -> memref<4x64xf32>
  tile.move_rows %x -> %few rows(%n) from(%n) to(%n) : memref<8x64xf32> -> memref<4x64xf32>
  return
}

// -----
// A probe of another width.
func.func @narrow(%x: memref<8x64xf32>, %one: memref<1x32xf32>, %score: memref<32xf32>, %n: index) {
  // expected-error @+1 {{y has 32 columns, 64 needed}}
  tile.similarity %x, %one -> %score row(%n) {cols = 64 : i64} : memref<8x64xf32>, memref<1x32xf32> -> memref<32xf32>
  return
}

// -----
func.func @weights(%x: memref<8x64xf32>, %score: memref<32xf32>, %n: index) {
  // expected-error @+1 {{x has a column for each weight}}
  tile.logistic %x -> %score row(%n) {weights = array<f32: 0.5>, bias = 0.0 : f32} : memref<8x64xf32> -> memref<32xf32>
  return
}

// -----
func.func @other(%x: memref<8x64xf32>, %few: memref<4x32xf32>, %n: index) {
  // expected-error @+1 {{which do not have rows of one width}}
  tile.move_rows %x -> %few rows(%n) from(%n) to(%n) : memref<8x64xf32> -> memref<4x32xf32>
  return
}
