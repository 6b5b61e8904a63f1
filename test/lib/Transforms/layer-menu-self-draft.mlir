// RUN: llm-opt %s --decode-layer-menu=shares=75 --split-input-file | FileCheck %s
// Layers that draft in the model's own cache have no keys of what a depth left out.

tile.buffer @arena bytes 4096
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv of @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @attend(%arena: memref<4096xi8>, %k: memref<9x1x16x16xf16>, %rows: index) attributes {tile.region} { return }
// CHECK-LABEL: func.func @forward
// CHECK:       decode.keeps @depths layer(1)
func.func @forward(%rows: index, %position: index) {
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 0, 0>]) scalars(%rows : index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 1, 0>]) scalars(%rows : index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 2, 0>]) scalars(%rows : index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 3, 0>]) scalars(%rows : index)
  return
}
// CHECK-LABEL: func.func @draft.forward
// CHECK-NEXT:  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 0, 0>])
// CHECK-NEXT:  %[[K:.*]] = decode.keeps @depths layer(1)
// CHECK-NEXT:  scf.if %[[K]] {
// CHECK-NEXT:    tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 1, 0>])
func.func @draft.forward(%rows: index, %position: index) {
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 0, 0>]) scalars(%rows : index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 1, 0>]) scalars(%rows : index)
  return
}

// -----
// Another model has a cache of its own, and all of its layers.
tile.buffer @arena bytes 4096
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @attend(%arena: memref<4096xi8>, %k: memref<9x1x16x16xf16>, %rows: index) attributes {tile.region} { return }
func.func @forward(%rows: index, %position: index) {
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 1, 0>]) scalars(%rows : index)
  return
}
// CHECK-LABEL: func.func @draft.forward
// CHECK-NEXT:  tile.launch
// CHECK-NEXT:  return
func.func @draft.forward(%rows: index, %position: index) {
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@draft.kv, 1, 0>]) scalars(%rows : index)
  return
}
