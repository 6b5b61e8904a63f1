// RUN: llm-opt %s --decode-layer-menu="shares=75,50 from=64" | FileCheck %s
// RUN: llm-opt %s --decode-layer-menu="shares=75 order=2,1" | FileCheck %s --check-prefix=ORDER
// RUN: llm-opt %s --decode-layer-menu="study=true order=0,3" | FileCheck %s --check-prefix=STUDY
// RUN: llm-opt %s --decode-layer-menu | FileCheck %s --check-prefix=NONE
// Four layers of two launches each; the first and the last one stay.

tile.buffer @arena bytes 4096
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
func.func private @embed(%arena: memref<4096xi8>, %rows: index) attributes {tile.region} { return }
func.func private @attend(%arena: memref<4096xi8>, %k: memref<9x1x16x16xf16>, %rows: index) attributes {tile.region} { return }
func.func private @widen(%arena: memref<4096xi8>, %rows: index) attributes {tile.region} { return }

// CHECK: tile.state @kv
// CHECK: tile.buffer @skipped bytes 4
// CHECK: decode.depths @depths of(@kv) percents([100, 75, 50]) skips([array<i64>, array<i64: 1>, array<i64: 1, 2>])
// ORDER: skips([array<i64>, array<i64: 2>])
// STUDY: percents([100, 50]) skips([array<i64>, array<i64: 0, 3>])
// NONE-NOT: decode.{{depths|keeps|choose_depth}}
// CHECK-LABEL: func.func @forward
// CHECK-NEXT:  tile.launch @embed
// CHECK-NEXT:  tile.launch @attend
// CHECK-NEXT:  tile.launch @widen
// CHECK-NEXT:  %[[K1:.*]] = decode.keeps @depths layer(1)
// CHECK-NEXT:  scf.if %[[K1]] {
// CHECK-NEXT:    tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 1, 0>])
// CHECK-NEXT:  }
// CHECK-NEXT:  %[[K2:.*]] = decode.keeps @depths layer(1)
// CHECK-NEXT:  scf.if %[[K2]] {
// CHECK-NEXT:    tile.launch @widen
// CHECK-NEXT:  }
// CHECK:       decode.keeps @depths layer(2)
// CHECK:       decode.keeps @depths layer(2)
// CHECK-NOT:   decode.keeps
// CHECK:       return
// ORDER-COUNT-2: decode.keeps @depths layer(2)
// ORDER-NOT:     decode.keeps
func.func @forward(%rows: index, %position: index) {
  tile.launch @embed bindings([#tile.arena<0>]) scalars(%rows : index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 0, 0>]) scalars(%rows : index)
  tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 1, 0>]) scalars(%rows : index)
  tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 2, 0>]) scalars(%rows : index)
  tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.state<@kv, 3, 0>]) scalars(%rows : index)
  tile.launch @widen bindings([#tile.arena<0>]) scalars(%rows : index)
  return
}

// A prompt of 64 ids gets the first of the two depths, the other one is for those who ask.
// CHECK-LABEL: decode.program @prefill
// CHECK:       %[[N:.*]] = decode.waiting
// CHECK:       %[[LONG:.*]] = arith.cmpi sge, %[[N]], %{{.*}} : i64
// CHECK:       decode.choose_depth @depths prefer(%{{.*}})
// CHECK-NEXT:  decode.prefill
// ORDER-LABEL: decode.program @prefill
// ORDER-NOT:   decode.waiting
// ORDER:       decode.choose_depth
decode.program @prefill(%chunk: i64) -> i64 attributes {params = ["chunk"]} {
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return %last
}
