// RUN: llm-opt %s | llm-opt | FileCheck %s
// RUN: llm-opt %s --mlir-print-op-generic | llm-opt | FileCheck %s
// A second model drafts, after a drafter that proposes nothing.

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @draft.forward(index, index)
func.func private @draft.head(index, index)
func.func private @sample(index, index, i64)

decode.drafter @copy copy match(3 to 16) most(15) policy(goodput)
// CHECK: decode.drafter @model model most(15) policy(goodput) state(@draft.kv)
decode.drafter @model model most(15) policy(goodput) state(@draft.kv)

// CHECK-LABEL: decode.program @round
decode.program @round(%id: i64, %seed: i64, %most: i64) attributes {params = ["id", "seed", "most"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %id
  %copied = decode.draft @copy most(%most)
  %found = arith.cmpi sgt, %copied, %one : i64
  // Rows of a draft, whichever it was.
  %rows = scf.if %found -> i64 {
    scf.yield %copied : i64
  } else {
    // CHECK: %[[ROWS:.*]] = decode.draft @model most(%most) after(@kv) {
    // CHECK-NEXT: ^bb0(%[[AT:.*]]: i64):
    %drafted = decode.draft @model most(%most) after(@kv) {
    ^bb0(%position: i64):
      // CHECK-NEXT: %[[LAST:.*]] = decode.catch_up @draft.kv to(%[[AT]]) chunk(%most) {
      // CHECK-NEXT: ^bb0(%[[N:.*]]: i64, %{{.*}}: i64):
      %last = decode.catch_up @draft.kv to(%position) chunk(%most) {
      ^bb0(%n: i64, %first: i64):
        decode.forward @draft.forward rows(%n) at(%first)
        // CHECK: decode.commit %[[N]]
        decode.commit %n
      }
      %row = arith.subi %last, %one : i64
      decode.head @draft.head first(%row) rows(%one)
      %token = decode.sample @sample row(%zero) (%position, %seed)
      // CHECK: decode.propose %{{.*}}
      decode.propose %token
    }
    scf.yield %drafted : i64
  }
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  // CHECK: decode.cut_back @draft.kv to(@kv)
  decode.cut_back @draft.kv to(@kv)
  decode.return
}
