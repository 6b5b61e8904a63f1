// RUN: llm-opt %s --tile-link-draft --split-input-file | FileCheck %s
// A second model becomes part of the module: what both need at different times is shared.

module attributes {llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 4096
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @attention bytes 64 per_position 8
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index, %runs: index) { return }

  module @draft attributes {llm.vocabulary = 100 : i64, llm.max_context = 256 : i64, llm.source = "small.gguf"} {
    tile.buffer @arena bytes 1024
    tile.buffer @ids bytes 32
    tile.buffer @history bytes 0 per_position 4
    tile.buffer @logits bytes 512
    tile.buffer @attention bytes 128 per_position 4
    tile.state @kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
    llm.weight @norm : tensor<32xf32> from #llm.splat<1.0 : f32>
    tile.vector @norm.v = [@norm] size 32 arrange stack
    func.func private @embed(%arena: memref<1024xi8>, %ids: memref<8xi32>, %rows: index) attributes {tile.region} { return }
    func.func private @layer(%arena: memref<1024xi8>, %w: memref<32xf32>, %p: memref<16xi32>, %rows: index) attributes {tile.region} { return }
    func.func private @head_rows(%arena: memref<1024xi8>, %logits: memref<1x128xf32>, %rows: index) attributes {tile.region} { return }
    func.func private @draw(%arena: memref<1024xi8>) attributes {tile.region} { return }
    func.func @forward(%rows: index, %position: index, %runs: index) {
      tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"ids">]) scalars(%rows : index)
      tile.launch @layer bindings([#tile.arena<0>, #tile.weight<@norm.v>, #tile.pages<@kv>]) scalars(%rows : index)
      return
    }
    func.func @head(%first: index, %rows: index) {
      tile.launch @head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">]) scalars(%rows : index)
      return
    }
    func.func @sample(%row: index) {
      tile.launch @draw bindings([#tile.arena<0>])
      return
    }
  }
}
// CHECK: module attributes {{.*}}tile.draft_source = "small.gguf"
// CHECK: tile.buffer @arena bytes 4096
// CHECK: tile.buffer @attention bytes 128 per_position 8
// CHECK: tile.state @kv {{.*}}layers = 2
// CHECK: func.func @forward
// CHECK-NOT: module
// CHECK: tile.buffer @draft.ids bytes 32
// CHECK-NOT: tile.buffer
// CHECK: tile.state @draft.kv {{.*}}layers = 1
// CHECK: llm.weight @draft.norm
// CHECK: tile.vector @draft.norm.v = [@draft.norm]
// CHECK-NOT: @draft.draw
// CHECK-LABEL: func.func @draft.forward
// The ids of its rows are those of the text.
// CHECK-NEXT: tile.launch @draft.read bindings([#tile.buffer<"history">, #tile.buffer<"draft.ids">]) scalars(%arg0, %arg1 : index, index)
// CHECK-NEXT: tile.launch @draft.embed bindings([#tile.arena<0>, #tile.buffer<"draft.ids">])
// CHECK-NEXT: tile.launch @draft.layer bindings([#tile.arena<0>, #tile.weight<@draft.norm.v>, #tile.pages<@draft.kv>])
// CHECK-LABEL: func.func @draft.head
// Its logits are where the target's are drawn from.
// CHECK-NEXT: tile.launch @draft.head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">])
// CHECK-NOT: @draft.sample
// CHECK-LABEL: func.func private @draft.read(%arg0: memref<256xi32>, %arg1: memref<8xi32>, %arg2: index, %arg3: index) attributes {tile.region}
// CHECK-NEXT: tile.read_history %arg0 -> %arg1 rows(%arg2) at(%arg3) :

// -----
// Another vocabulary: ids are mapped, and logits back.
module attributes {llm.vocabulary = 40 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 64
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 1024
  module @draft attributes {llm.vocabulary = 3 : i64, llm.max_context = 256 : i64} {
    tile.buffer @ids bytes 32
    tile.buffer @logits bytes 128
    tile.tokens @tokens in 3 = [2, -1, 0, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1]
    func.func private @head_rows(%logits: memref<1x32xf32>, %rows: index) attributes {tile.region} { return }
    func.func @forward(%rows: index, %position: index) { return }
    func.func @head(%first: index, %rows: index) {
      tile.launch @head_rows bindings([#tile.buffer<"logits">]) scalars(%rows : index)
      return
    }
  }
}
// CHECK: tile.buffer @draft.logits bytes 128
// CHECK: tile.tokens @draft.tokens in 3 = [2, -1, 0, 1,
// CHECK-LABEL: func.func @draft.forward
// CHECK-NEXT: tile.launch @draft.read bindings([#tile.buffer<"history">, #tile.buffer<"draft.ids">, #tile.weight<@draft.tokens>])
// CHECK-LABEL: func.func @draft.head
// CHECK-NEXT: tile.launch @draft.head_rows bindings([#tile.buffer<"draft.logits">])
// CHECK-NEXT: tile.launch @draft.map bindings([#tile.buffer<"draft.logits">, #tile.weight<@draft.tokens>, #tile.buffer<"logits">])
// CHECK: tile.read_history %{{.*}} -> %{{.*}} rows(%{{.*}}) at(%{{.*}}) tokens(%{{.*}} : memref<64xi32>)
// CHECK: tile.map_logits %{{.*}}, %{{.*}} -> %{{.*}} : memref<1x32xf32>, memref<64xi32> -> memref<1x64xf32>

// -----
// One model alone is left as it is.
// CHECK: module {
// CHECK-NEXT: tile.buffer @arena bytes 64
// CHECK-NEXT: }
module {
  tile.buffer @arena bytes 64
}
