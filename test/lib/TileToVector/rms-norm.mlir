// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v3 | FileCheck %s
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4-vnni | FileCheck %s

// The sum runs in 16 lanes and one tree of halves on every level; the last
// columns are read under a mask, and the pad columns are written as zeros.
// CHECK-LABEL: @norm
// CHECK-SAME:    %[[X:.*]]: memref<8x64xf32>, %[[W:.*]]: memref<64xf32>, %[[Y:.*]]: memref<8x64xf32>
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             vector.load %[[X]]
// CHECK:             math.fma {{.*}} : vector<16xf32>
// CHECK:           vector.maskedload %[[X]]
// CHECK:           vector.shuffle {{.*}} [0, 1, 2, 3, 4, 5, 6, 7]
// CHECK:           vector.shuffle {{.*}} [8, 9, 10, 11, 12, 13, 14, 15]
// CHECK:           vector.shuffle {{.*}} [0, 1, 2, 3]
// CHECK:           vector.shuffle {{.*}} [0, 1]
// CHECK:           vector.shuffle {{.*}} [0]
// CHECK:           math.sqrt
// CHECK:           scf.for
// CHECK:             vector.store {{.*}}, %[[Y]]
// CHECK:           arith.select {{.*}} : vector<16xi1>, vector<16xf32>
// CHECK:           vector.store {{.*}}, %[[Y]]
// CHECK:           vector.store {{.*}}, %[[Y]]
// CHECK-NOT:     tile.
func.func @norm(%x: memref<8x64xf32>, %w: memref<64xf32>, %y: memref<8x64xf32>, %n: index) attributes {tile.region} {
  tile.rms_norm %x, %w -> %y rows(%n) {cols = 40, eps = 1.0e-5 : f32}
    : memref<8x64xf32>, memref<64xf32> -> memref<8x64xf32>
  return
}
