// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=ngram,trigram,recycle" --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=ngram,trigram" --decode-to-plan | FileCheck %s --check-prefix=FORGETS
// RUN: sed /@rank/d %s | not llm-opt - --decode-build-generation="max-rows=8 logits-rows=4 speculate=recycle" 2>&1 | FileCheck %s --check-prefix=NORANK
// RUN: sed /@ranked/d %s | not llm-opt - --decode-build-generation="max-rows=8 logits-rows=4 speculate=recycle" --decode-to-plan 2>&1 | FileCheck %s --check-prefix=NOBUFFER
// Drafters with tables, and one that is told what the model ranks best after each row.

// NORANK: error: speculate: recycle needs a function @rank, which llm-to-tile makes
// NOBUFFER: error: decode-to-plan needs a tile.buffer @ranked

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 4
  tile.buffer @ranked bytes 48
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
  func.func @rank(%rows: index) { return }
}

// CHECK: plan.drafter @ngram ngram match(0 to 0) most(3) policy(goodput)
// CHECK: plan.drafter @trigram trigram match(0 to 0) most(3) policy(goodput)
// Three ids of each row, and as many entries for each of the 100 ids.
// CHECK: plan.buffer @recycled bytes(1200)
// CHECK: plan.drafter @recycle recycle match(0 to 0) most(3) policy(goodput) buffer(@recycled) keeps(3)
// CHECK: plan.drafter @priority priority match(0 to 0) most(3) policy(goodput) parts([@ngram, @trigram, @recycle])

// CHECK-LABEL: plan.func @generate(
// CHECK:           %[[COUNT:.*]] = plan.draft @priority
// CHECK-NEXT:      %[[ROWS:.*]] = plan.arith add %[[COUNT]]
// CHECK:           plan.call @head(%{{.*}}, %[[ROWS]])
// Of all rows, before a draw changes their logits.
// CHECK-NEXT:      plan.call @rank(%[[ROWS]])
// CHECK-NEXT:      plan.recycle %[[ROWS]], @ranked
// CHECK-NEXT:      plan.while
// CHECK:             plan.call @sample
// CHECK:             plan.follow
// CHECK:           plan.commit @kv

// CHECK-LABEL: plan.func @generate_plain(
// CHECK-NOT:       plan.recycle

// FORGETS-NOT: plan.recycle
