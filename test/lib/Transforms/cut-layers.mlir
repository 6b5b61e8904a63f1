// RUN: llm-opt %s --tile-cut-layers=exits=max_prob@1=0.9,similarity@3=0.5 | FileCheck %s
// RUN: llm-opt %s --tile-cut-layers | FileCheck %s --check-prefix=OFF
// The forward in parts, which launch the regions of the model with its weights; probes; and where rows wait.

// OFF-NOT: exit.
module attributes {llm.vocabulary = 100 : i64} {
  tile.buffer @arena bytes 8192
  tile.buffer @ids bytes 32
  tile.buffer @logits bytes 2048
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
  func.func private @embed(%arena: memref<8192xi8>, %ids: memref<8xi32>, %x: memref<8x32xf32>, %table: memref<8x4x2xf32>, %rows: index) attributes {tile.region} { return }
  func.func private @layer(%arena: memref<8192xi8>, %x: memref<8x32xf32>, %k: memref<9x1x16x16xf16>, %p: memref<16xi32>, %rows: index) attributes {tile.region} { return }
  func.func private @widen(%arena: memref<8192xi8>, %rows: index) attributes {tile.region} { return }
  func.func private @head_rows(%arena: memref<8192xi8>, %logits: memref<4x128xf32>, %rows: index, %first: index) attributes {tile.region} { return }
  func.func @forward(%rows: index, %position: index, %runs: index) {
    tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"ids">, #tile.arena<0>, #tile.arena<1024>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 0, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 1, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 2, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 3, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
    return
  }
  func.func @head(%first: index, %rows: index) {
    tile.launch @head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">]) scalars(%rows, %first : index, index)
    return
  }
}
// Eight rows of 32 and of 8 floats.
// CHECK: tile.buffer @exit.look bytes 128
// CHECK: tile.buffer @exit.score bytes 128
// CHECK: tile.buffer @exit.waiting bytes 1280
// CHECK: func.func private @exit.keep.rows(%{{.*}}: memref<8x32xf32>, %{{.*}}: memref<8x32xf32>, %{{.*}}: memref<8x8xf32>, %{{.*}}: memref<8x8xf32>,
// CHECK-COUNT-2: tile.move_rows
// CHECK: func.func @exit.keep(
// CHECK: tile.launch @exit.keep.rows bindings([#tile.arena<0>, #tile.buffer<"exit.waiting">, #tile.arena<1024>, #tile.buffer<"exit.waiting", 1024>])
// CHECK: func.func @exit.resume(
// CHECK: func.func @exit.segment.0({{.*}} attributes {decode.layers = array<i64: 0, 1>}
// CHECK-NEXT: tile.launch @embed
// CHECK-NEXT: tile.launch @layer {{.*}}#tile.state<@kv, 0, 0>
// CHECK-NEXT: tile.launch @widen
// CHECK-NEXT: return
// CHECK: func.func @exit.probe.1(%[[ROW:.*]]: index
// CHECK-NEXT: %[[ONE:.*]] = arith.constant 1
// CHECK-NEXT: tile.launch @head_rows {{.*}} scalars(%[[ONE]], %[[ROW]]
// CHECK-NEXT: tile.launch @exit.summary bindings([#tile.buffer<"logits">, #tile.buffer<"exit.score">])
// CHECK: tile.summarize {{.*}} {vocabulary = 100 : i64}
// What a row was before the last layer that stands before the probe.
// CHECK: func.func private @exit.look.rows
// CHECK: func.func @exit.segment.1({{.*}} attributes {decode.layers = array<i64: 1, 3>}
// CHECK-NEXT: tile.launch @layer {{.*}}#tile.state<@kv, 1, 0>
// CHECK-NEXT: tile.launch @widen
// CHECK-NEXT: tile.launch @exit.look.rows
// CHECK-NEXT: tile.launch @layer {{.*}}#tile.state<@kv, 2, 0>
// CHECK: func.func @exit.probe.2
// CHECK: tile.launch @exit.similarity
// CHECK: tile.similarity
// CHECK: func.func @exit.segment.2({{.*}} attributes {decode.layers = array<i64: 3, 4>}
// CHECK-NEXT: tile.launch @layer {{.*}}#tile.state<@kv, 3, 0>
// CHECK-NEXT: tile.launch @widen
// CHECK-NEXT: return
