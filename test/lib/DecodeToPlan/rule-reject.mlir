// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy,model verify-rule=reject policy=entropy settings=0.2,0.6,0.9" --decode-to-plan | FileCheck %s
// Rule reject of what a model drafts: the model draws with noise of its own, and what verifies knows whether it was the model. A
// policy may end the draft after any id.

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
                    %m: f32, %penalty: f32, %window: index, %dense: index) attributes {tile.rule = "reject"} { return }
}

// Drafters of the text have no rows to look at.
// CHECK: plan.drafter @copy copy match(3 to 16) most(3) policy(goodput)
// CHECK: plan.drafter @model model match(0 to 0) most(3) policy(entropy) settings([2.000000e-01, 6.000000e-01, 9.000000e-01])
// CHECK-LABEL: plan.func @generate(
// CHECK:         plan.draft @copy
// CHECK:         %[[DRAFT:.*]]:2 = plan.if
// CHECK:           %[[COUNT:.*]] = plan.draft @model
// CHECK:           plan.while init(%{{.*}}, %[[COUNT]])
// CHECK:             plan.call @draft.head
// CHECK-NEXT:        plan.call @summarize
// CHECK-NEXT:        %[[E:.*]] = plan.load_i32 @summary at(0)
// CHECK-NEXT:        %[[A:.*]] = plan.load_i32 @summary at(4)
// CHECK-NEXT:        %[[B:.*]] = plan.load_i32 @summary at(8)
// CHECK-NEXT:        plan.call @propose(
// CHECK-NEXT:        %[[ID:.*]] = plan.load_i32 @token at(0)
// CHECK-NEXT:        plan.propose_while %{{.*}}, %[[ID]] given(%[[E]], %[[A]], %[[B]])
// CHECK:         plan.children
// CHECK-NEXT:    plan.call @decide({{.*}}, %[[DRAFT]]#1)
// CHECK: module @device attributes {{.*}}llm.distribution = {verify_rule = "reject"}
