// RUN: llm-opt %s --decode-to-plan | FileCheck %s
// Programs become functions over numbers; launch lists become dispatches.

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 4096
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 1024
  tile.buffer @token bytes 4
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  tile.vector @blk.0.norm = [@norm.weight] size 33 arrange stack
  tile.vector @bias = [@bias.weight] size 40 arrange stack

  func.func @layer(%arena: memref<4096xi8> {tile.name = "arena"},
                   %w: memref<64xf32>, %k: memref<16x1x16x16xf16>,
                   %pages: memref<16xi32>, %rows: index {tile.name = "n"},
                   %at: index) attributes {tile.region} {
    return
  }
  func.func @forward(%rows: index, %position: index) {
    tile.launch @layer bindings([#tile.arena<64>, #tile.weight<@blk.0.norm>,
      #tile.state<@kv, 0, 1>, #tile.pages<@kv>]) scalars(%rows, %position : index, index)
    tile.launch @layer bindings([#tile.buffer<"token">, #tile.weight<@bias>,
      #tile.state<@kv, 1, 0>, #tile.pages<@kv>]) scalars(%rows, %position : index, index)
    return
  }
  func.func @head(%first: index, %rows: index) { return }
  func.func @sample(%position: index, %seed: i64, %temperature: f32) { return }

// CHECK:      plan.model "tiny" architecture("llama") vocabulary(100) max_context(256) max_rows(8) logits_rows(2) input(@ids) history(@history)
// CHECK-NEXT: plan.section @weights weights bytes(512)
// CHECK-NEXT: plan.buffer @arena bytes(4096)
// CHECK:      plan.buffer @history bytes(0) per_position(4)
// CHECK:      plan.state @kv layers(2) page_tokens(16) page_bytes([512, 512]) type("f16")
// CHECK-NEXT: plan.weight @blk.0.norm in(@weights) at(0) bytes(256) shape(1, 33) encoding("f32") sources(["norm.weight"])
// CHECK-NEXT: plan.weight @bias in(@weights) at(256) bytes(256) shape(1, 40)
// CHECK-NEXT: plan.kernel @layer bindings(["arena", "blk.*.norm", "kv.values", "kv.pages"]) scalars(["n", "position"])

// CHECK-LABEL: plan.func @forward(
// CHECK-SAME:      %[[ROWS:rows]]: i64, %[[AT:position]]: i64) attributes {params = ["rows", "position"]}
// CHECK-NEXT:    plan.dispatch @layer bindings([#plan.buffer<@arena, 64>, #plan.weight<@blk.0.norm>, #plan.plane<@kv, 0, 1>, #plan.pages<@kv>]) scalars(%[[ROWS]], %[[AT]])
// CHECK-NEXT:    plan.dispatch @layer bindings([#plan.buffer<@token>, #plan.weight<@bias>, #plan.plane<@kv, 1, 0>, #plan.pages<@kv>])
// CHECK-NEXT:    plan.return
// CHECK:      plan.func @head(%first: i64, %rows: i64)
// CHECK:      plan.func @sample(%position: i64, %seed: i64, %arg2: i64)

  // All logits leave before the rows are committed.
  decode.program @score(%chunk: i64) attributes {params = ["chunk"]} {
    %zero = arith.constant 0 : i64
    %two = arith.constant 2 : i64
    %last = decode.prefill @kv chunk(%chunk) {
    ^bb0(%rows: i64, %position: i64):
      decode.forward @forward rows(%rows) at(%position)
      scf.for %first = %zero to %rows step %two : i64 {
        decode.head @head first(%first) rows(%two)
        decode.emit_logits %two
      }
      decode.commit %rows
    }
    decode.return
  }
// CHECK-LABEL: plan.func @score(
// CHECK-SAME:      %[[CHUNK:[a-z0-9]+]]: i64)
// CHECK-DAG:     %[[ZERO:.*]] = plan.const 0
// CHECK-DAG:     %[[TWO:.*]] = plan.const 2
// CHECK:         plan.while init(%[[ZERO]]) {
// CHECK:           %[[TAKEN:.*]] = plan.take_input %[[CHUNK]], @ids at(0)
// CHECK:           plan.condition %[[TAKEN]], %[[TAKEN]],
// CHECK:         } do {
// CHECK-NEXT:    ^bb0(%[[N:[a-z0-9]+]]: i64, %{{.*}}: i64):
// CHECK-NEXT:      %[[POSITION:.*]] = plan.length @kv
// CHECK-NEXT:      plan.reserve @kv, %[[N]]
// CHECK-NEXT:      plan.call @forward(%[[N]], %[[POSITION]])
// CHECK-NEXT:      plan.while init(%[[ZERO]]) {
// CHECK-NEXT:      ^bb0(%[[I:[a-z0-9]+]]: i64):
// CHECK-NEXT:        %[[MORE:.*]] = plan.arith lt %[[I]], %[[N]]
// CHECK-NEXT:        plan.condition %[[MORE]], %[[I]]
// CHECK-NEXT:      } do {
// CHECK-NEXT:      ^bb0(%[[J:[a-z0-9]+]]: i64):
// CHECK-NEXT:        plan.call @head(%[[J]], %[[TWO]])
// CHECK-NEXT:        plan.emit_logits %[[TWO]], @logits at(0)
// CHECK-NEXT:        %[[NEXT:.*]] = plan.arith add %[[J]], %[[TWO]]
// CHECK-NEXT:        plan.yield %[[NEXT]]
// CHECK:           plan.commit @kv, %[[N]]
// CHECK-NEXT:      plan.yield %[[N]]

  decode.program @generate(%chunk: i64, %seed: i64) -> i64
      attributes {params = ["chunk", "seed"]} {
    %zero = arith.constant 0 : i64
    %one = arith.constant 1 : i64
    %hot = arith.constant 1.0 : f32
    %last = decode.prefill @kv chunk(%chunk) {
    ^bb0(%rows: i64, %position: i64):
      decode.forward @forward rows(%rows) at(%position)
      decode.commit %rows
    }
    %row = arith.subi %last, %one : i64
    decode.head @head first(%row) rows(%one)
    %token, %made = decode.loop init(%zero) {
    ^bb0(%n: i64):
      %position = decode.length @kv
      %drawn = decode.sample @sample(%position, %seed, %zero)
      %more = arith.addi %n, %one : i64
      %told = decode.emit %drawn
      %room = decode.room @kv
      %full = arith.cmpi sge, %zero, %room : i64
      %stop = arith.ori %told, %full : i1
      decode.stop %stop, %drawn, %more
    } next {
    ^bb0(%drawn: i64, %n: i64):
      decode.feed %drawn
      decode.step @kv rows(%one) {
      ^bb0(%position: i64):
        decode.forward @forward rows(%one) at(%position)
        decode.commit %one
      }
      decode.head @head first(%zero) rows(%one)
      decode.next %n
    } -> i64, i64
    decode.return %made
  }
// CHECK-LABEL: plan.func @generate(
// CHECK-SAME:      %[[CHUNK:[a-z0-9]+]]: i64, %[[SEED:[a-z0-9]+]]: i64) -> i64
// 1.0 travels as the bits of an f32.
// CHECK-DAG:     plan.const 1065353216
// CHECK-DAG:     %[[ZERO:.*]] = plan.const 0
// CHECK-DAG:     %[[ONE:.*]] = plan.const 1{{$}}
// CHECK:         %[[LAST:.*]]:2 = plan.while
// CHECK:         %[[ROW:.*]] = plan.arith sub %[[LAST]]#1, %[[ONE]]
// CHECK-NEXT:    plan.call @head(%[[ROW]], %[[ONE]])
// CHECK-NEXT:    %[[LOOP:.*]]:2 = plan.while init(%[[ZERO]]) {
// CHECK-NEXT:    ^bb0(%[[N:[a-z0-9]+]]: i64):
// CHECK-NEXT:      %[[P:.*]] = plan.length @kv
// CHECK-NEXT:      plan.call @sample(%[[P]], %[[SEED]], %[[ZERO]])
// CHECK-NEXT:      %[[T:.*]] = plan.load_i32 @token at(0)
// CHECK-NEXT:      %[[M:.*]] = plan.arith add %[[N]], %[[ONE]]
// CHECK-NEXT:      %[[TOLD:.*]] = plan.emit_token %[[T]]
// CHECK-NEXT:      %[[CAP:.*]] = plan.capacity @kv
// CHECK-NEXT:      %[[LEN:.*]] = plan.length @kv
// CHECK-NEXT:      %[[ROOM:.*]] = plan.arith sub %[[CAP]], %[[LEN]]
// CHECK-NEXT:      %[[FULL:.*]] = plan.arith le %[[ROOM]], %[[ZERO]]
// CHECK-NEXT:      %[[STOP:.*]] = plan.arith or %[[TOLD]], %[[FULL]]
// CHECK-NEXT:      %[[GO:.*]] = plan.arith eq %[[STOP]], %[[ZERO]]
// CHECK-NEXT:      plan.condition %[[GO]], %[[T]], %[[M]]
// CHECK-NEXT:    } do {
// CHECK-NEXT:    ^bb0(%[[T2:[a-z0-9]+]]: i64, %[[M2:[a-z0-9]+]]: i64):
// CHECK-NEXT:      plan.store_i32 %[[T2]], @ids at(0)
// CHECK-NEXT:      %[[Q:.*]] = plan.length @kv
// CHECK-NEXT:      plan.reserve @kv, %[[ONE]]
// CHECK-NEXT:      plan.call @forward(%[[ONE]], %[[Q]])
// CHECK-NEXT:      plan.commit @kv, %[[ONE]]
// CHECK-NEXT:      plan.call @head(%[[ZERO]], %[[ONE]])
// CHECK-NEXT:      plan.yield %[[M2]]
// CHECK:         plan.return %[[LOOP]]#1

// What code and weights are made from travels along.
// CHECK-LABEL: module @device attributes {llm.architecture = "llama"
// CHECK-NEXT:    tile.vector @blk.0.norm
// CHECK-NEXT:    tile.vector @bias
// CHECK-NEXT:    func.func @layer(
// CHECK-NOT:     @forward
}
