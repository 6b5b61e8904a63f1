// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Programs whose drafts would change the text are refused.

// expected-error @+1 {{of kind priority needs parts}}
decode.drafter @d priority most(4) policy(static)

// -----
// expected-error @+1 {{matches 4 to 3 ids}}
decode.drafter @d copy match(4 to 3) most(4) policy(static)

// -----
// expected-error @+1 {{matches 1 to 3 ids}}
decode.drafter @d recycle match(1 to 3) most(4) policy(static)

// -----
// expected-error @+1 {{has the part 'later', which must be declared before}}
decode.drafter @d priority most(4) policy(static) parts([@later])
decode.drafter @later copy match(1 to 3) most(4) policy(static)

// -----
// expected-error @+1 {{no decode.drafter named 'none'}}
decode.drafter @d priority most(4) policy(static) parts([@none])

// -----
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{needs the id it comes after: nothing feeds it on every path}}
  %rows = decode.draft @d most(%n)
  decode.return
}

// -----
// Rows without ids: the draft belongs to an id that was replaced.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n)
  decode.feed %n
  // expected-error @+1 {{has rows without ids: it takes one row, or those of the decode.draft before it}}
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
// The token must be drawn from the row at hand: row 0 every time is another text.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      %drawn = decode.sample @sample row(%zero) (%position)
      %told = decode.emit %drawn
      // expected-error @+1 {{rule exact accepts what decode.sample draws from the row at hand, in the same body}}
      decode.accept %drawn, %told
    }
    decode.commit %zero
  }
  decode.return
}

// -----
// Rows that no forward computed are never kept.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @sample(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    // expected-error @+1 {{keeps rows that no forward computed on every path}}
    %t, %s = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      %drawn = decode.sample @sample row(%row) (%position)
      %told = decode.emit %drawn
      decode.accept %drawn, %told
    }
    decode.commit %zero
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @other {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.head @head first(%zero) rows(%one)
    // expected-error @+1 {{keeps rows of 'other', which its decode.step does not reserve}}
    %t, %s = decode.verify exact @other {
    ^bb0(%row: i64, %position: i64):
      %drawn = decode.sample @sample row(%row) (%position)
      %told = decode.emit %drawn
      decode.accept %drawn, %told
    }
    decode.commit %zero
  }
  decode.return
}
