// RUN: llm-opt %s | llm-opt | FileCheck %s
// Rules beside exact, and policies that look at each id of a model.

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @draft.forward(index, index)
func.func private @draft.head(index, index)
func.func private @judge(index)
func.func private @summarize(index)
func.func private @propose(index, index) attributes {tile.rule = "proposal"}
func.func private @reject(index, index, index) attributes {tile.rule = "reject"}
func.func private @judged(index, index, index) attributes {tile.rule = "judge:0.5"}

// CHECK: decode.drafter @text copy match(1 to 3) most(4) policy(ema)
decode.drafter @text copy match(1 to 3) most(4) policy(ema)
// CHECK: decode.drafter @model model most(4) policy(entropy) settings([2.000000e-01, 6.000000e-01, 9.000000e-01]) state(@draft.kv)
decode.drafter @model model most(4) policy(entropy) settings([0.2, 0.6, 0.9]) state(@draft.kv)

// CHECK-LABEL: decode.program @reject_model
decode.program @reject_model(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @model most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%one) {
    ^bb0(%some: i64, %from: i64):
      decode.forward @draft.forward rows(%some) at(%from)
      decode.commit %some
    }
    decode.head @draft.head first(%zero) rows(%one)
    // CHECK: %[[E:.*]], %[[A:.*]], %[[B:.*]] = decode.summarize @summarize row(%{{.*}})
    %e, %a, %b = decode.summarize @summarize row(%zero)
    %id = decode.sample @propose row(%zero) (%position)
    // CHECK: decode.propose %{{.*}} given(%[[E]], %[[A]], %[[B]])
    decode.propose %id given(%e, %a, %b)
  }
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    // CHECK: decode.verify reject @kv
    %t, %s = decode.verify reject @kv {
    ^bb0(%row: i64, %position: i64):
      // CHECK: decode.decide reject @reject row(%{{.*}}) (%{{.*}})
      %token = decode.decide reject @reject row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// CHECK-LABEL: decode.program @judge_text
decode.program @judge_text(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  decode.feed %n
  %rows = decode.draft @text most(%n)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    // CHECK: decode.judge @judge rows(%{{.*}})
    decode.judge @judge rows(%rows)
    %t, %s = decode.verify judge @kv {
    ^bb0(%row: i64, %position: i64):
      %token = decode.decide judge @judged row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.return
}
