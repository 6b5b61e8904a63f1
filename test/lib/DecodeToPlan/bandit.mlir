// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy,model bandit=true" --decode-to-plan | FileCheck %s
// RUN: not llm-opt %s --decode-build-generation="logits-rows=4 speculate=copy,lookup branches=1 bandit=true" 2>&1 | FileCheck %s --check-prefix=TREE
// A bandit says who drafts, and the program asks the model where it is that.

// TREE: error: branches: a bandit takes the draft of one drafter, which is a chain

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 64
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @draft.forward(%rows: index, %position: index) { return }
  func.func @draft.head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
}

// CHECK: plan.drafter @copy copy
// CHECK: plan.drafter @model model
// CHECK: plan.drafter @bandit bandit match(0 to 0) most(3) policy(goodput) parts([@copy, @model])
// CHECK-LABEL: plan.func @generate(
// CHECK:         plan.draft @bandit
// CHECK:         plan.draft @model
// CHECK:         plan.while
// CHECK:         plan.keep @kv
// CHECK:           plan.call @sample(
// CHECK:           plan.follow
