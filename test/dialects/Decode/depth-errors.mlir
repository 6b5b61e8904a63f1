// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Depths that no sequence can have, and sequences that would change theirs.

tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{has 2 shares and 1 lists of layers}}
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>])

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{must begin with the whole model: 100 percent, no layer left out}}
decode.depths @d of(@kv) percents([75]) skips([array<i64: 1>])

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{has the share 75 after 50; shares fall, and stay above 0}}
decode.depths @d of(@kv) percents([100, 50, 75]) skips([array<i64>, array<i64: 1, 2>, array<i64: 1>])

// -----
// expected-error @+1 {{no state named 'kv'}}
decode.depths @d of(@kv) percents([100]) skips([array<i64>])

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{leaves out layer 4; 'kv' has 4}}
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 4>])

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{leaves out layer 1 twice}}
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1, 1>])

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
// expected-error @+1 {{leaves out all 2 layers}}
decode.depths @d of(@kv) percents([100, 1]) skips([array<i64>, array<i64: 0, 1>])

// -----
func.func @forward(%rows: index, %position: index) {
  // expected-error @+1 {{no decode.depths named 'd'}}
  %keeps = decode.keeps @d layer(1)
  return
}

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
func.func @forward(%rows: index, %position: index) {
  // expected-error @+1 {{asks for layer 2, which no depth of 'd' leaves out}}
  %keeps = decode.keeps @d layer(2)
  return
}

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
func.func @forward(%rows: index, %position: index) {
  %keeps = decode.keeps @d layer(1)
  return
}
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    // expected-error @+1 {{needs the depth of the sequence: no decode.choose_depth on every path before}}
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  decode.return
}

// -----
// A sequence keeps its depth.
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
func.func private @forward(index, index)
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  decode.choose_depth @d prefer(%chunk)
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  // expected-error @+1 {{changes the depth in the middle of a sequence: it must come before the first forward}}
  decode.choose_depth @d prefer(%last)
  decode.return
}

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
func.func private @forward(index, index)
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    // expected-error @+1 {{changes the depth in the middle of a sequence}}
    decode.choose_depth @d prefer(%rows)
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  decode.return
}
