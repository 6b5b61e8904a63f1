// RUN: llm-opt %s --convert-tile-to-vector=level=x86-64-v4-vnni | FileCheck %s

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 96, cols = 64, arrange = stack>

// A strip has 1,280 bytes. Behind the worker's last strip its first one of the
// next contraction follows.
// CHECK-LABEL: func.func @two(
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<3840xi8>, %[[V:[a-z0-9]+]]: memref<3840xi8>,
// CHECK: %[[STRIP:.*]] = arith.constant 1280 : index
// CHECK: %[[END:.*]] = arith.muli %{{.*}}, %[[STRIP]]
// CHECK: %[[BASE:.*]] = memref.extract_aligned_pointer_as_index %[[V]]
// CHECK: %[[ADDRESS:.*]] = arith.addi %[[BASE]], %{{.*}} : index
// CHECK: %[[NEXT:.*]] = arith.index_cast %[[ADDRESS]] : index to i64
// CHECK: %[[OWN:.*]] = arith.cmpi slt, %{{.*}}, %[[END]] : index
// CHECK: %[[LAST:.*]] = arith.index_cast %[[END]] : index to i64
// CHECK: %[[BEHIND:.*]] = arith.subi %[[NEXT]], %[[LAST]] : i64
// CHECK: %[[FROM:.*]] = arith.select %[[OWN]], %{{.*}}, %[[BEHIND]] : i64
// CHECK: %[[AT:.*]] = arith.addi %[[FROM]], %{{.*}} : i64
// CHECK: %[[POINTER:.*]] = llvm.inttoptr %[[AT]]
// CHECK: %[[AHEAD:.*]] = llvm.getelementptr %[[POINTER]][8192]
// CHECK: "llvm.intr.prefetch"(%[[AHEAD]])
func.func @two(%w: memref<3840xi8>, %v: memref<3840xi8>, %c: memref<2x2x4x32xi8>, %s: memref<2x2x4xf32>,
    %t: memref<2x2x4xi32>, %u: memref<2x2x4xf32>, %y: memref<8x96xf32>, %z: memref<8x96xf32>,
    %n: index) attributes {tile.region} {
  tile.contract q8(%c, %s, %t, %u : memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>)
      %w : memref<3840xi8> -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  tile.barrier
  tile.contract q8(%c, %s, %t, %u : memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>)
      %v : memref<3840xi8> -> %z : memref<8x96xf32> rows(%n) {weight = #w}
  return
}

// So do the lines that an append of a few rows will write: two dimensions of
// keys a line, 32 of values. A row of many is no place to look for them.
// CHECK-LABEL: func.func @append(
// CHECK: %[[FEW:.*]] = arith.andi %{{.*}} : i1
// CHECK: scf.if %[[FEW]] {
// CHECK-COUNT-16: memref.prefetch %{{.*}}, write, locality<3>, data : memref<4x1x64x16xf16>
// CHECK: memref.prefetch %{{.*}}, write, locality<3>, data : memref<4x1x16x64xf16>
// CHECK-NOT: memref.prefetch
// CHECK: "llvm.intr.prefetch"
func.func @append(%w: memref<3840xi8>, %c: memref<2x2x4x32xi8>, %s: memref<2x2x4xf32>,
    %t: memref<2x2x4xi32>, %u: memref<2x2x4xf32>, %y: memref<8x96xf32>, %k: memref<4x1x64x16xf16>,
    %v: memref<4x1x16x64xf16>, %p: memref<4xi32>, %n: index, %at: index) attributes {tile.region} {
  tile.contract q8(%c, %s, %t, %u : memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>)
      %w : memref<3840xi8> -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  tile.barrier many(%n)
  tile.kv_append %y, %k, %v, %p rows(%n) at(%at)
    {k_col = 0, v_col = 32, kv_heads = 1, head_dim = 64, k_columns = #tile.columns<0 to 96 by 32>,
     v_columns = #tile.columns<0 to 96 by 32>}
    : memref<8x96xf32>, memref<4x1x64x16xf16>, memref<4x1x16x64xf16>, memref<4xi32>
  return
}

// None follows. Calls of older runtimes have no traits. Where the CPU reads ahead
// by itself, five rows, which are one pass, and four fetch into the second-level
// cache, one and two nothing.
// CHECK-LABEL: func.func @one(
// CHECK-SAME: %[[CALL:[a-z0-9]+]]: !llvm.ptr)
// CHECK: %[[ABIAT:.*]] = llvm.getelementptr %[[CALL]][0]
// CHECK: %[[ABI:.*]] = llvm.load %[[ABIAT]]
// CHECK: %[[THREE:.*]] = arith.constant 3 : i32
// CHECK: %[[HAS:.*]] = arith.cmpi uge, %[[ABI]], %[[THREE]]
// CHECK: %[[TRAITS:.*]] = scf.if %[[HAS]] -> (i32)
// CHECK: llvm.getelementptr %[[CALL]][40]
// CHECK: %[[BIT:.*]] = arith.andi %[[TRAITS]], %{{.*}} : i32
// CHECK: %[[STREAMS:.*]] = arith.cmpi ne, %[[BIT]]
// CHECK: %[[ALONE:.*]] = arith.andi %{{.*}}, %{{.*}} : i1
// CHECK: scf.if %[[ALONE]] {
// CHECK: %[[FIVE:.*]] = arith.cmpi eq
// CHECK-NEXT: scf.if %[[FIVE]] {
// CHECK-NOT: arith.select
// CHECK: scf.if %[[STREAMS]] {
// CHECK-COUNT-10: "llvm.intr.prefetch"(%{{.*}}) <{cache = 1 : i32, hint = 2
// CHECK: %[[OTHERS:.*]] = arith.xori %[[ALONE]]
// CHECK: scf.if %[[OTHERS]] {
// CHECK-NOT: arith.select
// CHECK: scf.if %[[STREAMS]] {
// CHECK-COUNT-10: "llvm.intr.prefetch"(%{{.*}}) <{cache = 1 : i32, hint = 2
// CHECK: %[[NOT:.*]] = arith.xori %[[STREAMS]]
// CHECK-NEXT: scf.if %[[NOT]] {
// CHECK-COUNT-10: "llvm.intr.prefetch"(%{{.*}}) <{cache = 1 : i32, hint = 3
// CHECK: %[[ONE:.*]] = arith.cmpi eq
// CHECK-NEXT: scf.if %[[ONE]] {
// CHECK-NOT: scf.if %[[STREAMS]] {
// CHECK: %[[NOT1:.*]] = arith.xori %[[STREAMS]]
// CHECK-NEXT: scf.if %[[NOT1]] {
// CHECK-COUNT-10: "llvm.intr.prefetch"(%{{.*}}) <{cache = 1 : i32, hint = 3
func.func @one(%w: memref<3840xi8>, %c: memref<2x2x4x32xi8>, %s: memref<2x2x4xf32>,
    %t: memref<2x2x4xi32>, %u: memref<2x2x4xf32>, %y: memref<8x96xf32>, %n: index) attributes {tile.region} {
  tile.contract q8(%c, %s, %t, %u : memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>)
      %w : memref<3840xi8> -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}
