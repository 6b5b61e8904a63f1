// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Heads that would read what is not there.

// expected-error @+1 {{of kind heads has no state}}
decode.drafter @d heads most(4) policy(static) state(@kv)

// -----
decode.drafter @d heads most(4) policy(static)
// expected-error @+1 {{has the part 'd', heads, which a 'decode.draft' of its own must ask}}
decode.drafter @both priority most(4) policy(static) parts([@d])

// -----
decode.drafter @d heads most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  // expected-error @+1 {{'d' is of kind heads, which needs a body}}
  %rows = decode.draft @d most(%n)
  decode.return
}

// -----
// No forward of the model ran yet.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d heads most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  // expected-error @+1 {{needs the hidden rows that its heads read}}
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    decode.propose %n
  }
  decode.return
}

// -----
// Another model ran since: the two share the memory of hidden rows.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @draft.forward(index, index)
decode.drafter @m model most(4) policy(static) state(@draft.kv)
decode.drafter @d heads most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.commit %one
  }
  decode.feed %n
  %a = decode.draft @m most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%n) {
    ^bb0(%m: i64, %first: i64):
      decode.forward @draft.forward rows(%m) at(%first)
      decode.commit %m
    }
    decode.propose %n
  }
  decode.cut_back @draft.kv to(@kv)
  // expected-error @+1 {{needs the hidden rows that its heads read}}
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    decode.propose %n
  }
  decode.return
}

// -----
// Heads have nothing to compute but what the model has computed.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.drafter @d heads most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.commit %one
  }
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    // expected-error @+1 {{heads have none: they read what the model has computed}}
    %last = decode.catch_up @kv to(%position) chunk(%n) {
    ^bb0(%m: i64, %first: i64):
      decode.forward @forward rows(%m) at(%first)
      decode.commit %m
    }
    decode.propose %n
  }
  decode.return
}

// -----
// Each id is drawn from logits of its own.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.drafter @d heads most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.commit %one
  }
  decode.head @head first(%zero) rows(%one)
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    // expected-error @+1 {{needs fresh logits: no head runs on every path before}}
    %id = decode.sample @sample row(%zero) (%position)
    decode.propose %id
  }
  decode.return
}
