// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=2" | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=2" --decode-to-plan | FileCheck %s --check-prefix=PLAN
// A forward that takes runs gets a program for batches of rows.

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 1024
  tile.buffer @token bytes 4
  tile.buffer @runs bytes 128
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index, %runs: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32, %k: index,
                    %p: f32, %m: f32, %penalty: f32, %window: index) { return }
}

// CHECK-LABEL: decode.program @step()
// CHECK:         decode.batch @kv {
// CHECK-NEXT:    ^bb0(%[[ROWS:.*]]: i64, %[[RUNS:.*]]: i64, %[[WANTED:.*]]: i64):
// CHECK-NEXT:      decode.forward @forward rows(%[[ROWS]]) runs(%[[RUNS]])
// CHECK:           scf.for %[[FIRST:.*]] = %{{.*}} to %[[WANTED]]
// CHECK:             decode.head @head first(%[[FIRST]])
// CHECK:             decode.emit_logits
// CHECK:           decode.commit %[[ROWS]]

// One session alone has no runs.
// PLAN-LABEL: plan.func @prefill(
// PLAN:         %[[NONE:.*]] = plan.const 0
// PLAN:         plan.call @forward(%{{.*}}, %{{.*}}, %[[NONE]])
// PLAN-LABEL: plan.func @step()
// PLAN:         %[[ZERO:.*]] = plan.const 0
// PLAN:         %[[ROWS:.*]], %[[RUNS:.*]], %[[WANTED:.*]] = plan.take_rows @runs at(0)
// PLAN-NEXT:    plan.reserve_rows @kv
// PLAN-NEXT:    plan.call @forward(%[[ROWS]], %[[ZERO]], %[[RUNS]])
// PLAN:           plan.arith lt %{{.*}}, %[[WANTED]]
// PLAN:           plan.call @head
// PLAN:           plan.emit_logits
// PLAN:         plan.commit_rows @kv
