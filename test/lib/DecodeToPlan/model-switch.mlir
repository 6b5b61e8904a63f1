// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=model policy=switch settings=2.5,5,10" | FileCheck %s --check-prefix=DECODE
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=model policy=switch settings=2.5,5,10" --decode-to-plan | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=model policy=switch settings=0,5,10" --decode-to-plan | FileCheck %s --check-prefix=ZERO
// RUN: sed 's/tile.text @text//' %s | not llm-opt - --decode-build-generation="logits-rows=4 speculate=model policy=switch settings=2,5,10" 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not llm-opt %s --decode-build-generation="logits-rows=4 speculate=copy,model policy=switch settings=2,5,10" 2>&1 | FileCheck %s --check-prefix=BESIDE
// RUN: not llm-opt %s --decode-build-generation="logits-rows=4 speculate=model policy=switch settings=2,5" 2>&1 | FileCheck %s --check-prefix=SETTINGS
// RUN: not llm-opt %s --decode-build-generation="logits-rows=4 speculate=model policy=switch settings=2,5,10 verify-rule=reject" 2>&1 | FileCheck %s --check-prefix=RULE
// RUN: sed 's/@summarize/@other/' %s | not llm-opt - --decode-build-generation="logits-rows=4 speculate=model policy=switch settings=2,5,10" 2>&1 | FileCheck %s --check-prefix=SURE
// RUN: sed 's/@draft.kv/@other/' %s | not llm-opt - --decode-build-generation="logits-rows=4 speculate=model policy=switch settings=2,5,10" 2>&1 | FileCheck %s --check-prefix=MODEL
// Two models write in turns: both follow the text, of which each reads what it lacks.

// TEXT: error: policy: switch wants a tile.text @text, which tile-link-draft makes with text=true
// BESIDE: error: policy: switch wants a second model that drafts, and nothing beside it
// SETTINGS: error: policy: switch wants the settings threshold, window and least
// RULE: error: policy: switch drafts nothing: it has neither exits nor trees, and no rule verifies it
// SURE: error: policy: switch needs a function @summarize, which llm-to-tile makes
// MODEL: error: speculate: needs a second model in the module (or tile-self-draft), whose @draft.kv is not there

module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  tile.text @text
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 2048
  tile.buffer @token bytes 64
  tile.buffer @summary bytes 128
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index, %runs: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @draft.forward(%rows: index, %position: index) { return }
  func.func @draft.head(%first: index, %rows: index) { return }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32,
                    %k: index, %p: f32, %m: f32, %penalty: f32, %window: index) { return }
  func.func private @region(%arena: memref<64xi8>) attributes {tile.region} { return }
  func.func @summarize(%row: index) { return }
}

// DECODE: decode.model_switch @switch threshold(2.500000e+00) window(5) least(10)
// The model that begins a text reads it, and the large one what waits to be scored.
// DECODE-LABEL: decode.program @prefill(
// DECODE:         decode.read_input @text
// DECODE:         decode.catch_up @draft.kv to(
// DECODE-LABEL: decode.program @score(
// DECODE:         decode.catch_up @kv to(
// DECODE:         decode.read_input @text chunk(%{{.*}}) {
// DECODE:           decode.catch_up @kv to(
// DECODE:             decode.emit_logits
// DECODE-LABEL: decode.program @generate(
// DECODE:         %[[COUNT:.*]] = decode.read_input @text
// DECODE:         decode.loop init(
// DECODE-NEXT:    ^bb0(%[[MADE:.*]]: i64, %[[WRITES:.*]]: i64):
// DECODE:           %[[LARGE:.*]] = arith.cmpi ne, %[[WRITES]],
// DECODE-NEXT:      scf.if %[[LARGE]] {
// DECODE:             decode.catch_up @kv to(
// DECODE:             decode.head @head
// DECODE-NEXT:      } else {
// DECODE:             decode.catch_up @draft.kv to(
// DECODE:             decode.head @draft.head
// DECODE-NEXT:      }
// DECODE:           %[[ENTROPY:.*]], %{{.*}}, %{{.*}} = decode.summarize @summarize
// DECODE:           %[[CHOSEN:.*]] = decode.choose_model @switch given(%[[ENTROPY]]) behind(
// DECODE-NEXT:      %[[OTHER:.*]] = arith.cmpi ne, %[[CHOSEN]], %[[WRITES]]
// DECODE-NEXT:      scf.if %[[OTHER]] {
// DECODE:           %[[TOKEN:.*]] = decode.sample @sample row(
// DECODE:           decode.stop %{{.*}}, %[[TOKEN]], %{{.*}}, %[[CHOSEN]]
// DECODE-NEXT:    } next {
// DECODE-NEXT:    ^bb0(%[[LAST:.*]]: i64, %[[N:.*]]: i64, %[[WRITER:.*]]: i64):
// DECODE-NEXT:      decode.append @text, %[[LAST]]
// DECODE-NEXT:      decode.next %[[N]], %[[WRITER]]
// DECODE-LABEL: decode.program @generate_plain(
// DECODE-NOT:     @draft.kv
// DECODE-NOT:     decode.choose_model

// CHECK: plan.state @text text layers(1) page_tokens(16) page_bytes([0, 0]) type("text")
// CHECK: plan.state @kv
// CHECK: plan.state @draft.kv
// CHECK: plan.model_switch threshold(2.500000e+00) window(5) least(10)
// CHECK-LABEL: plan.func @generate(
// CHECK:         %[[ROWS:.*]] = plan.take_input %{{.*}}, @ids
// CHECK:         plan.reserve @text, %[[TAKEN:.*]]
// CHECK-NEXT:    plan.commit @text, %[[TAKEN]]
// CHECK:         plan.reserve @kv
// CHECK:         plan.commit @kv
// CHECK:         plan.reserve @draft.kv
// CHECK:         plan.commit @draft.kv
// CHECK:         plan.choose_model
// CHECK:         plan.store_i32 %[[TOKEN:.*]], @ids
// CHECK-NEXT:    plan.reserve @text
// CHECK-NEXT:    plan.commit @text
// CHECK: module @device attributes {{.*}}llm.lossy = {model_switch = "2.5,5,10"}

// All tokens of the large model: nothing is lost.
// ZERO-NOT: llm.lossy
