// RUN: llm-opt %s | llm-opt | FileCheck %s
// Tokens that leave the layers, and what a program does with those that wait.

tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @third(index, index) attributes {decode.layers = array<i64: 5, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)

// CHECK: decode.exit @a max_prob after(2) threshold(7.500000e-01) asks(@ask) decay(4.000000e+00) over(128)
decode.exit @a max_prob after(2) threshold(0.75) asks(@ask) decay(4.0) over(128)
// CHECK: decode.exit @b chance after(5) threshold(5.000000e-01)
decode.exit @b chance after(5) threshold(0.5)
// CHECK: decode.exit @c entropy tokens(1024) after(5) threshold(5.000000e-01) asks(@ask)
decode.exit @c entropy tokens(1024) after(5) threshold(0.5) asks(@ask)
// CHECK: decode.exit @d linear after(5) threshold(5.000000e-01) asks(@ask)
decode.exit @d linear after(5) threshold(0.5) asks(@ask)

// CHECK-LABEL: decode.program @tokens
decode.program @tokens(%start: i64) -> i64 attributes {params = ["start"]} {
  %zero = arith.constant 0 : i64
  %last, %n, %x, %y = decode.loop init(%start, %zero, %zero, %zero) {
  ^bb0(%token: i64, %made: i64, %one: i64, %two: i64):
    decode.feed %token
    // CHECK: decode.descend @kv of({{.*}}) segments([@first, @second, @third]) exits([@a, @b]) head(@head) owed({{.*}}, {{.*}}) most(7) init({{.*}})
    %next, %stop, %count, %owed:2 = decode.descend @kv of(%token) segments([@first, @second, @third])
        exits([@a, @b]) head(@head) owed(%one, %two) most(7) init(%made) {
    ^bb0(%row: i64, %position: i64, %so_far: i64):
      %t = decode.sample @sample row(%row) (%position)
      %told = decode.emit %t
      // CHECK: decode.drawn
      decode.drawn %t, %told, %so_far
    } -> i64, i64, i64
    decode.stop %stop, %next, %count, %owed#0, %owed#1
  } next {
  ^bb0(%token: i64, %made: i64, %one: i64, %two: i64):
    decode.next %token, %made, %one, %two
  } -> i64, i64, i64, i64
  decode.return %n
}

// CHECK-LABEL: decode.program @held
// CHECK: decode.descend exact @kv
decode.program @held(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  %next, %stop, %owed:2 = decode.descend exact @kv of(%token) segments([@first, @second, @third])
      exits([@a, @b]) head(@head) owed(%zero, %zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64, i64
  decode.return
}

// CHECK-LABEL: decode.program @measure
// CHECK: decode.measure segments([@first, @second, @third]) exits([@a, @b]) head(@head) rows({{.*}}) at({{.*}})
decode.program @measure() attributes {params = []} {
  %one = arith.constant 1 : i64
  %last = decode.prefill @kv chunk(%one) {
  ^bb0(%rows: i64, %position: i64):
    decode.measure segments([@first, @second, @third]) exits([@a, @b]) head(@head) rows(%rows) at(%position)
    decode.commit %rows
  }
  decode.return
}
