// RUN: llm-opt %s | llm-opt | FileCheck %s
// RUN: llm-opt %s --decode-to-plan | FileCheck %s --check-prefix=PLAN
// Depths that are looked up.

module attributes {llm.name = "m", llm.architecture = "llama", llm.vocabulary = 64 : i64, llm.max_context = 128 : i64} {
tile.buffer @ids bytes 32
tile.buffer @history bytes 0 per_position 4
tile.buffer @logits bytes 1024
tile.buffer @token bytes 64
tile.buffer @skipped bytes 4
tile.buffer @retrieval.key bytes 128
tile.buffer @retrieval.choice bytes 256
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
llm.weight @keys : tensor<96xf32> from #llm.splat<1.0 : f32>
llm.weight @laws : tensor<6xf32> from #llm.splat<1.0 : f32>
// PLAN: plan.section @retrieval weights bytes(512)
// PLAN: plan.weight @retrieval.keys in(@retrieval) at(0) bytes(384)
tile.vector @retrieval.keys = [@keys] size 96 arrange stack
// PLAN: plan.weight @retrieval.laws in(@retrieval) at(384) bytes(128)
tile.vector @retrieval.laws = [@laws] size 6 arrange stack
decode.depths @depths of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 2>])
func.func @pool(%rows: index, %first: index) { return }
func.func @vote() { return }
// CHECK: decode.retrieval @store of(@depths) entries(3) nearest(2) similar(5.000000e-01) keep(1.000000e+00) pools(@pool) votes(@vote)
// PLAN: plan.retrieval width(32) entries(3) nearest(2) similar(5.000000e-01) keep(1.000000e+00) key(@retrieval.key) choice(@retrieval.choice) keys(@retrieval.keys) laws(@retrieval.laws)
decode.retrieval @store of(@depths) entries(3) nearest(2) similar(0.5) keep(1.0) pools(@pool) votes(@vote)
func.func @forward(%rows: index, %at: index) { return }

// CHECK-LABEL: decode.program @p
// PLAN-LABEL: plan.func @p
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  // CHECK: %[[NUMBER:.*]] = decode.retrieve @store over(@kv) rows(%{{.*}})
  // CHECK-NEXT: decode.choose_depth @depths prefer(%[[NUMBER]])
  // PLAN-DAG: %[[ZERO:.*]] = plan.const 0
  // PLAN-DAG: %[[HALF:.*]] = plan.const 1056964608
  // PLAN: plan.store_i32 %[[ZERO]], @retrieval.choice at(0)
  // PLAN: plan.store_i32 %[[ZERO]], @retrieval.choice at(128)
  // PLAN: %[[LENGTH:.*]] = plan.length @kv
  // PLAN: %[[EMPTY:.*]] = plan.arith eq %[[LENGTH]], %[[ZERO]]
  // PLAN: plan.if %[[EMPTY]] {
  // PLAN:   plan.while
  // PLAN:     plan.peek_input %{{.*}}, %{{.*}}, @ids
  // PLAN:     plan.call @pool(%{{.*}}, %{{.*}})
  // PLAN:   plan.call @vote()
  // PLAN: %[[NEAREST:.*]] = plan.load_i32 @retrieval.choice at(0)
  // PLAN: %[[NEAR:.*]] = plan.arith le %[[HALF]], %[[NEAREST]]
  // PLAN: %[[DEPTH:.*]] = plan.load_i32 @retrieval.choice at(128)
  // PLAN: %[[CHOSEN:.*]] = plan.arith mul %[[NEAR]], %[[DEPTH]]
  // PLAN: plan.choose_depth %[[CHOSEN]], @skipped
  %number = decode.retrieve @store over(@kv) rows(%chunk)
  decode.choose_depth @depths prefer(%number)
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  decode.return
}
}
