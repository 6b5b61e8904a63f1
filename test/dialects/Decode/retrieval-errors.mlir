// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Stores that say nothing, and texts that are looked up too late.

func.func private @pool(index, index)
// expected-error @+1 {{no decode.depths named 'd'}}
decode.retrieval @store of(@d) entries(0) nearest(0) similar(0.5) keep(1.0) pools(@pool)

// -----
// expected-error @+1 {{has 3 entries and no function that asks them}}
decode.retrieval @store of(@d) entries(3) nearest(1) similar(0.5) keep(1.0) pools(@pool)

// -----
// expected-error @+1 {{has 0 entries and a function that asks them}}
decode.retrieval @store of(@d) entries(0) nearest(0) similar(0.5) keep(1.0) pools(@pool) votes(@vote)

// -----
// expected-error @+1 {{asks the nearest 4 of 3 entries}}
decode.retrieval @store of(@d) entries(3) nearest(4) similar(0.5) keep(1.0) pools(@pool) votes(@vote)

// -----
// expected-error @+1 {{has the bound 0.000000e+00; more than 0, and at most 2}}
decode.retrieval @store of(@d) entries(0) nearest(0) similar(0.0) keep(1.0) pools(@pool)

// -----
// expected-error @+1 {{keeps 1.500000e+00 of the largest sum; more than 0, at most 1}}
decode.retrieval @store of(@d) entries(0) nearest(0) similar(0.5) keep(1.5) pools(@pool)

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
func.func private @pool(index)
// expected-error @+1 {{no function of 2 arguments named 'pool'}}
decode.retrieval @store of(@d) entries(0) nearest(0) similar(0.5) keep(1.0) pools(@pool)

// -----
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  // expected-error @+1 {{no decode.retrieval named 'store'}}
  %number = decode.retrieve @store over(@kv) rows(%chunk)
  decode.choose_depth @d prefer(%number)
  decode.return
}

// -----
// It computes where forwards do.
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
func.func private @pool(index, index)
decode.retrieval @store of(@d) entries(0) nearest(0) similar(0.5) keep(1.0) pools(@pool)
func.func private @forward(index, index)
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  // expected-error @+1 {{looks a text up in the middle of a sequence: it must come before the first forward}}
  %number = decode.retrieve @store over(@kv) rows(%chunk)
  decode.return
}
