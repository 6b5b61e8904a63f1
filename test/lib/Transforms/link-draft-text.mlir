// RUN: llm-opt %s --tile-link-draft="text=true" | FileCheck %s
// Neither model leads: both read the ids of their rows from the history, and the text comes before the states that follow it.

module attributes {llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 4096
  tile.buffer @ids bytes 64
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  func.func private @embed(%arena: memref<4096xi8>, %ids: memref<16xi32>, %rows: index) attributes {tile.region} { return }
  func.func @forward(%rows: index, %position: index, %runs: index) {
    tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"ids">]) scalars(%rows : index)
    return
  }
  module @draft attributes {llm.vocabulary = 100 : i64, llm.max_context = 256 : i64, llm.source = "small.gguf"} {
    tile.buffer @arena bytes 1024
    tile.buffer @ids bytes 32
    tile.buffer @logits bytes 512
    tile.state @kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
    func.func @forward(%rows: index, %position: index, %runs: index) { return }
    func.func @head(%first: index, %rows: index) { return }
  }
}
// CHECK: module attributes
// CHECK-NEXT: tile.text @text
// CHECK: tile.state @kv
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: tile.launch @draft.read_target bindings([#tile.buffer<"history">, #tile.buffer<"ids">]) scalars(%arg0, %arg1 : index, index)
// CHECK-NEXT: tile.launch @embed
// CHECK: tile.state @draft.kv
// CHECK-LABEL: func.func @draft.forward
// CHECK-NEXT: tile.launch @draft.read bindings([#tile.buffer<"history">, #tile.buffer<"draft.ids">])
// CHECK-LABEL: func.func private @draft.read_target(%arg0: memref<256xi32>, %arg1: memref<16xi32>, %arg2: index, %arg3: index) attributes {tile.region}
// CHECK-NEXT: tile.read_history
