// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy,lookup" --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4" | FileCheck %s --check-prefix=PLAIN
// RUN: not llm-opt %s --decode-build-generation="speculate=oracle" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not llm-opt %s --decode-build-generation="speculate=copy,copy" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not llm-opt %s --decode-build-generation="logits-rows=1 speculate=copy" 2>&1 | FileCheck %s --check-prefix=FEW
// The generation program with drafts, and its plan.

// UNKNOWN: error: speculate: no drafter is named 'oracle'; there are copy, lookup, ngram, trigram, recycle, model, self and heads
// TWICE: error: speculate: names 'copy' twice
// FEW: error: speculate: needs two rows of logits
// PLAIN-NOT: decode.draft
// PLAIN-NOT: generate_plain

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

// CHECK: plan.drafter @copy copy match(3 to 16) most(3) policy(goodput)
// CHECK: plan.drafter @lookup lookup match(1 to 3) most(3) policy(goodput)
// CHECK: plan.drafter @priority priority match(0 to 0) most(3) policy(goodput) parts([@copy, @lookup])

// CHECK-LABEL: plan.func @generate(
// The first token comes from the prompt.
// CHECK:         plan.call @head
// CHECK:         plan.call @sample
// CHECK:         plan.emit_token
// CHECK:         plan.while
// CHECK:           plan.store_i32 %{{.*}}, @ids at(0)
// No more ids than tokens are wanted, and than rows of logits there are.
// CHECK:           %[[MOST:.*]] = plan.arith min
// CHECK:           %[[COUNT:.*]] = plan.draft @priority, %[[MOST]]
// CHECK-NEXT:      %[[ROWS:.*]] = plan.arith add %[[COUNT]], %{{.*}}
// CHECK:           plan.reserve @kv, %[[ROWS]]
// CHECK-NEXT:      plan.call @forward(%[[ROWS]]
// CHECK-NEXT:      plan.call @head(%{{.*}}, %[[ROWS]])
// CHECK:           plan.while
// CHECK-NEXT:      ^bb0(%[[ROW:.*]]: i64, %{{.*}}: i64):
// A row is in the state before the token after it is drawn.
// CHECK-NEXT:        plan.keep @kv, %{{.*}}
// CHECK-NEXT:        %[[AT:.*]] = plan.length @kv
// CHECK-NEXT:        plan.call @sample(%[[ROW]], %[[AT]], %seed
// CHECK-NEXT:        %[[TOKEN:.*]] = plan.load_i32 @token at(0)
// CHECK-NEXT:        %[[NEXT:.*]] = plan.follow %[[ROW]], %[[TOKEN]]
// CHECK:             plan.emit_token %[[TOKEN]]
// CHECK:             plan.arith le %{{.*}}, %[[NEXT]]
// CHECK:             plan.condition %{{.*}}, %[[NEXT]], %[[TOKEN]]
// The rows that were not right are forgotten.
// CHECK:           plan.commit @kv, %{{.*}}

// CHECK-LABEL: plan.func @generate_plain(
// CHECK-NOT:     plan.draft
