// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Rules and policies that would not do what they say.

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify reject @kv {
    ^bb0(%row: i64, %position: i64):
      %token = decode.sample @sample row(%row) (%position)
      %told = decode.emit %token
      // expected-error @+1 {{rule reject accepts what a decode.decide of that rule says of the row at hand, in the same body}}
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @decide(index, index, index) attributes {tile.rule = "typical:0.1,0.3"}
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify typical @kv {
    ^bb0(%row: i64, %position: i64):
      %token = decode.decide typical @decide row(%zero) (%position)
      %told = decode.emit %token
      // expected-error @+1 {{rule typical accepts what a decode.decide of that rule says of the row at hand, in the same body}}
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
func.func private @decide(index, index, index) attributes {tile.rule = "exact"}
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      // expected-error @+1 {{of rule exact is a decode.sample}}
      %other = decode.decide exact @decide row(%row) (%position)
      %token = decode.sample @sample row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @decide(index, index, index) attributes {tile.rule = "typical:0.1,0.3"}
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify reject @kv {
    ^bb0(%row: i64, %position: i64):
      // expected-error @+1 {{of rule reject calls 'decide', whose tile.rule is 'typical'}}
      %token = decode.decide reject @decide row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @decide(index, index, index) attributes {tile.rule = "judge:0.5"}
decode.drafter @d copy match(1 to 3) most(4) policy(static)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    // expected-error @+1 {{needs scores: no decode.judge runs on every path between the forward and it}}
    %t, %s = decode.verify judge @kv {
    ^bb0(%row: i64, %position: i64):
      %token = decode.decide judge @decide row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @decide(index, index, index) attributes {tile.rule = "reject"}
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{stands in no decode.verify, which follows the draft}}
  %token = decode.decide reject @decide row(%n) (%n)
  decode.return
}

// -----
// The draft and the text must not share their noise.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @draft.forward(index, index)
func.func private @draft.head(index, index)
func.func private @sample(index, index)
func.func private @decide(index, index, index) attributes {tile.rule = "reject"}
decode.drafter @d model most(4) policy(static) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%one) {
    ^bb0(%some: i64, %from: i64):
      decode.forward @draft.forward rows(%some) at(%from)
      decode.commit %some
    }
    decode.head @draft.head first(%zero) rows(%one)
    // expected-error @+1 {{drafts with the noise of the text: rule reject needs noise of its own}}
    %id = decode.sample @sample row(%zero) (%position)
    decode.propose %id
  }
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify reject @kv {
    ^bb0(%row: i64, %position: i64):
      %token = decode.decide reject @decide row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
// expected-error @+1 {{of kind copy has no rows that policy entropy could look at}}
decode.drafter @d copy match(1 to 3) most(4) policy(entropy) settings([0.2, 0.6, 0.9])

// -----
// expected-error @+1 {{has 2 settings; policy goodput takes 0}}
decode.drafter @d copy match(1 to 3) most(4) policy(goodput) settings([0.2, 0.6])

// -----
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{has 0 settings; policy disco takes 5}}
decode.drafter @d model most(4) policy(disco) state(@draft.kv)

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @draft.forward(index, index)
func.func private @draft.head(index, index)
func.func private @sample(index, index)
decode.drafter @d model most(4) policy(entropy) settings([0.2, 0.6, 0.9]) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%one) {
    ^bb0(%some: i64, %from: i64):
      decode.forward @draft.forward rows(%some) at(%from)
      decode.commit %some
    }
    decode.head @draft.head first(%zero) rows(%one)
    %id = decode.sample @sample row(%zero) (%position)
    // expected-error @+1 {{is given nothing that policy entropy could look at}}
    decode.propose %id
  }
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      %token = decode.sample @sample row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @draft.forward(index, index)
func.func private @draft.head(index, index)
func.func private @sample(index, index)
decode.drafter @d model most(4) policy(entropy) settings([0.2, 0.6, 0.9]) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%one) {
    ^bb0(%some: i64, %from: i64):
      decode.forward @draft.forward rows(%some) at(%from)
      decode.commit %some
    }
    decode.head @draft.head first(%zero) rows(%one)
    %id = decode.sample @sample row(%zero) (%position)
    // expected-error @+1 {{is given 2 numbers; decode.summarize says three}}
    decode.propose %id given(%id, %id)
  }
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      %token = decode.sample @sample row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @draft.forward(index, index)
func.func private @draft.head(index, index)
func.func private @sample(index, index)
func.func private @summarize(index)
decode.drafter @d model most(4) policy(entropy) settings([0.2, 0.6, 0.9]) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%one) {
    ^bb0(%some: i64, %from: i64):
      decode.forward @draft.forward rows(%some) at(%from)
      decode.commit %some
    }
    decode.head @draft.head first(%zero) rows(%one)
    %id = decode.sample @sample row(%zero) (%position)
    // expected-error @+1 {{needs fresh logits: no head runs on every path before}}
    %e, %a, %b = decode.summarize @summarize row(%zero)
    decode.propose %id given(%e, %a, %b)
  }
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    %t, %s = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      %token = decode.sample @sample row(%row) (%position)
      %told = decode.emit %token
      decode.accept %token, %told
    }
    decode.commit %zero
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

