// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy,lookup,model" | FileCheck %s --check-prefix=DECODE
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy,lookup,model" --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=model,copy" | FileCheck %s --check-prefix=FIRST
// RUN: not llm-opt %S/speculate.mlir --decode-build-generation="speculate=model" 2>&1 | FileCheck %s --check-prefix=NONE
// A second model drafts: the program asks it itself.

// NONE: error: speculate: needs a second model in the module (or tile-self-draft), whose @draft.forward is not there

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 4
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
  tile.tokens @draft.tokens in 3 = [2, -1, 0, 1]
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @draft.forward(%rows: index, %position: index, %runs: index) { return }
  func.func @draft.head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
}

// DECODE: decode.drafter @copy copy match(3 to 16) most(3) policy(goodput)
// DECODE: decode.drafter @lookup lookup match(1 to 3) most(3) policy(goodput)
// DECODE: decode.drafter @priority priority most(3) policy(goodput) parts([@copy, @lookup])
// DECODE: decode.drafter @model model most(3) policy(goodput) state(@draft.kv)
// DECODE-LABEL: decode.program @generate(
// DECODE:         %[[TEXT:.*]] = decode.draft @priority most(%[[MOST:.*]])
// DECODE:         %[[FOUND:.*]] = arith.cmpi sgt, %[[TEXT]]
// DECODE-NEXT:    %[[ROWS:.*]] = scf.if %[[FOUND]]
// DECODE-NEXT:      scf.yield %[[TEXT]]
// DECODE:           %[[MODEL:.*]] = decode.draft @model most(%[[MOST]]) after(@kv) {
// DECODE-NEXT:      ^bb0(%[[AT:.*]]: i64):
// DECODE:             decode.catch_up @draft.kv to(%[[AT]])
// DECODE:             decode.head @draft.head
// The same noise as that of the model it drafts for: the same seed and position.
// DECODE-NEXT:        %[[TOKEN:.*]] = decode.sample @sample row(%{{.*}}) (%[[AT]], %seed
// DECODE-NEXT:        decode.propose %[[TOKEN]]
// DECODE:           scf.yield %[[MODEL]]
// DECODE:         decode.step @kv rows(%[[ROWS]])
// DECODE:         decode.cut_back @draft.kv to(@kv)
// DECODE-NEXT:    decode.stop

// FIRST-LABEL: decode.program @generate(
// FIRST:         decode.draft @model
// FIRST:         decode.draft @copy

// CHECK: plan.section @draft weights bytes(128)
// CHECK: plan.weight @draft.tokens in(@draft) at(0) bytes(128) shape(1, 4) encoding("i32") sources([])
// CHECK: plan.drafter @model model match(0 to 0) most(3) policy(goodput)

// CHECK-LABEL: plan.func @generate(
// CHECK:           plan.draft @priority
// CHECK:           plan.if
// CHECK:           } else {
// CHECK:             %[[COUNT:.*]] = plan.draft @model, %{{.*}}
// CHECK:             %[[LENGTH:.*]] = plan.length @kv
// CHECK-NEXT:        plan.while
// CHECK-SAME:          init(%{{.*}}, %[[COUNT]])
// CHECK-NEXT:        ^bb0(%[[DONE:.*]]: i64, %[[WANTED:.*]]: i64):
// CHECK-NEXT:          %[[MORE:.*]] = plan.arith lt %[[DONE]], %[[WANTED]]
// CHECK-NEXT:          plan.condition %[[MORE]], %[[DONE]], %[[WANTED]]
// CHECK:               %[[ROW:.*]] = plan.arith add %{{.*}}, %{{.*}}
// CHECK-NEXT:          %[[TO:.*]] = plan.arith add %[[LENGTH]], %[[ROW]]
// What the draft lacks of the text, the last ids drafted included.
// CHECK-NEXT:          %[[LAST:.*]]:3 = plan.while
// CHECK:                 %[[OWN:.*]] = plan.length @draft.kv
// CHECK-NEXT:            plan.arith sub %[[TO]], %[[OWN]]
// CHECK:                 plan.reserve @draft.kv, %[[N:.*]]
// CHECK-NEXT:            plan.call @draft.forward(%[[N]], %{{.*}}, %{{.*}})
// CHECK-NEXT:            plan.commit @draft.kv, %[[N]]
// CHECK:               plan.call @draft.head(
// CHECK-NEXT:          plan.call @sample(%{{.*}}, %[[TO]], %seed
// CHECK-NEXT:          %[[TOKEN:.*]] = plan.load_i32 @token at(0)
// CHECK-NEXT:          plan.propose %[[ROW]], %[[TOKEN]]
// CHECK-NEXT:          plan.yield %[[ROW]], %{{.*}}
// The rows are kept, then the draft goes back to where the text is.
// CHECK:           plan.commit @kv
// CHECK-NEXT:      %[[AHEAD:.*]] = plan.length @draft.kv
// CHECK-NEXT:      %[[KEPT:.*]] = plan.length @kv
// CHECK-NEXT:      %[[BACK:.*]] = plan.arith min %[[AHEAD]], %[[KEPT]]
// CHECK-NEXT:      plan.truncate @draft.kv, %[[BACK]]
