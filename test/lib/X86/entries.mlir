// RUN: llm-opt %s --tile-to-llvm=level=x86-64-v3 | FileCheck %s

// Buffers come from sinter_call.buffers, numbers from sinter_call.scalars; a
// float is the low half of its scalar.
// CHECK: llvm.func internal @kernel(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: f32, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr)
// CHECK-NOT: tile.region
// CHECK: llvm.func @kernel_entry(%[[CALL:.*]]: !llvm.ptr, %[[SELF:.*]]: i32)
// CHECK-DAG: llvm.getelementptr %[[CALL]][8]
// CHECK-DAG: llvm.getelementptr %[[CALL]][16]
// CHECK: llvm.trunc
// CHECK: llvm.bitcast %{{.*}} : i32 to f32
// CHECK: llvm.getelementptr %[[CALL]][4]
// CHECK: llvm.zext
// CHECK: llvm.call @kernel(
// CHECK-NOT: llvm.func @host
func.func @kernel(%x: memref<4x32xf32>, %y: memref<4x32xf32>, %n: index, %f: f32)
    attributes {tile.region} {
  memref.store %f, %x[%n, %n] : memref<4x32xf32>
  tile.barrier
  tile.add %x, %x -> %y rows(%n) {cols = 32 : i64}
      : memref<4x32xf32>, memref<4x32xf32> -> memref<4x32xf32>
  return
}
