// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Orders that would compute with the wrong rows are refused.

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.feed %n
  // expected-error @+1 {{must stand between reserve and commit, inside decode.step or decode.prefill}}
  decode.forward @forward rows(%n) at(%n)
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    // expected-error @+1 {{needs ids: nothing feeds them on every path}}
    decode.forward @forward rows(%one) at(%at)
    decode.commit %one
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64, %m: i64) attributes {params = ["n", "m"]} {
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    // expected-error @+1 {{must run the rows that were reserved}}
    decode.forward @forward rows(%m) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    // expected-error @+1 {{runs a second time over the same reserved rows}}
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    // expected-error @+1 {{keeps rows that no forward computed on every path}}
    decode.commit %one
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  // expected-error @+1 {{reserves rows that no decode.commit ends}}
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.feed %n
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    // expected-error @+1 {{cannot reserve rows while others are reserved}}
    decode.step @kv rows(%one) {
    ^bb0(%at2: i64):
      decode.commit %one
    }
    decode.commit %rows
  }
  decode.return
}

// -----
func.func private @head(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{needs hidden rows: no forward runs on every path before}}
  decode.head @head first(%n) rows(%n)
  decode.return
}

// -----
func.func private @sample(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{needs fresh logits: no head runs on every path before}}
  %0 = decode.sample @sample(%n)
  decode.return
}

// -----
// A draw may change the logits: they serve one only.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.head @head first(%n) rows(%n)
  %0 = decode.sample @sample(%n)
  // expected-error @+1 {{needs fresh logits}}
  %1 = decode.sample @sample(%n)
  decode.return
}

// -----
// Logits of the forward before are gone.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  %one = arith.constant 1 : i64
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.head @head first(%n) rows(%n)
  decode.feed %n
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%one) at(%at)
    decode.commit %one
  }
  // expected-error @+1 {{needs logits: no head runs on every path before}}
  decode.emit_logits %n
  decode.return
}

// -----
// What holds in the first round must hold in every one.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.head @head first(%n) rows(%n)
  decode.loop {
    // expected-error @+1 {{needs fresh logits}}
    %0 = decode.sample @sample(%n)
    %stop = decode.emit %0
    decode.stop %stop
  } next {
    decode.next
  }
  decode.return
}

// -----
// One branch is not every path.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  %c = arith.constant true
  scf.if %c {
    decode.head @head first(%n) rows(%n)
  }
  // expected-error @+1 {{needs logits}}
  decode.emit_logits %n
  decode.return
}

// -----
// A loop over a range may run no time at all.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  scf.for %i = %n to %n step %n : i64 {
    decode.head @head first(%n) rows(%n)
  }
  // expected-error @+1 {{needs logits}}
  decode.emit_logits %n
  decode.return
}

// -----
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{is no control flow that a program may use}}
  scf.while : () -> () {
    %c = arith.constant true
    scf.condition(%c)
  } do {
    scf.yield
  }
  decode.return
}

// -----
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{no state named 'kv'}}
  %0 = decode.length @kv
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    // expected-error @+1 {{passes 2 values; 'forward' takes 1 and gives 0}}
    decode.forward @forward rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
decode.program @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{stop passes 1 values; the second block takes 0 and there are 0 results}}
  decode.loop {
    %c = arith.constant true
    decode.stop %c, %n
  } next {
    decode.next
  }
  decode.return
}

// -----
// expected-error @+1 {{names 2 parameters but has 1}}
decode.program @p(%n: i64) attributes {params = ["n", "m"]} {
  decode.return
}

// -----
decode.program @p(%n: i64) -> i64 attributes {params = ["n"]} {
  // expected-error @+1 {{gives 0 values where the program has 1 results}}
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
decode.program @p() attributes {params = []} {
  // expected-error @+1 {{keeps all of its rows or none}}
  decode.batch @kv {
  ^bb0(%rows: i64, %runs: i64, %wanted: i64):
    decode.commit %wanted
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index, index)
decode.program @p() attributes {params = []} {
  decode.batch @kv {
  ^bb0(%rows: i64, %runs: i64, %wanted: i64):
    // expected-error @+1 {{must run the runs of the batch}}
    decode.forward @forward rows(%rows) runs(%wanted)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index, index)
decode.program @p(%n: i64) attributes {params = ["n"]} {
  decode.prefill @kv chunk(%n) {
  ^bb0(%rows: i64, %at: i64):
    // expected-error @+1 {{has runs, but its rows are of one session}}
    decode.forward @forward rows(%rows) runs(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index, index)
decode.program @p() attributes {params = []} {
  decode.batch @kv {
  ^bb0(%rows: i64, %runs: i64, %wanted: i64):
    // expected-error @+1 {{needs the position of its first row, or runs}}
    decode.forward @forward rows(%rows)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
decode.program @p() attributes {params = []} {
  decode.batch @kv {
  ^bb0(%rows: i64, %runs: i64, %wanted: i64):
    // expected-error @+1 {{passes 3 values; 'forward' takes 2 and gives 0}}
    decode.forward @forward rows(%rows) runs(%runs)
    decode.commit %rows
  }
  decode.return
}
