// RUN: llm-opt %s | llm-opt | FileCheck %s
// RUN: llm-opt %s --mlir-print-op-generic | llm-opt | FileCheck %s
// A draft, and how far it is right.

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index, i64)
func.func private @rank(index)

// CHECK: decode.drafter @copy copy match(3 to 16) most(15) policy(goodput)
decode.drafter @copy copy match(3 to 16) most(15) policy(goodput)
// CHECK: decode.drafter @lookup lookup match(1 to 3) most(4) policy(static)
decode.drafter @lookup lookup match(1 to 3) most(4) policy(static)
// CHECK: decode.drafter @ngram ngram most(15) policy(goodput)
decode.drafter @ngram ngram most(15) policy(goodput)
// CHECK: decode.drafter @trigram trigram most(15) policy(goodput)
decode.drafter @trigram trigram most(15) policy(goodput)
// CHECK: decode.drafter @recycle recycle most(15) policy(goodput)
decode.drafter @recycle recycle most(15) policy(goodput)
// CHECK: decode.drafter @both priority most(15) policy(goodput) parts([@copy, @lookup])
decode.drafter @both priority most(15) policy(goodput) parts([@copy, @lookup])

// CHECK-LABEL: decode.program @round
decode.program @round(%id: i64, %seed: i64, %most: i64) -> i64 attributes {params = ["id", "seed", "most"]} {
  %zero = arith.constant 0 : i64
  decode.feed %id
  // CHECK: %[[ROWS:.*]] = decode.draft @both most(%most)
  %rows = decode.draft @both most(%most)
  // CHECK: decode.step @kv rows(%[[ROWS]]) {
  %token, %stop = decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    // CHECK: %[[T:.*]], %[[S:.*]], %[[N:.*]] = decode.verify exact @kv init(%{{.*}}) {
    // CHECK-NEXT: ^bb0(%[[ROW:.*]]: i64, %[[AT:.*]]: i64, %[[COUNT:.*]]: i64):
    %t, %s, %n = decode.verify exact @kv init(%zero) {
    ^bb0(%row: i64, %position: i64, %count: i64):
      // CHECK-NEXT: %[[DRAWN:.*]] = decode.sample @sample row(%[[ROW]]) (%[[AT]], %seed)
      %drawn = decode.sample @sample row(%row) (%position, %seed)
      %told = decode.emit %drawn
      // CHECK: decode.accept %[[DRAWN]], %{{.*}}, %[[COUNT]]
      decode.accept %drawn, %told, %count
    // CHECK: } -> i64
    } -> i64
    // CHECK: decode.commit %{{.*}}, %[[T]], %[[S]] : i64, i1
    decode.commit %zero, %t, %s : i64, i1
  // CHECK: } -> i64, i1
  } -> i64, i1
  decode.return %token
}

// CHECK-LABEL: decode.program @recycling
decode.program @recycling(%id: i64, %seed: i64, %most: i64) -> i64 attributes {params = ["id", "seed", "most"]} {
  %zero = arith.constant 0 : i64
  decode.feed %id
  %rows = decode.draft @recycle most(%most)
  %token, %stop = decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    // CHECK: decode.recycle @rank rows(%{{.*}})
    decode.recycle @rank rows(%rows)
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
