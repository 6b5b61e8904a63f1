// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4-vnni | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,NARROW

// A load of keys serves the three query heads that share it. With 32 registers
// two neighbouring rows share it as well, and 4 pages are scored at a time.
// Every score is one fma chain.
// CHECK-LABEL: @grouped
// WIDE-DAG:      memref.alloca() {{.*}} : memref<6x256xf32>
// CHECK-DAG:     memref.alloca() {{.*}} : memref<3x256xf32>
// CHECK:         scf.for {{.*}} iter_args
// WIDE-COUNT-24:  math.fma
// NARROW-COUNT-3: math.fma
// CHECK-NEXT:      scf.yield
// An invisible key is replaced, not multiplied.
// CHECK:         arith.select {{.*}} : vector<16xi1>, vector<16xf32>
// CHECK-NOT:     vector.reduction
// CHECK:         arith.divf {{.*}} : vector<16xf32>
func.func @grouped(%x: memref<64x320xf32>, %k: memref<64x1x64x16xf16>, %v: memref<64x1x16x64xf16>, %p: memref<64xi32>, %o: memref<64x192xf32>, %n: index, %at: index) attributes {tile.region} {
  tile.attention %x, %k, %v, %p -> %o rows(%n) at(%at)
    {q_col = 0, heads = 3, kv_heads = 1, head_dim = 64, scale = 0.125 : f32}
    : memref<64x320xf32>, memref<64x1x64x16xf16>, memref<64x1x16x64xf16>, memref<64xi32> -> memref<64x192xf32>
  return
}
