// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Drafts of a second model that would leave its state wrong, or another one's.

// expected-error @+1 {{of kind model needs the state of its model}}
decode.drafter @d model most(4) policy(static)

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{of kind copy has no state}}
decode.drafter @d copy match(1 to 3) most(4) policy(static) state(@kv)

// -----
// expected-error @+1 {{no state named 'none'}}
decode.drafter @d model most(4) policy(static) state(@none)

// -----
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d model most(4) policy(static) state(@draft.kv)
// expected-error @+1 {{has the part 'd', a model, which a 'decode.draft' of its own must ask}}
decode.drafter @both priority most(4) policy(static) parts([@d])

// -----
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d model most(4) policy(static) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  // expected-error @+1 {{'d' is of kind model, which needs a body}}
  %rows = decode.draft @d most(%n)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  // expected-error @+1 {{'d' is of kind copy, which takes no body}}
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    decode.propose %n
  }
  decode.return
}

// -----
// The target's own state would hold drafted ids.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @other {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d model most(4) policy(static) state(@kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  // expected-error @+1 {{drafts for the state it writes, 'kv'}}
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    decode.propose %n
  }
  decode.cut_back @kv to(@other)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.drafter @d model most(4) policy(static) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    // expected-error @+1 {{writes 'kv'; the state of 'd' is 'draft.kv'}}
    %last = decode.catch_up @kv to(%position) chunk(%n) {
    ^bb0(%m: i64, %first: i64):
      decode.forward @forward rows(%m) at(%first)
      decode.commit %m
    }
    decode.propose %n
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
// A drafter without a way back: the next round would draft after ids that are not in the text.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d model most(4) policy(static) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    decode.propose %n
  }
  // expected-error @+1 {{comes while 'draft.kv' may hold drafted ids that were not kept: no decode.cut_back before it on every path}}
  decode.return
}

// -----
// Before the rows are kept nobody knows how far to go back.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.drafter @d model most(4) policy(static) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    decode.propose %n
  }
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    // expected-error @+1 {{must stand outside: rows are reserved, and not all of them may be kept}}
    decode.cut_back @draft.kv to(@kv)
    decode.commit %rows
  }
  decode.return
}

// -----
// The hidden rows of the target are gone when the draft model has run.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
decode.drafter @d model most(4) policy(static) state(@draft.kv)
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
    decode.propose %n
  }
  // expected-error @+1 {{needs hidden rows: no forward runs on every path before}}
  decode.head @head first(%n) rows(%one)
  decode.return
}

// -----
// A draft proposes; what it says is not handed out.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d model most(4) policy(static) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    // expected-error @+1 {{cannot stand in a draft, which proposes ids and does nothing else}}
    %told = decode.emit %n
    decode.propose %n
  }
  decode.return
}

// -----
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{must stand in the body of a decode.draft}}
  %last = decode.catch_up @draft.kv to(%n) chunk(%n) {
  ^bb0(%m: i64, %first: i64):
    decode.forward @forward rows(%m) at(%first)
    decode.commit %m
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{takes two states}}
  decode.cut_back @kv to(@kv)
  decode.return
}

// -----
// What is drafted in the pages of one state is no draft for another one.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv of @kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
tile.state @other {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d model most(4) policy(static) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  // expected-error @+1 {{drafts in 'draft.kv', a view of 'kv', for 'other'}}
  %rows = decode.draft @d most(%n) after(@other) {
  ^bb0(%position: i64):
    decode.propose %n
  }
  decode.cut_back @draft.kv to(@other)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv of @kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.feed %n
  // expected-error @+1 {{commits rows of 'draft.kv', a view of 'kv', where rows are only drafted}}
  decode.step @draft.kv rows(%one) {
  ^bb0(%position: i64):
    decode.forward @forward rows(%one) at(%position)
    decode.commit %one
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv of @kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) -> i64 attributes {params = ["n"]} {
  // expected-error @+1 {{commits rows of 'draft.kv', a view of 'kv', where rows are only drafted}}
  %last = decode.prefill @draft.kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return %last
}

// -----
// A view would keep what its own state has not kept.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv of @kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
tile.state @other {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{cuts 'draft.kv', a view of 'kv', back to 'other'}}
  decode.cut_back @draft.kv to(@other)
  decode.return
}
