// RUN: llm-opt %s --split-input-file | FileCheck %s
// What goes together: see pair-errors.mlir for what does not.

// Rows that leave the layers of a text with a depth: a layer that the text leaves out owes nothing.
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 80]) skips([array<i64>, array<i64: 3>])
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func @second(%rows: index, %position: index) attributes {decode.layers = array<i64: 2, 6>} {
  %keeps = decode.keeps @d layer(3)
  return
}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
// CHECK-LABEL: decode.program @exits_of_depths
decode.program @exits_of_depths(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.choose_depth @d prefer(%zero)
  decode.feed %token
  // CHECK: decode.descend exact
  %next, %stop, %owed = decode.descend exact @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
// A model that leaves blocks out somewhere, and drafts in a program where all rows compute them; so does its draft.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @look()
func.func private @ask()
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask)
func.func @forward(%rows: index, %position: index) {
  decode.ffn @ffns layer(1) {
  }
  return
}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.drafter @model model most(4) policy(static) state(@draft.kv)
// CHECK-LABEL: decode.program @drafts
decode.program @drafts(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.begin_ffns @ffns threshold(%zero)
  decode.feed %token
  %rows = decode.draft @model most(%token) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%token) {
    ^bb0(%n: i64, %at: i64):
      decode.forward @forward rows(%n) at(%at)
      decode.commit %n
    }
    decode.propose %token
  }
  %kept, %ends = decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    // CHECK: decode.verify exact
    %t, %told = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      %drawn = decode.sample @sample row(%row) (%position)
      %asked = decode.emit %drawn
      decode.accept %drawn, %asked
    }
    decode.commit %zero, %t, %told : i64, i1
  } -> i64, i1
  decode.cut_back @draft.kv to(@kv)
  decode.return
}
