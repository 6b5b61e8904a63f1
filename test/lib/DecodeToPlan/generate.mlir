// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=2" | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=2" --decode-to-plan | FileCheck %s --check-prefix=PLAN
// The programs of plain decoding.

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 1024
  tile.buffer @token bytes 4
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32, %k: index,
                    %p: f32, %m: f32, %penalty: f32, %window: index) { return }
}

// CHECK-LABEL: decode.program @prefill(%chunk: i64) -> i64 attributes {params = ["chunk"]}
// A chunk has at least one row, and no more than a forward holds.
// CHECK:         %[[MOST:.*]] = arith.constant 8 : i64
// CHECK:         %[[LOW:.*]] = arith.minsi %chunk, %[[MOST]]
// CHECK:         %[[ONE:.*]] = arith.constant 1 : i64
// CHECK:         %[[ROWS:.*]] = arith.maxsi %[[LOW]], %[[ONE]]
// CHECK:         %[[LAST:.*]] = decode.prefill @kv chunk(%[[ROWS]]) {
// CHECK-NEXT:    ^bb0(%[[N:.*]]: i64, %[[AT:.*]]: i64):
// CHECK-NEXT:      decode.forward @forward rows(%[[N]]) at(%[[AT]])
// CHECK-NEXT:      decode.commit %[[N]]
// CHECK:         decode.return %[[LAST]]

// Logits of all rows, two at a time, before the rows are kept.
// CHECK-LABEL: decode.program @score(%chunk: i64)
// CHECK:         decode.prefill
// CHECK:           decode.forward
// CHECK:           scf.for %[[FIRST:.*]] = %{{.*}} to %[[N:.*]] step %[[TWO:.*]] : i64 {
// CHECK-NEXT:        %[[LEFT:.*]] = arith.subi %[[N]], %[[FIRST]]
// CHECK-NEXT:        %[[COUNT:.*]] = arith.minsi %[[LEFT]], %[[TWO]]
// CHECK-NEXT:        decode.head @head first(%[[FIRST]]) rows(%[[COUNT]])
// CHECK-NEXT:        decode.emit_logits %[[COUNT]]
// CHECK-NEXT:      }
// CHECK-NEXT:      decode.commit

// CHECK-LABEL: decode.program @generate(
// CHECK-SAME:    %max_new: i64, %chunk: i64, %seed: i64, %temperature: i64, %top_k: i64, %top_p: i64, %min_p: i64, %penalty: i64, %window: i64) -> i64
// CHECK:         %[[LAST:.*]] = decode.prefill
// CHECK-NOT:     decode.head
// CHECK:         scf.if
// Only the last row of the prompt needs logits.
// CHECK:           %[[ROW:.*]] = arith.subi %[[LAST]], %[[ONE:.*]] : i64
// CHECK-NEXT:      decode.head @head first(%[[ROW]]) rows(%[[ONE]])
// CHECK:           %[[LOOP:.*]]:2 = decode.loop init(%{{.*}}) {
// CHECK-NEXT:      ^bb0(%[[MADE:.*]]: i64):
// CHECK-NEXT:        %[[POSITION:.*]] = decode.length @kv
// CHECK:             %[[TOKEN:.*]] = decode.sample @sample row(%{{.*}}) (%[[POSITION]], %seed, %temperature, %top_k, %top_p, %min_p, %penalty, %window)
// CHECK:             %[[COUNT:.*]] = arith.addi %[[MADE]]
// CHECK-NEXT:        %[[TOLD:.*]] = decode.emit %[[TOKEN]]
// CHECK-NEXT:        %[[ENOUGH:.*]] = arith.cmpi eq, %[[COUNT]], %max_new
// CHECK-NEXT:        %[[ROOM:.*]] = decode.room @kv
// CHECK:             %[[FULL:.*]] = arith.cmpi eq, %[[ROOM]]
// CHECK:             decode.stop %{{.*}}, %[[TOKEN]], %[[COUNT]]
// CHECK-NEXT:      } next {
// CHECK-NEXT:      ^bb0(%[[T:.*]]: i64, %[[C:.*]]: i64):
// CHECK:             decode.feed %[[T]]
// CHECK-NEXT:        decode.step @kv rows
// CHECK:               decode.forward
// CHECK-NEXT:          decode.commit
// CHECK:             decode.head
// CHECK-NEXT:        decode.next %[[C]]
// CHECK:           scf.yield %[[LOOP]]#1

// PLAN: plan.model "tiny" architecture("llama") vocabulary(100) max_context(256) max_rows(8) logits_rows(2)
// PLAN: plan.func @sample(%row: i64, %position: i64, %seed: i64, %temperature: i64, %top_k: i64, %top_p: i64, %min_p: i64, %penalty: i64, %window: i64)
// PLAN: plan.func @prefill(%chunk: i64) -> i64
// PLAN: plan.func @score(%chunk: i64)
// PLAN: plan.func @generate(%max_new: i64,
// The forward takes no runs, so that there are no steps of several sessions.
// PLAN-NOT: @step
