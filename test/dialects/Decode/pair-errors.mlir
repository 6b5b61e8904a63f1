// RUN: llm-opt %s --split-input-file --verify-diagnostics
// Features that do not go together: drafts, rows that leave the layers, blocks that are left out, depths.

// A draft's ids lie behind the text, and so do those of rows that wait.
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.drafter @copy copy match(1 to 3) most(3) policy(static)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.feed %next
  // expected-error @+1 {{comes while rows that left the layers may wait: its ids would take the places of theirs in the text}}
  %rows = decode.draft @copy most(%token)
  decode.return
}

// -----
// In turns: nobody waits in the first round alone.
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.drafter @copy copy match(1 to 3) most(3) policy(static)
decode.program @p(%start: i64) attributes {params = ["start"]} {
  %zero = arith.constant 0 : i64
  %last, %waits = decode.loop init(%start, %zero) {
  ^bb0(%token: i64, %waiting: i64):
    decode.feed %token
    // expected-error @+1 {{comes while rows that left the layers may wait}}
    %rows = decode.draft @copy most(%start)
    %kept, %ends = decode.step @kv rows(%rows) {
    ^bb0(%at: i64):
      decode.forward @forward rows(%rows) at(%at)
      decode.head @head first(%zero) rows(%rows)
      %t, %told = decode.verify exact @kv {
      ^bb0(%row: i64, %position: i64):
        %drawn = decode.sample @sample row(%row) (%position)
        %asked = decode.emit %drawn
        decode.accept %drawn, %asked
      }
      decode.commit %zero, %t, %told : i64, i1
    } -> i64, i1
    decode.feed %kept
    %next, %stop, %owed = decode.descend @kv of(%kept) segments([@first, @second]) exits([@a]) head(@head) owed(%waiting) most(7) {
    ^bb0(%row: i64, %position: i64):
      %t = decode.sample @sample row(%row) (%position)
      %told = decode.emit %t
      decode.drawn %t, %told
    } -> i64
    decode.stop %stop, %next, %owed
  } next {
  ^bb0(%token: i64, %waiting: i64):
    decode.next %token, %waiting
  } -> i64, i64
  decode.return
}

// -----
// A model that drafts would read the text without the rows that wait.
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @draft.forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.drafter @model model most(4) policy(static) state(@draft.kv)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.feed %next
  // expected-error @+1 {{comes while rows that left the layers may wait}}
  %rows = decode.draft @model most(%token) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%token) {
    ^bb0(%n: i64, %at: i64):
      decode.forward @draft.forward rows(%n) at(%at)
      decode.commit %n
    }
    decode.propose %token
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
// Rows of a draft would wait for layers that nobody computes for them.
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.drafter @model model most(4) policy(static) state(@draft.kv)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %no = arith.constant false
  decode.feed %token
  %rows = decode.draft @model most(%token) after(@kv) {
  ^bb0(%position: i64):
    // expected-error @+1 {{cannot stand in a draft, which proposes ids and does nothing else}}
    %next, %stop, %owed = decode.descend @draft.kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
    ^bb0(%row: i64, %at: i64):
      %t = decode.sample @sample row(%row) (%at)
      decode.drawn %t, %no
    } -> i64
    decode.propose %next
  }
  decode.cut_back @draft.kv to(@kv)
  decode.return
}

// -----
// Probes ask about one row.
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @head(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.drafter @copy copy match(1 to 3) most(3) policy(static)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  decode.feed %token
  %rows = decode.draft @copy most(%token)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    // expected-error @+1 {{asks exits about one row, and others are computed with it: rows must come one by one}}
    decode.measure segments([@first, @second]) exits([@a]) head(@head) rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @head(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %at: i64):
    // expected-error @+1 {{asks exits about one row, and others are computed with it: rows must come one by one}}
    decode.measure segments([@first, @second]) exits([@a]) head(@head) rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
// One row says for all of a draft what they leave out.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @look()
func.func private @ask()
func.func private @forward(index, index)
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask)
decode.drafter @copy copy match(1 to 3) most(3) policy(static)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.begin_ffns @ffns threshold(%zero)
  decode.feed %token
  %rows = decode.draft @copy most(%token)
  decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    // expected-error @+1 {{skips blocks of a prompt, or of rows that are computed together: rows must come one by one}}
    decode.skipping @ffns at(%at) {
      decode.forward @forward rows(%rows) at(%at)
    }
    decode.commit %rows
  }
  decode.return
}

// -----
// Blocks are left out where nothing is drafted.
tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @look()
func.func private @ask()
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, index)
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask)
decode.drafter @copy copy match(1 to 3) most(3) policy(static)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.begin_ffns @ffns threshold(%zero)
  decode.feed %token
  decode.step @kv rows(%one) {
  ^bb0(%at: i64):
    decode.skipping @ffns at(%at) {
      decode.forward @forward rows(%one) at(%at)
    }
    decode.commit %one
  }
  decode.feed %token
  %rows = decode.draft @copy most(%token)
  %kept, %ends = decode.step @kv rows(%rows) {
  ^bb0(%at: i64):
    decode.forward @forward rows(%rows) at(%at)
    decode.head @head first(%zero) rows(%rows)
    // expected-error @+1 {{keeps rows of a draft, which compute all blocks; a decode.skipping of the program leaves blocks out: the text would not be that of decoding one by one}}
    %t, %told = decode.verify exact @kv {
    ^bb0(%row: i64, %position: i64):
      %drawn = decode.sample @sample row(%row) (%position)
      %asked = decode.emit %drawn
      decode.accept %drawn, %asked
    }
    decode.commit %zero, %t, %told : i64, i1
  } -> i64, i1
  decode.return
}

// -----
// Exact is what all rows have been through, one by one.
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @look()
func.func private @ask()
func.func private @forward(index, index)
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  decode.begin_ffns @ffns threshold(%zero)
  %last = decode.prefill @kv chunk(%one) {
  ^bb0(%rows: i64, %at: i64):
    decode.skipping @ffns at(%at) {
      decode.forward @forward rows(%rows) at(%at)
    }
    decode.commit %rows
  }
  decode.feed %token
  // expected-error @+1 {{lets rows wait, which compute all blocks; a decode.skipping of the program leaves blocks out: the text would not be that of decoding one by one}}
  %next, %stop, %owed = decode.descend exact @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @ask(index)
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a max_prob after(2) threshold(0.5) stop(0.1) asks(@ask)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  // expected-error @+1 {{is exact, but 'a' ends the text where it doubts}}
  %next, %stop, %owed = decode.descend exact @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
func.func private @look()
func.func private @ask()
decode.ffns @ffns layers([3]) threshold(0.9) warm_up(0) looks(@look) asks(@ask)
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func @second(%rows: index, %position: index) attributes {decode.layers = array<i64: 2, 6>} {
  decode.ffn @ffns layer(3) {
  }
  return
}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  // expected-error @+1 {{leaves blocks out: no decode.begin_ffns on every path before}}
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 80]) skips([array<i64>, array<i64: 3>])
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func @second(%rows: index, %position: index) attributes {decode.layers = array<i64: 2, 6>} {
  %keeps = decode.keeps @d layer(3)
  return
}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  // expected-error @+1 {{needs the depth of the sequence: no decode.choose_depth on every path before}}
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  decode.return
}

// -----
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 80]) skips([array<i64>, array<i64: 3>])
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func @second(%rows: index, %position: index) attributes {decode.layers = array<i64: 2, 6>} {
  %keeps = decode.keeps @d layer(3)
  return
}
func.func private @head(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.program @p() attributes {params = []} {
  %one = arith.constant 1 : i64
  %last = decode.prefill @kv chunk(%one) {
  ^bb0(%rows: i64, %at: i64):
    // expected-error @+1 {{needs the depth of the sequence: no decode.choose_depth on every path before}}
    decode.measure segments([@first, @second]) exits([@a]) head(@head) rows(%rows) at(%at)
    decode.commit %rows
  }
  decode.return
}

// -----
// Rows that left are rows of the sequence.
tile.state @kv {layers = 6, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 80]) skips([array<i64>, array<i64: 3>])
func.func private @first(index, index) attributes {decode.layers = array<i64: 0, 2>}
func.func private @second(index, index) attributes {decode.layers = array<i64: 2, 6>}
func.func private @head(index, index)
func.func private @sample(index, index)
decode.exit @a chance after(2) threshold(0.5)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  %zero = arith.constant 0 : i64
  decode.feed %token
  %next, %stop, %owed = decode.descend @kv of(%token) segments([@first, @second]) exits([@a]) head(@head) owed(%zero) most(7) {
  ^bb0(%row: i64, %position: i64):
    %t = decode.sample @sample row(%row) (%position)
    %told = decode.emit %t
    decode.drawn %t, %told
  } -> i64
  // expected-error @+1 {{changes the depth in the middle of a sequence: it must come before the first forward}}
  decode.choose_depth @d prefer(%next)
  decode.return
}

// -----
// And so are those that a model drafted in the same layers.
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
tile.state @draft.kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
func.func private @draft.forward(index, index)
decode.drafter @model model most(4) policy(static) state(@draft.kv)
decode.program @p(%token: i64) attributes {params = ["token"]} {
  decode.feed %token
  %rows = decode.draft @model most(%token) after(@kv) {
  ^bb0(%position: i64):
    %last = decode.catch_up @draft.kv to(%position) chunk(%token) {
    ^bb0(%n: i64, %at: i64):
      decode.forward @draft.forward rows(%n) at(%at)
      decode.commit %n
    }
    decode.propose %token
  }
  decode.cut_back @draft.kv to(@kv)
  // expected-error @+1 {{changes the depth in the middle of a sequence: it must come before the first forward}}
  decode.choose_depth @d prefer(%token)
  decode.return
}

// -----
// Which blocks may go depends on the depth.
tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
func.func private @look()
func.func private @ask()
decode.depths @d of(@kv) percents([100, 75]) skips([array<i64>, array<i64: 1>])
decode.ffns @ffns layers([1]) threshold(0.9) warm_up(0) looks(@look) asks(@ask) of(@d)
func.func @forward(%rows: index, %position: index) {
  decode.ffn @ffns layer(1) {
  }
  return
}
decode.program @p(%chunk: i64) attributes {params = ["chunk"]} {
  decode.begin_ffns @ffns threshold(%chunk)
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    // expected-error @+1 {{needs the depth of the sequence: no decode.choose_depth on every path before}}
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  decode.return
}
