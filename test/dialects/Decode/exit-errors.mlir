// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Exits that would be wrong: keys that nobody computes, thresholds that mean nothing, rows that are forgotten.

// expected-error @+1 {{has a threshold of 1.20, expected 0 to 1}}
decode.exit @a chance after(2) threshold(1.2)

// -----
// expected-error @+1 {{has a threshold of nan, expected 0 to 1}}
decode.exit @a chance after(2) threshold(0x7FC00000)

// -----
// expected-error @+1 {{stops below 0.60, expected 0 to its threshold}}
decode.exit @a chance after(2) threshold(0.5) stop(0.6)

// -----
// expected-error @+1 {{has a decay of -1.00, expected at least 0}}
decode.exit @a chance after(2) threshold(0.5) decay(-1.0) over(10)

// -----
// expected-error @+1 {{with the probe max_prob needs the function that it asks}}
decode.exit @a max_prob after(2) threshold(0.5)

// -----
func.func private @ask(index)
// expected-error @+1 {{with the probe chance asks no function}}
decode.exit @a chance after(2) threshold(0.5) asks(@ask)

// -----
func.func private @ask(index)
// expected-error @+1 {{with the probe linear reads no head, of 64 tokens or of all}}
decode.exit @a linear tokens(64) after(2) threshold(0.5) asks(@ask)

// -----
// expected-error @+1 {{no function named 'ask'}}
decode.exit @a max_prob after(2) threshold(0.5) asks(@ask)

// -----
func.func private @ask(index, index)
// expected-error @+1 {{asks 'ask' about a row; it takes 2 values}}
decode.exit @a max_prob after(2) threshold(0.5) asks(@ask)

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %token
  // expected-error @+1 {{leaves keys of a token that left unfilled: its segments compute 5 layers, 'kv' has 6}}
  %next, %stop, %owed:1 = decode.descend @kv of(%token) segments([@first, @short]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %token
  // expected-error @+1 {{the segment 'gap' does not begin at layer 2, where the one before it ends: keys there stay unfilled}}
  %next, %stop, %owed:1 = decode.descend @kv of(%token) segments([@first, @gap]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %token
  // expected-error @+1 {{the exit 'late' is after 3 layers, and 'first' ends after 2}}
  %next, %stop, %owed:1 = decode.descend @kv of(%token) segments([@first, @second]) exits([@late]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %token
  // expected-error @+1 {{no decode.exit named 'none'}}
  %next, %stop, %owed:1 = decode.descend @kv of(%token) segments([@first, @second]) exits([@none]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %token
  // expected-error @+1 {{has 1 exits between 1 segments; there is one exit, at least, between any two}}
  %next, %stop, %owed:1 = decode.descend @kv of(%token) segments([@first]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %token
  // expected-error @+1 {{owes rows at 2 exits of 1: those that the others owe would never be computed}}
  %next, %stop, %owed:2 = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero, %zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64, i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %token
  // expected-error @+1 {{no function named 'none'}}
  %next, %stop, %owed:1 = decode.descend @kv of(%token) segments([@first, @none]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
// A second descend that begins with nobody waiting.
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.feed %next
  // expected-error @+1 {{forgets rows that left before: their keys in the layers above would stay unfilled}}
  %next2, %stop2, %owed2 = decode.descend @kv of(%next) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
func.func private @forward(index, index)
// A forward of all layers behind rows that wait.
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %token
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.feed %next
  // expected-error @+1 {{comes while rows that left the layers may wait: their keys in the layers above would stay unfilled}}
  decode.step @kv rows(%one) {
  ^bb0(%position: i64):
    decode.forward @forward rows(%one) at(%position)
    decode.commit %one
  }
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  // expected-error @+1 {{needs ids: nothing feeds them on every path}}
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %told = decode.emit %zero
    // expected-error @+1 {{gives what decode.sample draws from the row at hand, in the same body}}
    decode.drawn %zero, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @short(index, index) attributes {decode.layers = array<i64: 2, 5>}
func.func private @gap(index, index) attributes {decode.layers = array<i64: 3, 6>}
func.func private @ask(index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.9) asks(@ask)
decode.exit @late max_prob after(3) threshold(0.9) asks(@ask)
decode.program @p(%one: i64, %position: i64) attributes {params = ["one", "position"]} {
  // expected-error @+1 {{must stand between reserve and commit, inside decode.step or decode.prefill}}
  decode.measure segments([@first, @second]) exits([@a]) head(@head) rows(%one) at(%position)
  decode.return
}
