// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Of which rows drafters can be told what is ranked best.

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
func.func private @rank(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    // expected-error @+1 {{needs fresh logits of the rows that were reserved: no head runs on every path between them and it}}
    decode.recycle @rank rows(%one)
    decode.head @head first(%zero) rows(%one)
    decode.commit %one
  }
  decode.return
}

// -----
// A draw may have changed them.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
func.func private @rank(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.head @head first(%zero) rows(%one)
    %t = decode.sample @sample (%at, %at)
    // expected-error @+1 {{needs fresh logits of the rows that were reserved: no head runs on every path between them and it}}
    decode.recycle @rank rows(%one)
    decode.commit %one
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
func.func private @rank(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.head @head first(%zero) rows(%one)
    // expected-error @+1 {{needs fresh logits of the rows that were reserved: no head runs on every path between them and it}}
    decode.recycle @rank rows(%n)
    decode.commit %one
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
func.func private @rank(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.head @head first(%zero) rows(%one)
    // expected-error @+1 {{passes 1 values; 'sample' takes 2 and gives 0}}
    decode.recycle @sample rows(%one)
    decode.commit %one
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
func.func private @rank(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{needs fresh logits of the rows that were reserved: no head runs on every path between them and it}}
  decode.recycle @rank rows(%n)
  decode.return
}
