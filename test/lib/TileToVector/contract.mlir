// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4-vnni --cse | FileCheck %s --check-prefixes=CHECK,V4
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4 --cse | FileCheck %s --check-prefixes=CHECK,BW
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v3-vnni --cse | FileCheck %s --check-prefixes=CHECK,V3,VNNI
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4-bf16 --cse | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v3 --cse | FileCheck %s --check-prefixes=CHECK,V3,AVX2

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 96, cols = 64, arrange = stack>

// The worker's strips of three, inside of a chunk of rows; passes of four rows,
// then a copy for what is left.
// CHECK-LABEL: func.func @dot(
// CHECK-SAME: %[[N:[a-z0-9]+]]: index, %[[WORKER:[a-z0-9]+]]: index, %[[WORKERS:[a-z0-9]+]]: index, %{{.*}}: !llvm.ptr
// CHECK: %[[STRIPS:.*]] = arith.constant 3 : index
// CHECK: arith.muli %[[STRIPS]], %[[WORKER]]
// CHECK: arith.divui %{{.*}}, %[[WORKERS]]
// CHECK: scf.for
// CHECK: scf.for

// Two halves of a strip for each of four rows, of 16 or 8 lanes.
// V4: scf.for %{{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// V4: llvm.intr.prefetch
// V4-COUNT-64: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// V4: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// V4: arith.mulf
// V4: math.fma
// V4: math.fma
// V4: scf.yield

// V3: scf.for %{{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// AVX2-COUNT-64: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// AVX2-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// VNNI-COUNT-64: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// V3: math.fma
// V3: scf.yield

// BW: scf.for %{{.*}} -> (vector<16xf32>
// BW-COUNT-64: llvm.call_intrinsic "llvm.x86.avx512.pmaddubs.w.512"
// BW-COUNT-8: llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
// BW: scf.yield
// CHECK-NOT: tile.contract
func.func @dot(%c: memref<2x2x4x32xi8>, %s: memref<2x2x4xf32>, %t: memref<2x2x4xi32>,
    %u: memref<2x2x4xf32>, %w: memref<3840xi8>, %y: memref<8x96xf32>,
    %n: index) attributes {tile.region} {
  tile.contract q8(%c, %s, %t, %u : memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>)
      %w : memref<3840xi8> -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}

// f32 activations: the code, times the scale, plus the minimum, each rounded;
// then one fma; more than 8 rows go over panels of 256 columns.
// CHECK-LABEL: func.func @fma(
// CHECK: arith.sitofp
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK: math.fma
func.func @fma(%x: memref<8x64xf32>, %w: memref<3840xi8>, %y: memref<8x96xf32>,
    %n: index) attributes {tile.region} {
  tile.contract f32(%x : memref<8x64xf32>) %w : memref<3840xi8> -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}

// bf16 activations: weights are rounded in pairs of columns, and every row
// takes the dot of the pair; without that instruction two fma, the odd column
// first. Products of f32 know nothing of it.
// CHECK-LABEL: func.func @bf16(
// BF16: arith.truncf {{.*}} : vector<16xf32> to vector<16xbf16>
// BF16: vector.interleave
// BF16: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%{{.*}}) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
// BW-NOT: arith.truncf
// BW-NOT: llvm.call_intrinsic
// BW: math.fma
// V3-NOT: arith.truncf
// V3: math.fma
func.func @bf16(%x: memref<8x64xbf16>, %w: memref<3840xi8>, %y: memref<8x96xf32>,
    %n: index) attributes {tile.region} {
  tile.contract bf16(%x : memref<8x64xbf16>) %w : memref<3840xi8> -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}

// CHECK-LABEL: func.func @after(
// CHECK-NOT: bf16
func.func @after(%x: memref<8x64xf32>, %w: memref<3840xi8>, %y: memref<8x96xf32>,
    %n: index) attributes {tile.region} {
  tile.contract f32(%x : memref<8x64xf32>) %w : memref<3840xi8> -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}
