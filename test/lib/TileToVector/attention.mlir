// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4-vnni | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,NARROW

// A few rows: 4 pages are scored at a time (1 with 16 short registers), a load
// of keys serves the three query heads that share it, and what is read next is
// fetched before it is needed.
// CHECK-LABEL: @grouped
// CHECK:         arith.cmpi ule
// CHECK:         scf.if
// CHECK:         scf.for {{.*}} iter_args
// CHECK:         llvm.intr.prefetch
// WIDE-COUNT-24:  math.fma
// NARROW-COUNT-6: math.fma
// CHECK-NEXT:      scf.yield
// An invisible key is replaced, not multiplied.
// CHECK:         arith.select {{.*}} : vector<16xi1>, vector<16xf32>
// Workers wait for each other only where there is more than one span.
// CHECK:         arith.cmpi ugt
// CHECK:         scf.if
// CHECK:           llvm.call
// CHECK:         arith.divf {{.*}} : vector<16xf32>
// Many rows: 5 queries by 64 keys of a panel, 4 by 16 with short registers.
// CHECK:         memref.view {{.*}} to memref<4x64x64xf32>
// CHECK:         memref.view {{.*}} to memref<256x64xf32>
// CHECK:         vector.load {{.*}} : memref<4x64x64xf32>
// WIDE-COUNT-20:  math.fma
// NARROW-COUNT-4: math.fma
// CHECK-NEXT:      scf.yield
// CHECK-NOT:     vector.reduction
// CHECK:         arith.divf {{.*}} : vector<16xf32>
func.func @grouped(%x: memref<64x320xf32>, %k: memref<64x1x64x16xf16>, %v: memref<64x1x16x64xf16>, %p: memref<64xi32>, %w: memref<65536xi8>, %o: memref<64x192xf32>, %n: index, %at: index) attributes {tile.region} {
  tile.attention %x, %k, %v, %p work(%w) -> %o rows(%n) at(%at)
    {q_col = 0, heads = 3, kv_heads = 1, head_dim = 64, scale = 0.125 : f32}
    : memref<64x320xf32>, memref<64x1x64x16xf16>, memref<64x1x16x64xf16>, memref<64xi32>, memref<65536xi8> -> memref<64x192xf32>
  return
}

// Products of bf16: pairs of dimensions and of positions; without the dot two
// fma in its place.
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4-bf16 | FileCheck %s --check-prefixes=PAIRS,DOT
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4-vnni | FileCheck %s --check-prefixes=PAIRS,NODOT
// PAIRS-LABEL: @pairs
// DOT:          llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// NODOT-NOT:    llvm.call_intrinsic
// PAIRS:        memref.view {{.*}} to memref<4x32x128xbf16>
// PAIRS:        memref.view {{.*}} to memref<128x128xbf16>
func.func @pairs(%x: memref<64x320xf32>, %k: memref<64x1x64x16xbf16>, %v: memref<64x1x16x64xbf16>, %p: memref<64xi32>, %w: memref<65536xi8>, %o: memref<64x192xbf16>, %n: index, %at: index) attributes {tile.region} {
  tile.attention %x, %k, %v, %p work(%w) -> %o rows(%n) at(%at)
    {q_col = 0, heads = 3, kv_heads = 1, head_dim = 64, scale = 0.125 : f32, dots16}
    : memref<64x320xf32>, memref<64x1x64x16xbf16>, memref<64x1x16x64xbf16>, memref<64xi32>, memref<65536xi8> -> memref<64x192xbf16>
  return
}
