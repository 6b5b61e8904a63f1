// RUN: llm-opt %s | llm-opt | FileCheck %s
// Heads draft from the hidden row that the last token was drawn from.

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @draft.head.1(index, index)
func.func private @sample(index, index)
// CHECK: decode.drafter @heads heads most(1) policy(goodput)
decode.drafter @heads heads most(1) policy(goodput)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.commit %one
  }
  decode.feed %n
  // CHECK: decode.draft @heads most(%{{.*}}) after(@kv)
  %rows = decode.draft @heads most(%one) after(@kv) {
  ^bb0(%position: i64):
    // CHECK: decode.head @draft.head.1
    decode.head @draft.head.1 first(%zero) rows(%one)
    %id = decode.sample @sample row(%zero) (%position)
    decode.propose %id
  }
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}
