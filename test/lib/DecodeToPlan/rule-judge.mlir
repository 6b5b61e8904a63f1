// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy verify-rule=judge policy=static:2" --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy" --decode-to-plan | FileCheck %s --check-prefix=EXACT
// RUN: not llm-opt %s --decode-build-generation="speculate=copy verify-rule=luck" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not llm-opt %s --decode-build-generation="verify-rule=judge" 2>&1 | FileCheck %s --check-prefix=NOBODY
// RUN: not llm-opt %S/speculate.mlir --decode-build-generation="speculate=copy verify-rule=typical" 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not llm-opt %s --decode-build-generation="speculate=copy policy=entropy" 2>&1 | FileCheck %s --check-prefix=NOMODEL
// RUN: not llm-opt %s --decode-build-generation="speculate=copy policy=static:0" 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not llm-opt %s --decode-build-generation="speculate=copy policy=guess" 2>&1 | FileCheck %s --check-prefix=POLICY
// A rule decides with the ids that were drafted after a row, and the plan says what that makes of the text.

// UNKNOWN: error: verify-rule: no rule is named 'luck'; there are exact, reject, typical and judge
// NOBODY: error: verify-rule: judge verifies drafts, and nothing drafts
// MISSING: error: verify-rule: typical needs a function @decide, which llm-to-tile makes
// NOMODEL: error: policy: entropy looks at the rows of a model that drafts, and none does
// NUMBER: error: policy: static:0 does not say how many ids are drafted
// POLICY: error: policy: no policy is named 'guess'; there are static, goodput, ema, entropy, disco and switch

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 64
  tile.buffer @drafted bytes 128
  tile.buffer @summary bytes 128
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @draft.forward(%rows: index, %position: index) { return }
  func.func @draft.head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
  func.func @propose(%row: index, %position: index, %seed: i64, %temperature: f32,
                     %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) attributes {tile.rule = "proposal"} { return }
  func.func @judge(%rows: index) { return }
  func.func private @region(%arena: memref<64xi8>) attributes {tile.region} { return }
  func.func @summarize(%row: index) { return }
  func.func @decide(%row: index, %count: index, %position: index, %seed: i64, %temperature: f32, %k: index, %p: f32,
                    %m: f32, %penalty: f32, %window: index) attributes {tile.rule = "judge:0.5"} { return }
}

// CHECK: plan.drafter @copy copy match(3 to 16) most(2) policy(static)
// CHECK-LABEL: plan.func @generate(
// CHECK:         plan.draft @copy
// CHECK:         plan.call @head(%{{.*}}, %[[ROWS:.*]])
// CHECK-NEXT:    plan.call @judge(%[[ROWS]])
// CHECK:         plan.while
// CHECK-NEXT:    ^bb0(%[[ROW:.*]]: i64, %{{.*}}: i64):
// CHECK:           %[[COUNT:.*]] = plan.children %[[ROW]], @drafted
// CHECK-NEXT:      plan.call @decide(%[[ROW]], %[[COUNT]], %
// What would end the text must be drawn.
// CHECK-NEXT:      %[[JUDGED:.*]] = plan.load_i32 @token at(0)
// CHECK-NEXT:      %[[DRAWN:.*]] = plan.load_i32 @token at(4)
// CHECK-NEXT:      %[[ENDS:.*]] = plan.ends_text %[[JUDGED]]
// CHECK-NEXT:      %[[CHANGE:.*]] = plan.arith sub %[[DRAWN]], %[[JUDGED]]
// CHECK-NEXT:      %[[PART:.*]] = plan.arith mul %[[ENDS]], %[[CHANGE]]
// CHECK-NEXT:      %[[TOKEN:.*]] = plan.arith add %[[JUDGED]], %[[PART]]
// CHECK-NEXT:      plan.follow %[[ROW]], %[[TOKEN]]
// CHECK-LABEL: plan.func @generate_plain(
// CHECK-NOT:     plan.children
// CHECK: module @device attributes {{.*}}llm.lossy = {verify_rule = "judge:0.5"}

// EXACT-NOT: plan.children
// EXACT-NOT: llm.lossy
