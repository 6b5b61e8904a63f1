// RUN: llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=copy,recycle" --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=copy" --decode-to-plan | FileCheck %s --check-prefix=ONE
// RUN: llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 speculate=copy,recycle" --decode-to-plan | FileCheck %s --check-prefix=CHAIN
// RUN: not llm-opt %s --decode-build-generation="max-rows=16 logits-rows=4 branches=3 speculate=copy" 2>&1 | FileCheck %s --check-prefix=LEAVES
// RUN: not llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 branches=2 speculate=copy" 2>&1 | FileCheck %s --check-prefix=PLACES
// RUN: sed 's/, %runs: index//' %s | not llm-opt - --decode-build-generation="max-rows=16 logits-rows=4 branches=2 speculate=copy" 2>&1 | FileCheck %s --check-prefix=NORUNS
// Drafts that branch: the host says where rows stand, and rows are kept one by one.

// LEAVES: error: branches: 3 beside the first take 5 rows at least, and a draft has 4
// PLACES: error: branches: 3 paths of 4 rows have no place in a forward of 8
// NORUNS: error: branches: @forward takes no runs, which the paths of a tree are

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 64
  tile.buffer @runs bytes 256
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 4
  tile.buffer @ranked bytes 128
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index, %runs: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
  func.func @rank(%rows: index) { return }
}

// CHECK: plan.drafter @recycle recycle {{.*}} keeps(8)
// CHECK: plan.drafter @merge merge match(0 to 0) most(3) policy(goodput) parts([@copy, @recycle]) branches(2)

// CHECK-LABEL: plan.func @generate(
// CHECK:           %[[COUNT:.*]] = plan.draft @merge
// CHECK-NEXT:      %[[ROWS:.*]] = plan.arith add %[[COUNT]]
// CHECK-NEXT:      %[[AT:.*]], %[[PATHS:.*]] = plan.place_draft @kv, @runs at(0)
// CHECK-NEXT:      plan.call @forward(%[[ROWS]], %[[AT]], %[[PATHS]])
// CHECK-NEXT:      plan.call @head(%{{.*}}, %[[ROWS]])
// CHECK-NEXT:      plan.call @rank(%[[ROWS]])
// CHECK-NEXT:      plan.recycle %[[ROWS]], @ranked
// CHECK:             ^bb0(%[[ROW:.*]]: i64, %{{.*}}: i64):
// CHECK-NEXT:        plan.keep_row @kv, %[[ROW]]
// CHECK-NEXT:        %[[POSITION:.*]] = plan.length @kv
// CHECK-NEXT:        plan.call @sample(%[[ROW]], %[[POSITION]]
// CHECK:             plan.follow %[[ROW]]
// CHECK:           plan.commit @kv

// ONE: plan.drafter @merge merge match(0 to 0) most(3) policy(goodput) parts([@copy]) branches(2)
// ONE-NOT: plan.recycle

// CHAIN: plan.drafter @priority priority
// CHAIN-NOT: plan.place_draft
