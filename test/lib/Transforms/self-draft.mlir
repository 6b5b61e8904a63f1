// RUN: llm-opt %s --tile-self-draft=layers=2 | FileCheck %s
// RUN: llm-opt %s --tile-self-draft | FileCheck %s --check-prefix=THIRD
// The forward of a draft ends after some layers; weights and regions are those of the model.

module attributes {llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 4096
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16, bf16
  llm.weight @norm : tensor<32xf32> from #llm.splat<1.0 : f32>
  tile.vector @norm.v = [@norm] size 32 arrange stack
  func.func private @embed(%arena: memref<4096xi8>, %ids: memref<8xi32>, %rows: index) attributes {tile.region} { return }
  func.func private @attend(%arena: memref<4096xi8>, %w: memref<32xf32>, %k: memref<9x1x16x16xf16>, %p: memref<16xi32>, %rows: index) attributes {tile.region} { return }
  func.func private @widen(%arena: memref<4096xi8>, %rows: index) attributes {tile.region} { return }
  func.func private @head_rows(%arena: memref<4096xi8>, %logits: memref<4x128xf32>, %rows: index) attributes {tile.region} { return }
  func.func @forward(%rows: index, %position: index, %runs: index) {
    tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"ids">]) scalars(%rows : index)
    tile.launch @attend bindings([#tile.arena<0>, #tile.weight<@norm.v>, #tile.state<@kv, 0, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
    tile.launch @attend bindings([#tile.arena<0>, #tile.weight<@norm.v>, #tile.state<@kv, 1, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
    tile.launch @attend bindings([#tile.arena<0>, #tile.weight<@norm.v>, #tile.state<@kv, 2, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
    tile.launch @attend bindings([#tile.arena<0>, #tile.weight<@norm.v>, #tile.state<@kv, 3, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
    return
  }
  func.func @head(%first: index, %rows: index) {
    tile.launch @head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">]) scalars(%rows : index)
    return
  }
}
// CHECK: tile.buffer @ids bytes 32
// CHECK: tile.buffer @draft.ids bytes 32
// CHECK: tile.buffer @logits bytes 2048
// CHECK: tile.state @kv {{.*}}layers = 4{{.*}} : f16, bf16
// CHECK: tile.state @draft.kv of @kv {{.*}}layers = 2{{.*}} : f16, bf16
// Nothing is there twice.
// CHECK-COUNT-1: tile.vector @
// CHECK-NOT: tile.vector
// The model itself is left as it is.
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"ids">])
// CHECK-COUNT-4: tile.launch @attend
// CHECK-NEXT: tile.launch @widen
// CHECK-NEXT: return
// CHECK-LABEL: func.func @head
// CHECK-LABEL: func.func @draft.forward(%arg0: index, %arg1: index, %arg2: index)
// CHECK-NEXT: tile.launch @draft.read bindings([#tile.buffer<"history">, #tile.buffer<"draft.ids">]) scalars(%arg0, %arg1 : index, index)
// CHECK-NEXT: tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"draft.ids">]) scalars(%arg0 : index)
// CHECK-NEXT: tile.launch @attend bindings([#tile.arena<0>, #tile.weight<@norm.v>, #tile.state<@kv, 0, 0>, #tile.pages<@kv>])
// CHECK-NEXT: tile.launch @widen
// CHECK-NEXT: tile.launch @attend bindings([#tile.arena<0>, #tile.weight<@norm.v>, #tile.state<@kv, 1, 0>, #tile.pages<@kv>])
// CHECK-NEXT: tile.launch @widen
// CHECK-NEXT: return
// CHECK-LABEL: func.func @draft.head
// CHECK-NEXT: tile.launch @head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">])
// CHECK-LABEL: func.func private @draft.read(%arg0: memref<256xi32>, %arg1: memref<8xi32>, %arg2: index, %arg3: index) attributes {tile.region}
// CHECK-NEXT: tile.read_history %arg0 -> %arg1 rows(%arg2) at(%arg3) :
// Of four layers, a third is one.
// THIRD: tile.state @draft.kv of @kv {{.*}}layers = 1
// THIRD-LABEL: func.func @draft.forward
// THIRD-NEXT: tile.launch @draft.read
// THIRD-NEXT: tile.launch @embed
// THIRD-NEXT: tile.launch @attend
// THIRD-NEXT: tile.launch @widen
// THIRD-NEXT: return
