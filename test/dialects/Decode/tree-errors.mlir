// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Programs that would keep rows of the wrong path are refused.

// expected-error @+1 {{of kind copy makes chains, no branches}}
decode.drafter @d copy match(3 to 4) most(4) policy(static) branches(2)

// -----
// expected-error @+1 {{of kind merge needs parts}}
decode.drafter @d merge most(4) policy(static) branches(2)

// -----
decode.drafter @c copy match(3 to 4) most(4) policy(static)
// expected-error @+1 {{has 4 branches, but no more than 4 ids}}
decode.drafter @d merge most(4) policy(static) parts([@c]) branches(4)

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.drafter @c copy match(3 to 4) most(4) policy(static)
decode.drafter @d merge most(4) policy(static) parts([@c]) branches(2)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  %rows = decode.draft @d most(%n)
  // expected-error @+1 {{takes a chain, but the decode.draft before it may branch: it must be a 'tree'}}
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.feed %n
  // expected-error @+1 {{body takes 2 i64 values}}
  decode.step @kv rows(%one) tree {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.commit %one
  }
  decode.return
}

// -----
// Where the rows stand is the host's choice.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) tree {
  ^bb0(%at: i64, %runs: i64):
    // expected-error @+1 {{must take the place and the runs of the tree}}
    decode.forward @forward rows(%one) at(%zero) runs(%runs)
    decode.commit %zero
  }
  decode.return
}

// -----
// The first rows are no path.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) tree {
  ^bb0(%at: i64, %runs: i64):
    decode.forward @forward rows(%one) at(%at) runs(%runs)
    // expected-error @+1 {{keeps rows of a tree, which decode.verify does: it takes 0}}
    decode.commit %one
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index, index)
decode.program @p() attributes {params = []} {
  %zero = arith.constant 0 : i64
  decode.batch @kv {
  ^bb0(%rows: i64, %runs: i64, %wanted: i64):
    // expected-error @+1 {{has one position, but its rows are of several sessions}}
    decode.forward @forward rows(%rows) at(%zero) runs(%runs)
    decode.commit %rows
  }
  decode.return
}
