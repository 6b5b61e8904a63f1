// RUN: llm-opt %s --convert-tile-to-vector | FileCheck %s

// f16 saturates before it rounds; keys go to 16 lines, values to one.
// CHECK-LABEL: @half
// CHECK-DAG:     arith.constant dense<6.550400e+04>
// CHECK-DAG:     arith.constant dense<-6.550400e+04>
// CHECK:         arith.truncf {{.*}} : vector<16xf32> to vector<16xf16>
// CHECK-COUNT-16: memref.store {{.*}} : memref<4x2x16x16xf16>
// CHECK:         arith.truncf
// CHECK:         vector.store {{.*}} : memref<4x2x16x16xf16>, vector<16xf16>
func.func @half(%x: memref<8x64xf32>, %k: memref<4x2x16x16xf16>, %v: memref<4x2x16x16xf16>, %p: memref<4xi32>, %n: index, %at: index) attributes {tile.region} {
  tile.kv_append %x, %k, %v, %p rows(%n) at(%at) {k_col = 0, v_col = 32, kv_heads = 2, head_dim = 16}
    : memref<8x64xf32>, memref<4x2x16x16xf16>, memref<4x2x16x16xf16>, memref<4xi32>
  return
}

// f32 is stored as it is.
// CHECK-LABEL: @full
// CHECK-NOT:     arith.truncf
// CHECK-NOT:     arith.cmpf
// CHECK:         return
func.func @full(%x: memref<8x64xf32>, %k: memref<4x2x16x16xf32>, %v: memref<4x2x16x16xf32>, %p: memref<4xi32>, %n: index, %at: index) attributes {tile.region} {
  tile.kv_append %x, %k, %v, %p rows(%n) at(%at) {k_col = 0, v_col = 32, kv_heads = 2, head_dim = 16}
    : memref<8x64xf32>, memref<4x2x16x16xf32>, memref<4x2x16x16xf32>, memref<4xi32>
  return
}

// Codes of a head have one scale, behind those of the page; values are halves
// of f32, rounded by hand: no library is called.
// CHECK-LABEL: @codes
// CHECK:         arith.divf
// CHECK:         math.roundeven
// CHECK:         arith.fptosi
// CHECK-COUNT-16: memref.store {{.*}} : memref<4x2x20x16xi8>
// CHECK:         vector.store {{.*}} : memref<4x2x20x16xi8>, vector<4xi8>
// CHECK-NOT:     arith.truncf
// CHECK:         arith.cmpf uno
// CHECK:         vector.store {{.*}} : memref<4x2x16x16xbf16>, vector<16xbf16>
func.func @codes(%x: memref<8x64xf32>, %k: memref<4x2x20x16xi8>, %v: memref<4x2x16x16xbf16>, %p: memref<4xi32>, %n: index, %at: index) attributes {tile.region} {
  tile.kv_append %x, %k, %v, %p rows(%n) at(%at) {k_col = 0, v_col = 32, kv_heads = 2, head_dim = 16}
    : memref<8x64xf32>, memref<4x2x20x16xi8>, memref<4x2x16x16xbf16>, memref<4xi32>
  return
}
