// RUN: llm-opt %s --pass-pipeline="builtin.module(func.func(tile-place-barriers))" | FileCheck %s

// Row stages over the same rows need no barrier; a contraction reads all rows.
// CHECK-LABEL: func.func @rows_then_strips
// CHECK:         tile.rms_norm
// CHECK-NOT:     tile.barrier
// CHECK:         tile.add
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    tile.contract
// CHECK-NOT:     tile.barrier
// CHECK:         return
func.func @rows_then_strips(%x: memref<4x32xf32>, %w: memref<32xf32>, %y: memref<4x32xf32>, %m: memref<4096xi8>,
    %z: memref<4x32xf32>, %n: index) attributes {tile.region} {
  tile.rms_norm %x, %w -> %y rows(%n) {cols = 32, eps = 1.0e-5 : f32}
      : memref<4x32xf32>, memref<32xf32> -> memref<4x32xf32>
  tile.add %y, %x -> %y rows(%n) {cols = 32} : memref<4x32xf32>, memref<4x32xf32> -> memref<4x32xf32>
  tile.contract f32(%y : memref<4x32xf32>) %m : memref<4096xi8> -> %z : memref<4x32xf32> rows(%n)
      {weight = #tile.packed<#encoding.weight<dense, f32>, rows = 32, cols = 32, arrange = stack>}
  return
}

// Two places of the arena that overlap are the same memory, and rows of
// different width are not the same rows.
// CHECK-LABEL: func.func @overlap
// CHECK:         tile.rms_norm
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    tile.rms_norm
func.func @overlap(%arena: memref<4096xi8>, %x: memref<4x32xf32>, %w: memref<32xf32>, %x64: memref<4x64xf32>,
    %w64: memref<64xf32>, %n: index) attributes {tile.region} {
  %c0 = arith.constant 0 : index
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c256][] : memref<4096xi8> to memref<4x32xf32>
  %b = memref.view %arena[%c0][] : memref<4096xi8> to memref<4x64xf32>
  tile.rms_norm %x, %w -> %a rows(%n) {cols = 32, eps = 1.0e-5 : f32}
      : memref<4x32xf32>, memref<32xf32> -> memref<4x32xf32>
  tile.rms_norm %x64, %w64 -> %b rows(%n) {cols = 64, eps = 1.0e-5 : f32}
      : memref<4x64xf32>, memref<64xf32> -> memref<4x64xf32>
  return
}

// Disjoint places do not wait for each other.
// CHECK-LABEL: func.func @disjoint
// CHECK-NOT:     tile.barrier
// CHECK:         return
func.func @disjoint(%arena: memref<4096xi8>, %x: memref<4x32xf32>, %w: memref<32xf32>, %x64: memref<4x64xf32>,
    %w64: memref<64xf32>, %n: index) attributes {tile.region} {
  %c0 = arith.constant 0 : index
  %c512 = arith.constant 512 : index
  %a = memref.view %arena[%c0][] : memref<4096xi8> to memref<4x32xf32>
  %b = memref.view %arena[%c512][] : memref<4096xi8> to memref<4x64xf32>
  tile.rms_norm %x, %w -> %a rows(%n) {cols = 32, eps = 1.0e-5 : f32}
      : memref<4x32xf32>, memref<32xf32> -> memref<4x32xf32>
  tile.rms_norm %x64, %w64 -> %b rows(%n) {cols = 64, eps = 1.0e-5 : f32}
      : memref<4x64xf32>, memref<64xf32> -> memref<4x64xf32>
  return
}

// Few rows: every worker has a copy. Many: the contraction reads what others
// made.
// CHECK-LABEL: func.func @own_copies
// CHECK:         tile.rms_norm
// CHECK-NEXT:    tile.barrier many(%{{.*}})
// CHECK-NEXT:    tile.contract
// CHECK-NEXT:    return
func.func @own_copies(%x: memref<4x32xf32>, %w: memref<32xf32>, %y: memref<256x32xf32>, %m: memref<4096xi8>,
    %z: memref<4x32xf32>, %n: index) attributes {tile.region} {
  tile.rms_norm %x, %w -> %y rows(%n) {cols = 32, eps = 1.0e-5 : f32, split = #tile<split own>}
      : memref<4x32xf32>, memref<32xf32> -> memref<256x32xf32>
  tile.contract f32(%y : memref<256x32xf32>) %m : memref<4096xi8> -> %z : memref<4x32xf32> rows(%n)
      {weight = #tile.packed<#encoding.weight<dense, f32>, rows = 32, cols = 32, arrange = stack>, own}
  return
}

// A reader of the shared rows must not look at copies.
// CHECK-LABEL: func.func @copies_are_no_rows
// CHECK:         tile.rms_norm
// CHECK-NEXT:    tile.barrier{{$}}
// CHECK-NEXT:    tile.contract
func.func @copies_are_no_rows(%x: memref<4x32xf32>, %w: memref<32xf32>, %y: memref<256x32xf32>, %m: memref<4096xi8>,
    %z: memref<4x32xf32>, %n: index) attributes {tile.region} {
  tile.rms_norm %x, %w -> %y rows(%n) {cols = 32, eps = 1.0e-5 : f32, split = #tile<split own>}
      : memref<4x32xf32>, memref<32xf32> -> memref<256x32xf32>
  tile.contract f32(%y : memref<256x32xf32>) %m : memref<4096xi8> -> %z : memref<4x32xf32> rows(%n)
      {weight = #tile.packed<#encoding.weight<dense, f32>, rows = 32, cols = 32, arrange = stack>}
  return
}

// Columns by the same units belong to the same worker; by other units, not.
// CHECK-LABEL: func.func @columns
// CHECK:         tile.contract
// CHECK-NEXT:    tile.barrier many(%{{.*}})
// CHECK-NEXT:    tile.rope
// CHECK-NEXT:    tile.barrier{{$}}
// CHECK-NEXT:    tile.rope
func.func @columns(%x: memref<4x32xf32>, %m: memref<8192xi8>, %z: memref<4x64xf32>, %t: memref<4x32x2xf32>,
    %n: index) attributes {tile.region} {
  tile.contract f32(%x : memref<4x32xf32>) %m : memref<8192xi8> -> %z : memref<4x64xf32> rows(%n)
      {weight = #tile.packed<#encoding.weight<dense, f32>, rows = 64, cols = 32, arrange = stack>}
  tile.rope %z, %t rows(%n) {first_col = 0, heads = 1, head_dim = 64, rot = 64, interleaved,
      columns = #tile.columns<0 to 64 by 32>} : memref<4x64xf32>, memref<4x32x2xf32>
  tile.rope %z, %t rows(%n) {first_col = 0, heads = 1, head_dim = 64, rot = 64,
      columns = #tile.columns<0 to 64 by 64>} : memref<4x64xf32>, memref<4x32x2xf32>
  return
}

// Functions that are no region are left alone.
// CHECK-LABEL: func.func @no_region
// CHECK-NOT:     tile.barrier
func.func @no_region(%x: memref<4x32xf32>, %y: memref<4x32xf32>, %m: memref<4096xi8>, %n: index) {
  tile.add %x, %x -> %y rows(%n) {cols = 32} : memref<4x32xf32>, memref<4x32xf32> -> memref<4x32xf32>
  tile.contract f32(%y : memref<4x32xf32>) %m : memref<4096xi8> -> %x : memref<4x32xf32> rows(%n)
      {weight = #tile.packed<#encoding.weight<dense, f32>, rows = 32, cols = 32, arrange = stack>}
  return
}
