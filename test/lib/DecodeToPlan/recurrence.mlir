// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy" --decode-to-plan | FileCheck %s
// Programs are the same for a recurrent state: what is kept of a draft is told
// to the state, and the next forward asks it what to play.

module attributes {llm.name = "tiny", llm.architecture = "recurrent",
                   llm.vocabulary = 32 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 512
  tile.buffer @token bytes 4
  tile.recurrence @kv {layers = 2, state_bytes = 512, input_bytes = 64} : f32
  func.func private @recur(%ids: memref<8xi32>, %s: memref<2x128xf32>, %x: memref<2x8x16xf32>, %pages: memref<1xi32>,
      %rows: index, %half: index, %unplayed: index) attributes {tile.region} { return }
  func.func @forward(%rows: index, %position: index) {
    %half = tile.half @kv
    %unplayed = tile.unplayed @kv
    tile.launch @recur bindings([#tile.buffer<"ids">, #tile.state<@kv, 0, 0>, #tile.state<@kv, 0, 1>, #tile.pages<@kv>]) scalars(%rows, %half, %unplayed : index, index, index)
    tile.launch @recur bindings([#tile.buffer<"ids">, #tile.state<@kv, 1, 0>, #tile.state<@kv, 1, 1>, #tile.pages<@kv>]) scalars(%rows, %half, %unplayed : index, index, index)
    return
  }
  func.func @head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32, %k: index,
                    %p: f32, %m: f32, %penalty: f32, %window: index) { return }
}

// One page for the longest context: two halves of 512 bytes, and of 8 rows of 64.
// CHECK: plan.state @kv recurrent layers(2) page_tokens(256) page_bytes([1024, 1024]) type("f32")
// CHECK-LABEL: plan.func @forward(%rows: i64, %position: i64)
// CHECK-NEXT:    %[[HALF:.*]] = plan.half @kv
// CHECK-NEXT:    %[[UNPLAYED:.*]] = plan.unplayed @kv
// CHECK-NEXT:    plan.dispatch @recur bindings([#plan.buffer<@ids>, #plan.plane<@kv, 0, 0>, #plan.plane<@kv, 0, 1>, #plan.pages<@kv>]) scalars(%rows, %[[HALF]], %[[UNPLAYED]])
// CHECK-NEXT:    plan.dispatch @recur bindings([#plan.buffer<@ids>, #plan.plane<@kv, 1, 0>, #plan.plane<@kv, 1, 1>, #plan.pages<@kv>]) scalars(%rows, %[[HALF]], %[[UNPLAYED]])
// Rows of a draft are kept one by one.
// CHECK-LABEL: plan.func @generate(
// CHECK:         plan.reserve @kv
// CHECK:         plan.call @forward
// CHECK:         plan.draft @copy
// CHECK:         plan.reserve @kv
// CHECK:         plan.call @forward
// CHECK:         plan.keep @kv
