// RUN: llm-opt %s --decode-layer-menu=shares=75 --decode-retrieve-depth=store=empty | FileCheck %s
// RUN: llm-opt %s --decode-layer-menu=shares=75 --decode-retrieve-depth | FileCheck %s --check-prefix=NONE
// RUN: not llm-opt %s --decode-retrieve-depth=store=empty 2>&1 | FileCheck %s --check-prefix=FLAT
// RUN: not llm-opt %s --decode-layer-menu=shares=75 --decode-retrieve-depth=store=/nowhere.safetensors 2>&1 | FileCheck %s --check-prefix=FILE
// A store of no texts: keys are made, and every text gets the whole model.
// FLAT: error: has no depths to look up; was decode-layer-menu run?
// FILE: error: /nowhere.safetensors: No such file

tile.buffer @arena bytes 4096
tile.buffer @ids bytes 32
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
func.func private @embed(%ids: memref<8xi32>, %x: memref<8x64xf32>, %rows: index, %at: index) attributes {tile.region} { return }
func.func private @layer(%x: memref<8x64xf32>, %k: memref<9x1x16x16xf16>, %rows: index) attributes {tile.region} { return }

// NONE-NOT: retriev
// CHECK: tile.buffer @retrieval.key bytes 256
// CHECK: tile.buffer @retrieval.choice bytes 256
// CHECK: decode.retrieval @retrieval of(@depths) entries(0) nearest(0) similar(5.000000e-01) keep(1.000000e+00) pools(@retrieval.pool)
func.func @forward(%rows: index, %at: index, %runs: index) {
  tile.launch @embed bindings([#tile.buffer<"ids">, #tile.arena<1024>]) scalars(%rows, %at : index, index)
  tile.launch @layer bindings([#tile.arena<1024>, #tile.state<@kv, 0, 0>]) scalars(%rows : index)
  tile.launch @layer bindings([#tile.arena<1024>, #tile.state<@kv, 1, 0>]) scalars(%rows : index)
  tile.launch @layer bindings([#tile.arena<1024>, #tile.state<@kv, 2, 0>]) scalars(%rows : index)
  tile.launch @layer bindings([#tile.arena<1024>, #tile.state<@kv, 3, 0>]) scalars(%rows : index)
  return
}

// CHECK-LABEL: decode.program @one
// CHECK: %[[MOST:.*]] = arith.constant 8 : i64
// CHECK: %[[NUMBER:.*]] = decode.retrieve @retrieval over(@kv) rows(%[[MOST]])
// CHECK: decode.choose_depth @depths prefer(%[[NUMBER]])
decode.program @one(%chunk: i64) attributes {params = ["chunk"]} {
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  decode.return
}

// Rows of several sessions have no one text.
// CHECK-LABEL: decode.program @many
// CHECK-NOT: decode.retrieve
// CHECK: decode.choose_depth
// CHECK-NOT: decode.retrieve @
decode.program @many() attributes {params = []} {
  decode.batch @kv {
  ^bb0(%rows: i64, %runs: i64, %wanted: i64):
    decode.forward @forward rows(%rows) runs(%runs)
    decode.commit %rows
  }
  decode.return
}

// CHECK-LABEL: func.func private @retrieval.pool.rows
// CHECK: tile.pool %{{.*}} -> %{{.*}} rows(%{{.*}}) first(%{{.*}}) {cols = 64 : i64} : memref<8x64xf32> -> memref<1x64xf32>
// CHECK-LABEL: func.func @retrieval.pool
// CHECK-SAME: (%[[ROWS:.*]]: index {tile.name = "rows"}, %[[FIRST:.*]]: index {tile.name = "first"})
// CHECK: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: tile.launch @embed bindings([#tile.buffer<"ids">, #tile.arena<1024>]) scalars(%[[ROWS]], %[[ZERO]] : index, index)
// CHECK: tile.launch @retrieval.pool.rows bindings([#tile.arena<1024>, #tile.buffer<"retrieval.key">]) scalars(%[[ROWS]], %[[FIRST]] : index, index)
