// RUN: llm-opt %s --tile-link-draft --split-input-file --verify-diagnostics

module attributes {llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  // expected-error @+1 {{the draft model has a context of 128 positions, its target one of 256}}
  module @draft attributes {llm.vocabulary = 100 : i64, llm.max_context = 128 : i64} {
  }
}

// -----
module attributes {llm.vocabulary = 100 : i64, llm.max_context = 256 : i64} {
  // expected-error @+1 {{the draft model has 90 tokens, its target 100, and no tile.tokens @tokens says which is which}}
  module @draft attributes {llm.vocabulary = 90 : i64, llm.max_context = 256 : i64} {
  }
}

// -----
module attributes {llm.vocabulary = 3 : i64, llm.max_context = 256 : i64} {
  module @draft attributes {llm.vocabulary = 2 : i64, llm.max_context = 256 : i64} {
    // expected-error @+1 {{maps 2 tokens to 2; the target has 3, the draft 2}}
    tile.tokens @tokens in 2 = [1, 0]
  }
}

// -----
module attributes {llm.vocabulary = 2 : i64, llm.max_context = 256 : i64} {
  // expected-error @+1 {{the draft model has no function @forward}}
  module @draft attributes {llm.vocabulary = 2 : i64, llm.max_context = 256 : i64} {
  }
}

// -----
// expected-error @+1 {{has no tile.buffer @history}}
module attributes {llm.vocabulary = 2 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 64
  module @draft attributes {llm.vocabulary = 2 : i64, llm.max_context = 256 : i64} {
    func.func @forward(%rows: index, %position: index) { return }
    func.func @head(%first: index, %rows: index) { return }
  }
}
