// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Feed-forward blocks that must not be left out.

func.func private @look()
func.func private @ask()
// expected-error @+1 {{has the threshold 1.500000e+00; cosines are from 0 to 1}}
decode.ffns @ffns layers([1]) threshold(1.5) warm_up(0) looks(@look) asks(@ask)

// -----
func.func private @look()
func.func private @ask()
// expected-error @+1 {{names layer 2 after layer 3; they must rise}}
decode.ffns @ffns layers([3, 2]) threshold(0.5) warm_up(0) looks(@look) asks(@ask)

// -----
func.func private @look()
func.func private @ask()
// expected-error @+1 {{leaves out the block of layer 0, before which no other block is asked}}
decode.ffns @ffns layers([0]) threshold(0.5) warm_up(0) looks(@look) asks(@ask)

// -----
func.func private @look()
func.func private @ask(index)
// expected-error @+1 {{no function without arguments named 'ask'}}
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask)

// -----
func.func private @look()
func.func private @ask()
// expected-error @+1 {{no decode.depths named 'd'}}
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask) of(@d)

// -----
func.func @forward(%rows: index, %position: index) {
  // expected-error @+1 {{no decode.ffns named 'ffns'}}
  decode.ffn @ffns layer(1) {
  }
  return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @look()
func.func private @ask()
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask)
func.func @forward(%rows: index, %position: index) {
  decode.ffn @ffns layer(1) {
  }
  return
}
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    // expected-error @+1 {{leaves blocks out: no decode.begin_ffns on every path before}}
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  decode.return
}

// -----
// A prompt computes all blocks.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @look()
func.func private @ask()
func.func private @forward(index, index)
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask)
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  decode.begin_ffns @ffns threshold(%chunk)
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    // expected-error @+1 {{skips blocks of a prompt, or of rows that are computed together: rows must come one by one}}
    decode.skipping @ffns at(%position) {
      decode.forward @forward rows(%rows) at(%position)
    }
    decode.commit %rows
  }
  decode.return
}
