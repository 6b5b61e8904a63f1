// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Models that write in turns: orders that would compute with the wrong rows, or lose ids.

// expected-error @+1 {{has a threshold of -1.000000e+00 bits, expected 0 or more}}
decode.model_switch @switch threshold(-1.0) window(5) least(10)

// -----
// expected-error @+1 {{has a threshold of nan bits, expected 0 or more}}
decode.model_switch @switch threshold(0x7fc00000) window(5) least(10)

// -----
// expected-error @+1 {{has a window of 65 rows, expected at most 64}}
decode.model_switch @switch threshold(1.0) window(65) least(10)

// -----
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{no text named 'kv'}}
  decode.append @kv, %n
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{no text named 'kv'}}
  %count = decode.read_input @kv chunk(%n)
  decode.return
}

// -----
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{no decode.model_switch named 'switch'}}
  %model = decode.choose_model @switch given(%n) behind(%n)
  decode.return
}

// -----
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{commits rows of 'kv', which follows the text 'text': decode.catch_up reads it}}
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.feed %n
  // expected-error @+1 {{commits rows of 'kv', which follows the text 'text'}}
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.commit %one
  }
  decode.return
}

// -----
// Beyond the text there are no ids.
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{must stand in the body of a decode.draft, or go to the decode.length of a text}}
  %last = decode.catch_up @kv to(%n) chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %other = decode.length @draft.kv
  // expected-error @+1 {{or go to the decode.length of a text}}
  %last = decode.catch_up @kv to(%other) chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
// Behind a new token the rows of the one before say nothing.
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %end = decode.length @text
  %last = decode.catch_up @kv to(%end) chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.append @text, %n
  // expected-error @+1 {{needs hidden rows: no forward runs on every path before}}
  decode.head @head first(%zero) rows(%one)
  decode.return
}

// -----
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %end = decode.length @text
  %last = decode.catch_up @kv to(%end) chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    // expected-error @+1 {{changes the text while rows are reserved}}
    decode.append @text, %n
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @summarize(index)
decode.model_switch @switch threshold(1.0) window(5) least(10)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  // expected-error @+1 {{needs fresh logits: no head runs on every path before}}
  %entropy, %first, %second = decode.summarize @summarize row(%zero)
  %model = decode.choose_model @switch given(%entropy) behind(%zero)
  decode.return
}

// -----
// What came since is part of the text, too.
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %end = decode.length @text
  decode.append @text, %n
  // expected-error @+1 {{goes to the decode.length of a text that has grown since, or of another block}}
  %last = decode.catch_up @kv to(%end) chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
// Where nothing waits nothing was read.
tile.text @text
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %count = decode.read_input @text chunk(%n) {
    %end = decode.length @text
    %last = decode.catch_up @kv to(%end) chunk(%n) {
    ^bb0(%rows: i64, %at: i64):
      decode.forward @forward rows(%rows) at(%at)
      decode.commit %rows
    }
  }
  // expected-error @+1 {{needs hidden rows: no forward runs on every path before}}
  decode.head @head first(%zero) rows(%one)
  decode.return
}

// -----
// expected-error @+1 {{lets a model write 4294967296 tokens at least}}
decode.model_switch @switch threshold(1.0) window(5) least(4294967296)
