// RUN: llm-opt %s --tile-cut-layers="exits=max_prob@1=0.9,chance@3=0.5" --decode-build-generation="max-rows=8 logits-rows=4 waiting=3 exits=max_prob@1=0.9,chance@3=0.5 exit-stop=0.25" -o %t.mlir
// RUN: FileCheck %s --check-prefix=DECODE --input-file=%t.mlir
// RUN: llm-opt %t.mlir --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --tile-cut-layers="exits=chance@2=0.5" --decode-build-generation="max-rows=8 logits-rows=4 waiting=3 exits=chance@2=0.5 exact-exits" --decode-to-plan | FileCheck %s --check-prefix=EXACT
// RUN: not llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 exits=chance@2=0.5" 2>&1 | FileCheck %s --check-prefix=CUT
// RUN: not llm-opt %s --tile-cut-layers="exits=chance@2=0.5" --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy exits=chance@2=0.5" 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not llm-opt %s --tile-cut-layers="exits=max_prob@2=0.5" --decode-build-generation="max-rows=8 logits-rows=4 waiting=3 exits=max_prob@2=0.5 exit-stop=0.6" 2>&1 | FileCheck %s --check-prefix=STOP
// RUN: not llm-opt %s --tile-cut-layers="exits=max_prob@2=0.5" --decode-build-generation="max-rows=8 logits-rows=4 waiting=3 exact-exits exits=max_prob@2=0.5 exit-stop=0.2" 2>&1 | FileCheck %s --check-prefix=STOPPED
// RUN: not llm-opt %s --tile-cut-layers="exits=chance@2=0.5" --decode-build-generation="max-rows=8 logits-rows=4 waiting=8 exits=chance@2=0.5" 2>&1 | FileCheck %s --check-prefix=WAITING
// Tokens that leave the layers, as the control flow of a plan.

// CUT: error: exits: needs the layers of @kv cut (tile-cut-layers)
// BOTH: error: exits: a program that drafts has none: a draft is computed in all layers
// STOP: error: exits: the text cannot end below 0.6, which is more than a threshold
// STOPPED: error: exits: the text cannot end below 0.2: it would not be that of all layers
// WAITING: error: exits: 8 rows cannot wait, expected 1 to 7

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 8192
  tile.buffer @ids bytes 32
  tile.buffer @runs bytes 128
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 4
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
  func.func private @embed(%arena: memref<8192xi8>, %ids: memref<8xi32>, %x: memref<8x32xf32>, %rows: index) attributes {tile.region} { return }
  func.func private @layer(%arena: memref<8192xi8>, %x: memref<8x32xf32>, %k: memref<9x1x16x16xf16>, %rows: index) attributes {tile.region} { return }
  func.func private @head_rows(%arena: memref<8192xi8>, %logits: memref<4x128xf32>, %rows: index, %first: index) attributes {tile.region} { return }
  func.func @forward(%rows: index, %position: index, %runs: index) {
    tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"ids">, #tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 0, 0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 1, 0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 2, 0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 3, 0>]) scalars(%rows : index)
    return
  }
  func.func @head(%first: index, %rows: index) {
    tile.launch @head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">]) scalars(%rows, %first : index, index)
    return
  }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
}

// DECODE: llm.lossy = {early_exit = "max_prob@1=0.9,chance@3=0.5,stop=0.25"}
// DECODE: decode.exit @exit.1 max_prob after(1) threshold({{.*}}) stop({{.*}}) asks(@exit.probe.1)
// DECODE: decode.exit @exit.2 chance after(3) threshold({{.*}})
// DECODE-LABEL: decode.program @generate(
// DECODE:         decode.loop init(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) {
// DECODE:         ^bb0(%[[TOKEN:.*]]: i64, %[[MADE:.*]]: i64, %[[ONE:.*]]: i64, %[[TWO:.*]]: i64):
// DECODE-NEXT:      decode.feed %[[TOKEN]]
// DECODE-NEXT:      decode.descend @kv of(%[[TOKEN]]) segments([@exit.segment.0, @exit.segment.1, @exit.segment.2]) exits([@exit.1, @exit.2]) head(@head) owed(%[[ONE]], %[[TWO]]) most(3) init(%[[MADE]])
// DECODE-LABEL: decode.program @generate_plain(
// DECODE-NOT:     decode.descend
// DECODE-LABEL: decode.program @measure_exits(
// DECODE:         decode.measure

// CHECK: plan.exit @exit.1 max_prob after(1) threshold({{.*}}) stop(2.500000e-01)
// CHECK: plan.exit @exit.2 chance after(3) threshold(5.000000e-01)
// CHECK-LABEL: plan.func @generate(
// CHECK:         plan.store_i32
// CHECK:         plan.hold
// CHECK-NEXT:    plan.call @exit.segment.0
// CHECK:         plan.call @exit.probe.1
// CHECK-NEXT:    plan.load_i32 @exit.score at(4)
// CHECK-NEXT:    %[[FIRST:.*]] = plan.decide @exit.1
// CHECK:         plan.if %[[FIRST]]
// The probe has made the logits; the row waits behind those before it.
// CHECK-NOT:     plan.call @head
// CHECK:           plan.call @exit.keep
// CHECK:           plan.call @sample
// CHECK:           plan.emit_token
// CHECK:         } else {
// Those that wait here go on with it.
// CHECK:           plan.call @exit.keep
// CHECK:           plan.call @exit.resume
// CHECK:           plan.call @exit.segment.1
// Chance asks nothing, and has no logits.
// CHECK-NEXT:      plan.arith sub
// CHECK-NEXT:      %[[SECOND:.*]] = plan.decide @exit.2
// CHECK:           plan.if %[[SECOND]]
// CHECK-NEXT:        plan.call @head
// CHECK:             plan.call @exit.keep
// CHECK:           } else {
// CHECK:             plan.call @exit.segment.2
// CHECK:             plan.fill @kv
// CHECK-NEXT:        plan.call @head
// CHECK:             plan.emit_token
// CHECK-LABEL: plan.func @measure_exits(
// CHECK:         plan.call @exit.segment.0
// CHECK:         plan.decide @exit.1
// CHECK:         plan.emit_logits
// CHECK:         plan.call @exit.segment.2
// CHECK-NEXT:    plan.call @head
// CHECK-NEXT:    plan.emit_logits

// Held: drawn, not handed out. All layers say what becomes of it.
// EXACT-LABEL: plan.func @generate(
// EXACT:         plan.call @exit.segment.0
// EXACT:         plan.capacity @kv
// EXACT:         plan.decide @exit.1
// EXACT:           plan.call @exit.keep
// EXACT:           plan.call @sample
// EXACT-NOT:       plan.emit_token
// EXACT:         } else {
// EXACT:           plan.call @exit.segment.1
// EXACT:           plan.call @head
// EXACT-NEXT:      plan.while
// EXACT:             plan.fill @kv
// EXACT:             plan.call @sample
// EXACT:             plan.emit_token
// EXACT:             plan.agree
// EXACT:           plan.commit @kv
