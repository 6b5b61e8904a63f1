// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Trees of a model that would be read as chains, or verified by what a chain alone says.

// expected-error @+1 {{has branches; policy entropy ends a chain}}
decode.drafter @d model most(4) policy(entropy) settings([0.2, 0.6, 0.9]) state(@draft.kv) branches(2)

// -----
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{has 4 branches, but no more than 4 ids}}
decode.drafter @d model most(4) policy(static) state(@draft.kv) branches(4)

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample_best(index, index)
decode.drafter @d model most(4) policy(static) state(@draft.kv)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%n) {
    ^bb0(%m: i64, %first: i64):
      decode.forward @forward rows(%m) at(%first)
      decode.commit %m
    }
    decode.head @head first(%last) rows(%n)
    // expected-error @+1 {{proposes several ids, but 'd' makes chains}}
    decode.propose_best @sample_best row(%n) (%position)
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
decode.drafter @d model most(4) policy(static) state(@draft.kv) branches(2)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    // expected-error @+1 {{proposes one id, but 'd' makes trees}}
    decode.propose %n
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @sample_best(index, index)
decode.drafter @d model most(4) policy(static) state(@draft.kv) branches(2)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    // expected-error @+1 {{needs fresh logits: no head runs on every path before}}
    decode.propose_best @sample_best row(%n) (%position)
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample_best(index)
decode.drafter @d model most(4) policy(static) state(@draft.kv) branches(2)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%n) {
    ^bb0(%m: i64, %first: i64):
      decode.forward @forward rows(%m) at(%first)
      decode.commit %m
    }
    decode.head @head first(%last) rows(%n)
    // expected-error @+1 {{passes 2 values; 'sample_best' takes 1 and gives 0}}
    decode.propose_best @sample_best row(%n) (%position)
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
// A tree is no chain, whoever drafts it.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample_best(index, index)
decode.drafter @d model most(4) policy(static) state(@draft.kv) branches(2)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%n) {
    ^bb0(%m: i64, %first: i64):
      decode.forward @forward rows(%m) at(%first)
      decode.commit %m
    }
    decode.head @head first(%last) rows(%n)
    decode.propose_best @sample_best row(%n) (%position)
  }
  // expected-error @+1 {{takes a chain, but the decode.draft before it may branch: it must be a 'tree'}}
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
// What each sibling was drawn from is not kept.
module {
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
  func.func private @forward(index, index, index)
  func.func private @draft.forward(index, index)
  func.func private @head(index, index)
  func.func private @sample_best(index, index)
  func.func private @decide(index, index, index) attributes {tile.rule = "reject"}
  decode.drafter @d model most(4) policy(static) state(@draft.kv) branches(2)
  decode.program @p(%n: i64) attributes {params = ["n"]} {
    %zero = arith.constant 0 : i64
    decode.feed %n
    %rows = decode.draft @d most(%n) after(@kv) {
    ^bb0(%position: i64):
      %last = decode.catch_up @draft.kv to(%position) chunk(%n) {
      ^bb0(%m: i64, %first: i64):
        decode.forward @draft.forward rows(%m) at(%first)
        decode.commit %m
      }
      decode.head @head first(%last) rows(%n)
      // expected-error @+1 {{drafts siblings: rule reject needs to know what each of them was drawn from}}
      decode.propose_best @sample_best row(%n) (%position)
    }
    decode.step @kv rows(%rows) tree {
    ^bb0(%at: i64, %runs: i64):
      decode.forward @forward rows(%rows) at(%at) runs(%runs)
      decode.head @head first(%zero) rows(%rows)
      %t, %s = decode.verify reject @kv {
      ^bb0(%row: i64, %position: i64):
        %token = decode.decide reject @decide row(%row) (%position)
        %stop = decode.emit %token
        decode.accept %token, %stop
      }
      decode.commit %zero
    }
    decode.cut_back @draft.kv to(@kv)
    decode.return
  }
}
