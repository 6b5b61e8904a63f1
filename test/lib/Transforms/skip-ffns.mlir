// RUN: llm-opt %s --decode-skip-ffns="layers=3,2 threshold=0.75 warm-up=9" | FileCheck %s
// RUN: llm-opt %s --decode-skip-ffns="layers=3,2 threshold=0.75 warm-up=9" --decode-to-plan | FileCheck %s --check-prefix=PLAN
// RUN: llm-opt %s --decode-layer-menu="study=true guards=false" --decode-skip-ffns=study | FileCheck %s --check-prefix=STUDY
// RUN: llm-opt %s --decode-layer-menu="study=true guards=false" --decode-skip-ffns=study --decode-to-plan | FileCheck %s --check-prefix=BITS
// RUN: llm-opt %s --decode-skip-ffns | FileCheck %s --check-prefix=OFF
// Five layers: the blocks of layers 2 and 3 may go, those of 1 and 2 say so.

// OFF-NOT: decode.{{ffn|begin_ffns|skipping}}
// CHECK: llm.lossy = {early_exit = "ffn 2,3=0.7500"}
// STUDY-NOT: llm.lossy
module attributes {llm.name = "tiny", llm.architecture = "llama", llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 8192
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 4
  tile.state @kv {layers = 5, kv_heads = 1, head_dim = 16} : f16
  func.func private @embed(%arena: memref<8192xi8>, %ids: memref<8xi32>, %x: memref<8x32xf32>, %rows: index) attributes {tile.region} { return }
  func.func private @layer(%arena: memref<8192xi8>, %x: memref<8x32xf32>, %k: memref<9x1x16x16xf16>, %rows: index) attributes {tile.region} { return }
  func.func private @ffn.layer(%arena: memref<8192xi8>, %x: memref<8x32xf32>, %rows: index) attributes {tile.region} { return }
  func.func private @head_rows(%arena: memref<8192xi8>, %logits: memref<4x128xf32>, %rows: index, %first: index) attributes {tile.region} { return }

  // CHECK: tile.buffer @ffns.words bytes 20
  // CHECK: decode.ffns @ffns layers([2, 3]) threshold(7.500000e-01) warm_up(9) looks(@ffns.look) asks(@ffns.ask)
  // PLAN: plan.ffns layers([2, 3]) threshold(7.500000e-01) warm_up(9) buffer(@ffns.words)
  // STUDY: decode.ffns @ffns layers([1, 2, 3]) threshold(1.000000e+00) warm_up(25) looks(@ffns.look) asks(@ffns.ask) of(@depths)

  // CHECK-LABEL: func.func @forward
  // CHECK-NEXT:  tile.launch @embed
  // CHECK-NEXT:  tile.launch @layer {{.*}}<@kv, 0, 0>
  // CHECK-NEXT:  tile.launch @ffn.layer
  // CHECK-NEXT:  tile.launch @layer {{.*}}<@kv, 1, 0>
  // CHECK-NEXT:  decode.ffn @ffns layer(1) {
  // CHECK-NEXT:    tile.launch @ffn.layer
  // CHECK-NEXT:  }
  // CHECK-NEXT:  tile.launch @layer {{.*}}<@kv, 2, 0>
  // CHECK-NEXT:  decode.ffn @ffns layer(2) {
  // CHECK-NEXT:    tile.launch @ffn.layer
  // CHECK-NEXT:  }
  // CHECK-NEXT:  tile.launch @layer {{.*}}<@kv, 3, 0>
  // CHECK-NEXT:  decode.ffn @ffns layer(3) {
  // CHECK-NEXT:    tile.launch @ffn.layer
  // CHECK-NEXT:  }
  // CHECK-NEXT:  tile.launch @layer {{.*}}<@kv, 4, 0>
  // CHECK-NEXT:  tile.launch @ffn.layer
  // CHECK-NEXT:  return

  // PLAN-LABEL: plan.func @forward
  // PLAN:       plan.dispatch @layer {{.*}}<@kv, 1, 0>
  // The block of layer 1 always runs, and is asked.
  // PLAN-NEXT:  %[[ASKS:.*]] = plan.load_i32 @ffns.words at(0)
  // PLAN-NEXT:  plan.if %[[ASKS]] {
  // PLAN-NEXT:    plan.call @ffns.look
  // PLAN:       plan.dispatch @ffn.layer
  // PLAN-NEXT:  plan.if %[[ASKS]] {
  // PLAN-NEXT:    plan.call @ffns.ask
  // PLAN-NEXT:    %[[SCORE:.*]] = plan.load_i32 @exit.score at(0)
  // PLAN-NEXT:    %[[OVER:.*]] = plan.load_i32 @ffns.words at(8)
  // PLAN-NEXT:    %[[PASSES:.*]] = plan.arith lt %[[OVER]], %[[SCORE]]
  // PLAN-NEXT:    plan.store_i32 %[[PASSES]], @ffns.words at(4)
  // PLAN:       plan.dispatch @layer {{.*}}<@kv, 2, 0>
  // PLAN-NEXT:  %[[GOES:.*]] = plan.load_i32 @ffns.words at(4)
  // PLAN-NEXT:  plan.if %[[GOES]] {
  // PLAN-NEXT:    %[[SKIPPED:.*]] = plan.load_i32 @ffns.words at(16)
  // PLAN-NEXT:    %[[MORE:.*]] = plan.arith add %[[SKIPPED]]
  // PLAN-NEXT:    plan.store_i32 %[[MORE]], @ffns.words at(16)
  // PLAN:       } else {
  // PLAN:         plan.call @ffns.look
  // PLAN:         plan.dispatch @ffn.layer
  // PLAN:         plan.call @ffns.ask
  // That of layer 3 goes as well, and says nothing of the next.
  // PLAN:       plan.dispatch @layer {{.*}}<@kv, 3, 0>
  // PLAN:       } else {
  // PLAN-NOT:     plan.call
  // PLAN:         plan.dispatch @ffn.layer
  // PLAN-NOT:   plan.call
  // PLAN:       plan.dispatch @layer {{.*}}<@kv, 4, 0>
  // PLAN-NEXT:  plan.dispatch @ffn.layer
  // PLAN-NEXT:  plan.return

  // BITS-LABEL: plan.func @forward
  // BITS:       %[[ALL:.*]] = plan.load_i32 @ffns.words at(4)
  // BITS-NEXT:  %[[WORD:.*]] = plan.load_i32 @skipped at(0)
  // BITS-NEXT:  %[[BIT:.*]] = plan.arith and %[[WORD]]
  // BITS-NEXT:  %[[ONE:.*]] = plan.arith mul %[[ALL]], %[[BIT]]
  // BITS-NEXT:  plan.if %[[ONE]] {
  func.func @forward(%rows: index, %position: index) {
    tile.launch @embed bindings([#tile.arena<0>, #tile.buffer<"ids">, #tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 0, 0>]) scalars(%rows : index)
    tile.launch @ffn.layer bindings([#tile.arena<0>, #tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 1, 0>]) scalars(%rows : index)
    tile.launch @ffn.layer bindings([#tile.arena<0>, #tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 2, 0>]) scalars(%rows : index)
    tile.launch @ffn.layer bindings([#tile.arena<0>, #tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 3, 0>]) scalars(%rows : index)
    tile.launch @ffn.layer bindings([#tile.arena<0>, #tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>, #tile.state<@kv, 4, 0>]) scalars(%rows : index)
    tile.launch @ffn.layer bindings([#tile.arena<0>, #tile.arena<0>]) scalars(%rows : index)
    return
  }
  func.func @head(%first: index, %rows: index) {
    tile.launch @head_rows bindings([#tile.arena<0>, #tile.buffer<"logits">]) scalars(%rows, %first : index, index)
    return
  }

  // A prompt computes everything, a token that is decoded is asked. Callers give the threshold.
  // CHECK:       decode.program @generate(%{{.*}}: i64, %[[GIVEN:.*]]: i64) attributes {params = ["chunk", "ffn_threshold"]}
  // CHECK-NEXT:  decode.begin_ffns @ffns threshold(%[[GIVEN]]){{$}}
  // CHECK:       decode.prefill
  // CHECK-NOT:   decode.skipping
  // CHECK:       decode.step
  // CHECK-NEXT:  ^bb0(%[[POSITION:.*]]: i64):
  // CHECK-NEXT:    decode.skipping @ffns at(%[[POSITION]]) {
  // CHECK-NEXT:      decode.forward
  // CHECK-NEXT:    }
  // STUDY-LABEL: decode.program @generate
  // STUDY:       decode.begin_ffns @ffns threshold(%{{.*}}) all
  // PLAN-LABEL: plan.func @generate
  // The counts, the policy's threshold, then that of the caller.
  // PLAN:       plan.store_i32 %{{.*}}, @ffns.words at(8)
  // PLAN-NEXT:  plan.if %[[GIVEN:.*]] {
  // PLAN-NEXT:    plan.store_i32 %[[GIVEN]], @ffns.words at(8)
  // PLAN:       %[[AT:.*]] = plan.length @kv
  // PLAN:       %[[AT:.*]] = plan.length @kv
  // PLAN-NEXT:  plan.reserve
  // PLAN:       %[[WARM:.*]] = plan.arith le %{{.*}}, %[[AT]]
  // PLAN:       %[[POSSIBLE:.*]] = plan.arith lt
  // PLAN-NEXT:  %[[BOTH:.*]] = plan.arith and %[[WARM]], %[[POSSIBLE]]
  // PLAN-NEXT:  plan.store_i32 %[[BOTH]], @ffns.words at(0)
  // PLAN-NEXT:  plan.store_i32 %{{.*}}, @ffns.words at(4)
  // PLAN-NEXT:  plan.call @forward
  // PLAN-NEXT:  plan.store_i32 %{{.*}}, @ffns.words at(0)
  // PLAN-NEXT:  plan.store_i32 %{{.*}}, @ffns.words at(4)
  decode.program @generate(%chunk: i64) attributes {params = ["chunk"]} {
    %one = arith.constant 1 : i64
    %last = decode.prefill @kv chunk(%chunk) {
    ^bb0(%rows: i64, %at: i64):
      decode.forward @forward rows(%rows) at(%at)
      decode.commit %rows
    }
    decode.feed %last
    decode.step @kv rows(%one) {
    ^bb0(%at: i64):
      decode.forward @forward rows(%one) at(%at)
      decode.commit %one
    }
    decode.return
  }

  // CHECK-LABEL: func.func @ffns.look()
  // CHECK-NEXT:  %[[ROWS:.*]] = arith.constant 1 : index
  // CHECK-NEXT:  tile.launch @exit.look.rows bindings([#tile.arena<0>, #tile.buffer<"exit.look">]) scalars(%[[ROWS]] : index)
  // CHECK-LABEL: func.func @ffns.ask()
  // CHECK-NEXT:  %[[ROW:.*]] = arith.constant 0 : index
  // CHECK-NEXT:  tile.launch @exit.similarity bindings([#tile.arena<0>, #tile.buffer<"exit.look">, #tile.buffer<"exit.score">]) scalars(%[[ROW]] : index)
  // CHECK-LABEL: decode.program @replay(%{{.*}}: i64) attributes {params = ["ffn_threshold"]}
  // CHECK:       decode.skipping
  // STUDY-LABEL: decode.program @replay
  // STUDY:       decode.choose_depth
  // STUDY-NEXT:  decode.begin_ffns @ffns threshold(%{{.*}}){{$}}
}
