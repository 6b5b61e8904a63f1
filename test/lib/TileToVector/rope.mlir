// RUN: llm-opt %s --convert-tile-to-vector | FileCheck %s

// The angle is a rounded product of f32; its sine and cosine are found in f64.
// CHECK-LABEL: @table
// CHECK:         arith.sitofp %{{.*}} : i64 to f32
// CHECK:         arith.mulf {{.*}} : vector<16xf32>
// CHECK:         arith.extf {{.*}} : vector<16xf32> to vector<16xf64>
// CHECK:         vector.shuffle {{.*}} [0, 16, 1, 17,
func.func @table(%f: memref<32xf32>, %t: memref<8x16x2xf32>, %n: index, %at: index) attributes {tile.region} {
  tile.rope_table %f -> %t rows(%n) at(%at) : memref<32xf32> -> memref<8x16x2xf32>
  return
}

// Neighbours are separated and joined again.
// CHECK-LABEL: @pairs
// CHECK-SAME:    %[[X:.*]]: memref<8x64xf32>
// CHECK:         vector.load %[[X]]{{.*}} vector<32xf32>
// CHECK:         vector.shuffle {{.*}} [0, 2, 4,
// CHECK:         vector.shuffle {{.*}} [1, 3, 5,
// CHECK:         vector.shuffle {{.*}} [0, 16, 1, 17,
// CHECK:         vector.store {{.*}} %[[X]]{{.*}} vector<32xf32>
func.func @pairs(%x: memref<8x64xf32>, %t: memref<8x16x2xf32>, %n: index) attributes {tile.region} {
  tile.rope %x, %t rows(%n) {first_col = 0, heads = 2, head_dim = 32, rot = 32, interleaved}
    : memref<8x64xf32>, memref<8x16x2xf32>
  return
}

// Halves of 10: only 10 lanes are touched.
// CHECK-LABEL: @halves
// CHECK-SAME:    %[[X:.*]]: memref<8x64xf32>
// CHECK-COUNT-2: vector.maskedload %[[X]]
// CHECK-COUNT-2: vector.maskedstore %[[X]]
// CHECK-NOT:     vector.store
func.func @halves(%x: memref<8x64xf32>, %t: memref<8x10x2xf32>, %n: index) attributes {tile.region} {
  tile.rope %x, %t rows(%n) {first_col = 0, heads = 3, head_dim = 20, rot = 20}
    : memref<8x64xf32>, memref<8x10x2xf32>
  return
}
