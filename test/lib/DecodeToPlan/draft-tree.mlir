// RUN: llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=copy,model" | FileCheck %s --check-prefix=DECODE
// RUN: llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=copy,model" --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 speculate=copy,model" --decode-to-plan | FileCheck %s --check-prefix=CHAIN
// RUN: llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=model policy=static:1" | FileCheck %s --check-prefix=SINGLE
// RUN: llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=copy,model model-trees=false" | FileCheck %s --check-prefix=TEXT
// RUN: not llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=model policy=entropy settings=0.2,0.6,0.9" 2>&1 | FileCheck %s --check-prefix=POLICY
// RUN: sed 's/@sample_best/@other/' %s | not llm-opt - --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=model" 2>&1 | FileCheck %s --check-prefix=BEST
// A second model drafts a tree: the host says what it is asked for, and when there is enough.

// POLICY: error: branches: a model drafts trees, and policy entropy says where a chain ends
// BEST: error: branches: a model's tree needs a function @sample_best, which llm-to-tile makes

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 64
  tile.buffer @runs bytes 256
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 4
  tile.buffer @best bytes 32
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index, %runs: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @draft.forward(%rows: index, %position: index) { return }
  func.func @draft.head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
  func.func @sample_best(%row: index, %position: index, %seed: i64, %temperature: f32,
                         %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
  func.func @summarize(%row: index) { return }
}

// DECODE: decode.drafter @merge merge most(3) policy(goodput) parts([@copy]) branches(2)
// DECODE: decode.drafter @model model most(3) policy(goodput) state(@draft.kv) branches(2)
// DECODE-LABEL: decode.program @generate(
// DECODE:           %[[ROWS:.*]] = decode.draft @model most(%{{.*}}) after(@kv) {
// DECODE-NEXT:      ^bb0(%[[AT:.*]]: i64):
// DECODE:             decode.catch_up @draft.kv to(%[[AT]])
// DECODE:             decode.head @draft.head
// DECODE-NEXT:        decode.propose_best @sample_best row(%{{.*}}) (%[[AT]], %seed
// DECODE:         decode.step @kv rows(%{{.*}}) tree
// DECODE:         decode.cut_back @draft.kv to(@kv)

// CHECK: plan.drafter @model model match(0 to 0) most(3) policy(goodput) branches(2)
// CHECK-LABEL: plan.func @generate(
// CHECK:           plan.draft @model
// CHECK-NEXT:      %[[MADE:.*]]:3 = plan.while
// CHECK:             %[[POSITION:.*]], %[[AGREED:.*]], %[[ROWS:.*]] = plan.expand @draft.kv
// CHECK-NEXT:        %[[MORE:.*]] = plan.arith le %{{.*}}, %[[POSITION]]
// CHECK-NEXT:        plan.condition %[[MORE]], %[[POSITION]], %[[AGREED]], %[[ROWS]]
// What the state holds of another path goes.
// CHECK:             ^bb0(%[[TO:.*]]: i64, %[[SAME:.*]]: i64, %{{.*}}: i64):
// CHECK-NEXT:        %[[OWN:.*]] = plan.length @draft.kv
// CHECK-NEXT:        %[[KEPT:.*]] = plan.arith min %[[OWN]], %[[SAME]]
// CHECK-NEXT:        plan.truncate @draft.kv, %[[KEPT]]
// CHECK:             plan.call @draft.forward(
// CHECK:             plan.call @draft.head(
// CHECK-NEXT:        plan.call @sample_best(%{{.*}}, %[[TO]], %seed
// CHECK-NEXT:        plan.propose_best @best
// CHECK:           plan.place_draft @kv
// Of the path that was kept the state may hold less than the first one does.
// CHECK:           plan.commit @kv
// CHECK-NEXT:      %[[OWN:.*]] = plan.length @draft.kv
// CHECK-NEXT:      %[[LENGTH:.*]] = plan.length @kv
// CHECK-NEXT:      %[[SAME:.*]] = plan.agreed
// CHECK-NEXT:      %[[MOST:.*]] = plan.arith min %[[LENGTH]], %[[SAME]]
// CHECK-NEXT:      %[[CUT:.*]] = plan.arith min %[[OWN]], %[[MOST]]
// CHECK-NEXT:      plan.truncate @draft.kv, %[[CUT]]

// CHAIN: plan.propose
// CHAIN-NOT: plan.expand
// CHAIN-NOT: plan.propose_best
// CHAIN-NOT: plan.agreed

// A single id has no branches.
// SINGLE: decode.drafter @model model most(1) policy(static) state(@draft.kv)
// SINGLE-NOT: branches
// SINGLE: decode.propose %
// SINGLE-NOT: decode.propose_best

// The model may draft chains where the text's drafters make trees.
// TEXT: decode.drafter @merge merge most(3) policy(goodput) parts([@copy]) branches(2)
// TEXT: decode.drafter @model model most(3) policy(goodput) state(@draft.kv)
// TEXT-NOT: branches
// TEXT: decode.propose %
// TEXT: decode.step @kv rows(%{{.*}}) tree
