// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=ngram,trigram,recycle" --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=ngram,trigram" --decode-to-plan | FileCheck %s --check-prefix=FORGETS
// Drafters with tables, and one that is told what the model says behind wrong ids.

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 4
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
}

// CHECK: plan.drafter @ngram ngram match(0 to 0) most(3) policy(goodput)
// CHECK: plan.drafter @trigram trigram match(0 to 0) most(3) policy(goodput)
// An entry for each of the 100 ids.
// CHECK: plan.buffer @recycled bytes(400)
// CHECK: plan.drafter @recycle recycle match(0 to 0) most(3) policy(goodput) buffer(@recycled)
// CHECK: plan.drafter @priority priority match(0 to 0) most(3) policy(goodput) parts([@ngram, @trigram, @recycle])

// CHECK-LABEL: plan.func @generate(
// CHECK:           %[[COUNT:.*]] = plan.draft @priority
// CHECK-NEXT:      %[[ROWS:.*]] = plan.arith add %[[COUNT]]
// CHECK-NEXT:      %[[FIRST:.*]] = plan.length @kv
// CHECK-NEXT:      plan.reserve @kv, %[[ROWS]]
// CHECK:           plan.follow
// CHECK:             plan.condition
// CHECK:             plan.yield
// From the first row that was not kept on, to the last one.
// CHECK:           %[[AFTER:.*]] = plan.length @kv
// CHECK-NEXT:      %[[KEPT:.*]] = plan.arith sub %[[AFTER]], %[[FIRST]]
// CHECK-NEXT:      plan.while
// CHECK-SAME:        init(%[[KEPT]])
// CHECK-NEXT:      ^bb0(%[[I:.*]]: i64):
// CHECK-NEXT:        %[[MORE:.*]] = plan.arith lt %[[I]], %[[ROWS]]
// CHECK-NEXT:        plan.condition %[[MORE]], %[[I]]
// CHECK:           ^bb0(%[[ROW:.*]]: i64):
// CHECK-NEXT:        %[[NEXT:.*]] = plan.arith add %[[ROW]], %{{.*}}
// CHECK-NEXT:        %[[AT:.*]] = plan.arith add %[[FIRST]], %[[NEXT]]
// CHECK-NEXT:        plan.call @sample(%[[ROW]], %[[AT]], %seed
// CHECK-NEXT:        %[[TOKEN:.*]] = plan.load_i32 @token at(0)
// CHECK-NEXT:        plan.observe %[[ROW]], %[[TOKEN]]
// CHECK-NEXT:        plan.yield %[[NEXT]]
// CHECK:           plan.commit @kv

// FORGETS-NOT: plan.observe
