// RUN: llm-opt %s --tile-link-draft=vocabulary=32 --split-input-file | FileCheck %s
// RUN: not llm-opt %s --tile-link-draft=vocabulary=40 2>&1 | FileCheck %s --check-prefix=ODD
// RUN: not llm-opt %s --tile-link-draft=vocabulary=128 2>&1 | FileCheck %s --check-prefix=ALL
// The head of a draft reads the beginning of its matrix; no token beyond has a logit.

// ODD: error: vocabulary=40 is no multiple of 32
// ALL: error: @draft.head knows 100 tokens; it cannot be asked about the first 128 alone
#f32 = #tile.packed<#encoding.weight<dense, f32>, rows = 100, cols = 32, arrange = stack>
module attributes {llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 8192
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index, %runs: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  module @draft attributes {llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
    tile.buffer @ids bytes 32
    tile.buffer @logits bytes 512
    llm.weight @output : tensor<100x32xf32> from #llm.splat<1.0 : f32>
    tile.packed @w = [@output] : <#encoding.weight<dense, f32>, rows = 100, cols = 32, arrange = stack>
    func.func private @head_rows(%x: memref<8x32xf32>, %logits: memref<1x128xf32>, %w: memref<16384xi8>, %rows: index, %first: index) attributes {tile.region} {
      tile.contract f32(%x : memref<8x32xf32>) %w : memref<16384xi8> -> %logits : memref<1x128xf32> rows(%rows) {weight = #f32}
      return
    }
    func.func @forward(%rows: index, %position: index, %runs: index) { return }
    func.func @head(%first: index, %rows: index) {
      tile.launch @head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">, #tile.weight<@w>]) scalars(%rows, %first : index, index)
      return
    }
  }
}
// CHECK: tile.buffer @draft.logits bytes 512
// CHECK-NOT: @draft.head_rows
// CHECK-LABEL: func.func @draft.head(
// CHECK-NEXT: tile.launch @draft.head.rows bindings([#tile.arena<0>, #tile.buffer<"draft.logits">, #tile.weight<@draft.w>])
// CHECK-NEXT: tile.launch @draft.map bindings([#tile.buffer<"draft.logits">, #tile.weight<@draft.known>, #tile.buffer<"logits">])
// CHECK: func.func private @draft.head.rows({{.*}}: memref<1x32xf32>, %{{.*}}: memref<4096xi8>
// CHECK-NEXT: tile.contract {{.*}} rows = 32, cols = 32
// CHECK: tile.tokens @draft.known in 32 = [0, 1, 2, {{.*}} 30, 31, -1, -1
// CHECK: tile.map_logits %{{.*}}, %{{.*}} -> %{{.*}} : memref<1x32xf32>, memref<128xi32> -> memref<1x128xf32>
