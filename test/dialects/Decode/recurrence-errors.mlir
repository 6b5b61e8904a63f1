// RUN: llm-opt %s --split-input-file --verify-diagnostics
// A recurrent state takes rows of one session, and what it has played stays.

tile.recurrence @rnn {layers = 1 : i64, state_bytes = 64 : i64, input_bytes = 64 : i64} : f32
func.func private @forward(index, index, index)
decode.program @step() attributes {params = []} {
  // expected-error @+1 {{takes rows of several sessions; the state 'rnn' is recurrent and plays rows of one}}
  decode.batch @rnn {
  ^bb0(%rows: i64, %runs: i64, %wanted: i64):
    decode.forward @forward rows(%rows) runs(%runs)
    decode.commit %rows
  }
  decode.return
}

// -----
// A model that drafts id by id would have to forget several forwards.
tile.state @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16
tile.recurrence @draft.rnn {layers = 1 : i64, state_bytes = 64 : i64, input_bytes = 64 : i64} : f32
decode.program @cut() attributes {params = []} {
  // expected-error @+1 {{cuts 'draft.rnn', which is recurrent: of several forwards it forgets nothing}}
  decode.cut_back @draft.rnn to(@kv)
  decode.return
}
