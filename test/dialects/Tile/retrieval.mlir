// RUN: llm-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @good
func.func @good(%x: memref<8x64xf32>, %key: memref<1x64xf32>, %keys: memref<5x64xf32>, %laws: memref<5x3xf32>,
    %near: memref<5xf32>, %best: memref<32xf32>, %choice: memref<32xi32>, %n: index) {
  // CHECK: tile.pool %{{.*}} -> %{{.*}} rows(%{{.*}}) first(%{{.*}}) {cols = 40 : i64} : memref<8x64xf32> -> memref<1x64xf32>
  tile.pool %x -> %key rows(%n) first(%n) {cols = 40 : i64} : memref<8x64xf32> -> memref<1x64xf32>
  // CHECK: tile.cosines %{{.*}}, %{{.*}} -> %{{.*}} {cols = 40 : i64} : memref<1x64xf32>, memref<5x64xf32> -> memref<5xf32>
  tile.cosines %key, %keys -> %near {cols = 40 : i64} : memref<1x64xf32>, memref<5x64xf32> -> memref<5xf32>
  // CHECK: tile.vote %{{.*}}, %{{.*}} -> %{{.*}}, %{{.*}} {keep = 5.000000e-01 : f32, nearest = 2 : i64} : memref<5xf32>, memref<5x3xf32> -> memref<32xf32>, memref<32xi32>
  tile.vote %near, %laws -> %best, %choice {nearest = 2 : i64, keep = 0.5 : f32} : memref<5xf32>, memref<5x3xf32> -> memref<32xf32>, memref<32xi32>
  return
}

// -----
// Rows of another width.
func.func @pool(%x: memref<8x64xf32>, %key: memref<1x32xf32>, %n: index) {
  // expected-error @+1 {{sum has 32 columns, 64 needed}}
  tile.pool %x -> %key rows(%n) first(%n) {cols = 64 : i64} : memref<8x64xf32> -> memref<1x32xf32>
  return
}

// -----
// Keys of another model.
func.func @keys(%key: memref<1x64xf32>, %keys: memref<5x32xf32>, %near: memref<5xf32>) {
  // expected-error @+1 {{keys has 32 columns, 64 needed}}
  tile.cosines %key, %keys -> %near {cols = 64 : i64} : memref<1x64xf32>, memref<5x32xf32> -> memref<5xf32>
  return
}

// -----
func.func @near(%key: memref<1x64xf32>, %keys: memref<5x64xf32>, %near: memref<4xf32>) {
  // expected-error @+1 {{near has 4 elements, 5 expected}}
  tile.cosines %key, %keys -> %near {cols = 64 : i64} : memref<1x64xf32>, memref<5x64xf32> -> memref<4xf32>
  return
}

// -----
func.func @more(%near: memref<5xf32>, %laws: memref<5x3xf32>, %best: memref<32xf32>, %choice: memref<32xi32>) {
  // expected-error @+1 {{takes the nearest 6 of 5 entries}}
  tile.vote %near, %laws -> %best, %choice {nearest = 6 : i64, keep = 1.0 : f32} : memref<5xf32>, memref<5x3xf32> -> memref<32xf32>, memref<32xi32>
  return
}

// -----
func.func @keep(%near: memref<5xf32>, %laws: memref<5x3xf32>, %best: memref<32xf32>, %choice: memref<32xi32>) {
  // expected-error @+1 {{keeps 1.500000e+00 of the largest sum; more than 0, at most 1}}
  tile.vote %near, %laws -> %best, %choice {nearest = 2 : i64, keep = 1.5 : f32} : memref<5xf32>, memref<5x3xf32> -> memref<32xf32>, memref<32xi32>
  return
}
