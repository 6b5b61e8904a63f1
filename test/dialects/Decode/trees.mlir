// RUN: llm-opt %s | llm-opt | FileCheck %s
// RUN: llm-opt %s --mlir-print-op-generic | llm-opt | FileCheck %s
// A draft that may branch.

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index, index)
func.func private @head(index, index)
func.func private @sample(index, index, i64)

decode.drafter @copy copy match(3 to 16) most(15) policy(goodput)
// CHECK: decode.drafter @merge merge most(15) policy(goodput) parts([@copy]) branches(7)
decode.drafter @merge merge most(15) policy(goodput) parts([@copy]) branches(7)

// CHECK-LABEL: decode.program @round
decode.program @round(%id: i64, %seed: i64, %most: i64) -> i64 attributes {params = ["id", "seed", "most"]} {
  %zero = arith.constant 0 : i64
  decode.feed %id
  %rows = decode.draft @merge most(%most)
  // CHECK: decode.step @kv rows(%[[ROWS:.*]]) tree {
  // CHECK-NEXT: ^bb0(%[[AT:.*]]: i64, %[[RUNS:.*]]: i64):
  // CHECK-NEXT: decode.forward @forward rows(%[[ROWS]]) at(%[[AT]]) runs(%[[RUNS]])
  %token, %stop = decode.step @kv rows(%rows) tree {
  ^bb0(%at: i64, %runs: i64):
    decode.forward @forward rows(%rows) at(%at) runs(%runs)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      %drawn = decode.sample @sample row(%row) (%position, %seed)
      %told = decode.emit %drawn
      decode.accept %drawn, %told
    }
    decode.commit %zero, %t, %s : i64, i1
  } -> i64, i1
  decode.return %token
}
