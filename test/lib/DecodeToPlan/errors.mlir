// RUN: llm-opt %s --decode-to-plan --split-input-file --verify-diagnostics

// expected-error @+1 {{decode-to-plan needs the module attributes llm.name, llm.architecture, llm.vocabulary, llm.max_context}}
module {
}

// -----
// expected-error @+2 {{decode-to-plan needs a tile.buffer @ids}}
// expected-error @+1 {{decode-to-plan needs a tile.buffer @logits}}
module attributes {llm.name = "m", llm.architecture = "a", llm.vocabulary = 33 : i64, llm.max_context = 64 : i64} {
}

// -----
// Rows of logits are padded to 64 here.
// expected-error @+1 {{buffer @logits has 132 bytes, no multiple of a row of 256}}
module attributes {llm.name = "m", llm.architecture = "a", llm.vocabulary = 33 : i64, llm.max_context = 64 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 132
  tile.buffer @token bytes 4
}

// -----
module attributes {llm.name = "m", llm.architecture = "a", llm.vocabulary = 33 : i64, llm.max_context = 64 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 256
  tile.buffer @token bytes 4
  func.func @forward(%x: f32, %rows: index) {
    // expected-error @+1 {{has no counterpart in a plan}}
    %0 = arith.addf %x, %x : f32
    return
  }
}

// -----
module attributes {llm.name = "m", llm.architecture = "a", llm.vocabulary = 33 : i64, llm.max_context = 64 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 256
  tile.buffer @token bytes 4
  decode.program @p(%n: i64) attributes {params = ["n"]} {
    // expected-error @+1 {{compares unsigned; a plan has signed numbers only}}
    %0 = arith.cmpi ult, %n, %n : i64
    decode.return
  }
}

// -----
module attributes {llm.name = "m", llm.architecture = "a", llm.vocabulary = 33 : i64, llm.max_context = 64 : i64} {
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 256
  tile.buffer @token bytes 4
  // expected-error @+1 {{is neither a region nor a launch list of one block}}
  func.func private @forward(index, index)
}
