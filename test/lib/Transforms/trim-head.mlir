// RUN: llm-opt %s --tile-cut-layers=exits=max_prob:64@1=0.9,entropy:64@2,margin:32@3 | FileCheck %s
// RUN: not llm-opt %s --tile-cut-layers=exits=max_prob:128@1 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: not llm-opt %s --tile-cut-layers=exits=linear@1 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not llm-opt %s '--tile-cut-layers=exits=linear@1 probes=none.safetensors' 2>&1 | FileCheck %s --check-prefix=NONE
// The head of the first tokens is a copy of the head's region on the beginning of its matrix, once for each number of tokens.

// ALL: error: @exit.head.128 knows 100 tokens; it cannot be asked about the first 128 alone
// FILE: error: exits: the probe 'linear' after layer 1 needs a file of probes
// NONE: error: exits: none.safetensors
module attributes {llm.vocabulary = 100 : i64} {
  tile.buffer @arena bytes 8192
  tile.buffer @ids bytes 32
  tile.buffer @logits bytes 2048
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
  func.func private @embed(%arena: memref<8192xi8>, %ids: memref<8xi32>, %x: memref<8x32xf32>, %table: memref<8x4x2xf32>, %rows: index) attributes {tile.region} { return }
  func.func private @layer(%arena: memref<8192xi8>, %x: memref<8x32xf32>, %k: memref<9x1x16x16xf16>, %p: memref<16xi32>, %rows: index) attributes {tile.region} { return }
  func.func private @head_rows(%x: memref<8x32xf32>, %logits: memref<4x128xf32>, %w: memref<16384xi8>, %rows: index, %first: index) attributes {tile.region} {
    tile.contract f32(%x : memref<8x32xf32>) %w : memref<16384xi8> -> %logits : memref<4x128xf32> rows(%rows) {weight = #tile.packed<#encoding.weight<dense, f32>, rows = 100, cols = 32, arrange = stack>}
    return
  }
  tile.packed @w = [@output] : <#encoding.weight<dense, f32>, rows = 100, cols = 32, arrange = stack>
  func.func @forward(%rows: index, %position: index, %runs: index) {
    tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"ids">, #tile.arena<0>, #tile.arena<1024>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 0, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 1, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 2, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 3, 0>, #tile.pages<@kv>]) scalars(%rows : index)
    return
  }
  func.func @head(%first: index, %rows: index) {
    tile.launch @head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">, #tile.weight<@w>]) scalars(%rows, %first : index, index)
    return
  }
}
// CHECK: tile.buffer @exit.logits bytes 256
// CHECK: func.func @exit.probe.1(%[[ROW:.*]]: index
// CHECK-NEXT: %[[ONE:.*]] = arith.constant 1
// CHECK-NEXT: tile.launch @exit.head.64.rows bindings([#tile.arena<0>, #tile.buffer<"exit.logits">, #tile.weight<@w>]) scalars(%[[ONE]], %[[ROW]]
// CHECK-NEXT: tile.launch @exit.summary.64 bindings([#tile.buffer<"exit.logits">, #tile.buffer<"exit.score">])
// CHECK: func.func private @exit.head.64.rows(%{{.*}}: memref<8x32xf32>, %{{.*}}: memref<1x64xf32>, %{{.*}}: memref<8192xi8>
// CHECK-NEXT: tile.contract {{.*}} -> %{{.*}} : memref<1x64xf32> {{.*}}rows = 64, cols = 32
// CHECK: tile.summarize {{.*}} {vocabulary = 64 : i64} : memref<1x64xf32>
// CHECK-NOT: exit.head.64.rows(
// CHECK: func.func @exit.probe.2
// CHECK-NOT: func.func private @exit.head.64.rows
// CHECK: func.func private @exit.head.32.rows({{.*}}memref<1x32xf32>, %{{.*}}: memref<4096xi8>
