// RUN: llm-opt %s --convert-tile-to-vector | FileCheck %s
// RUN: not llm-opt %s --convert-tile-to-vector=level=x86-64-v2 2>&1 | FileCheck %s --check-prefix=LEVEL

// LEVEL: unknown CPU level 'x86-64-v2': levels are x86-64-v4-bf16, x86-64-v4-vnni, x86-64-v3-vnni, x86-64-v4, x86-64-v3

// CHECK-LABEL: func.func @wait(
// CHECK-SAME: %[[WORKER:.*]]: index, %{{.*}}: index, %[[CALL:.*]]: !llvm.ptr)
func.func @wait() attributes {tile.region} {
  // CHECK: %[[P:.*]] = llvm.getelementptr %[[CALL]][24]
  // CHECK: %[[BARRIER:.*]] = llvm.load %[[P]]
  // CHECK: %[[Q:.*]] = llvm.getelementptr %[[CALL]][32]
  // CHECK: %[[CTX:.*]] = llvm.load %[[Q]]
  // CHECK: %[[SELF:.*]] = arith.index_cast %[[WORKER]] : index to i32
  // CHECK: %[[STAGE:.*]] = arith.constant 0 : i32
  // CHECK: llvm.call %[[BARRIER]](%[[CTX]], %[[SELF]], %[[STAGE]])
  tile.barrier
  return
}

// A function that is no region stays as it is.
// CHECK-LABEL: func.func @host()
func.func @host() {
  return
}

// CHECK-LABEL: func.func @quantize
// CHECK: math.absf
// CHECK: arith.maxui
// CHECK: math.roundeven
// CHECK: arith.cmpf ord
// CHECK: arith.fptosi
// CHECK: arith.trunci
func.func @quantize(%x: memref<8x64xf32>, %c: memref<2x2x4x32xi8>, %s: memref<2x2x4xf32>,
    %t: memref<2x2x4xi32>, %u: memref<2x2x4xf32>, %n: index) attributes {tile.region} {
  tile.quantize %x -> %c, %s, %t, %u rows(%n) {zero = 8 : i64}
      : memref<8x64xf32> -> memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>
  return
}
