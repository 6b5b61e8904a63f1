// RUN: llm-opt %s --tile-plan-arena | FileCheck %s

// a dies before b is written, with a barrier between them: they share the place
// behind the fixed part. c lives with b, at least until workers have met, and
// stands after it. The arena's size is written back.
// CHECK: tile.buffer @arena bytes 1600 {tile.fixed_bytes = 64 : i64}
tile.buffer @arena bytes 64 {tile.fixed_bytes = 64 : i64}

// CHECK-LABEL: func.func @region
// CHECK-SAME:    (%[[ARENA:[a-z0-9]+]]: memref<1600xi8>
// CHECK-NOT:     memref.alloc
// CHECK:         %[[AT:.*]] = arith.constant 64 : index
// CHECK-NEXT:    memref.view %[[ARENA]][%[[AT]]][] : memref<1600xi8> to memref<4x32xf32>
// CHECK:         %[[AT_B:.*]] = arith.constant 64 : index
// CHECK-NEXT:    memref.view %[[ARENA]][%[[AT_B]]][] : memref<1600xi8> to memref<4x64xf32>
// CHECK:         %[[AT_C:.*]] = arith.constant 1088 : index
// CHECK-NEXT:    memref.view %[[ARENA]][%[[AT_C]]][] : memref<1600xi8> to memref<4x32xf32>
func.func @region(%arena: memref<64xi8>, %x: memref<4x32xf32>, %w: memref<32xf32>, %w64: memref<64xf32>,
    %y: memref<4x64xf32>, %n: index) attributes {tile.region} {
  %a = memref.alloc() : memref<4x32xf32>
  %b = memref.alloc() : memref<4x64xf32>
  tile.rms_norm %x, %w -> %a rows(%n) {cols = 32, eps = 1.0e-5 : f32}
      : memref<4x32xf32>, memref<32xf32> -> memref<4x32xf32>
  tile.add %a, %a -> %x rows(%n) {cols = 32} : memref<4x32xf32>, memref<4x32xf32> -> memref<4x32xf32>
  tile.barrier
  tile.rms_norm %y, %w64 -> %b rows(%n) {cols = 64, eps = 1.0e-5 : f32}
      : memref<4x64xf32>, memref<64xf32> -> memref<4x64xf32>
  tile.add %b, %y -> %y rows(%n) {cols = 64} : memref<4x64xf32>, memref<4x64xf32> -> memref<4x64xf32>
  tile.barrier many(%n)
  %c = memref.alloc() : memref<4x32xf32>
  tile.rms_norm %x, %w -> %c rows(%n) {cols = 32, eps = 1.0e-5 : f32}
      : memref<4x32xf32>, memref<32xf32> -> memref<4x32xf32>
  tile.add %c, %x -> %x rows(%n) {cols = 32} : memref<4x32xf32>, memref<4x32xf32> -> memref<4x32xf32>
  return
}
