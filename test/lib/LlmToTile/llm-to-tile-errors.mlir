// RUN: llm-opt %s --split-input-file --llm-to-tile --verify-diagnostics

// expected-error @below {{a model has functions @forward and @head}}
module {
  func.func @other() { return }
}

// -----

module attributes {llm.max_context = 64 : i64} {
  // expected-error @below {{has no llm.embedding}}
  func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x32xf32> { return %x : tensor<?x32xf32> }
  func.func @head(%x: tensor<?x32xf32>) -> tensor<?x32xf32> { return %x : tensor<?x32xf32> }
}

// -----

module attributes {llm.max_context = 64 : i64} {
  func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
    // expected-error @below {{stands outside of every layer and has no lowering to tile; was llm-outline-layers run?}}
    %y = llm.add %x, %x : tensor<?x32xf32>
    return %y : tensor<?x32xf32>
  }
  func.func @head(%x: tensor<?x32xf32>) -> tensor<?x32xf32> { return %x : tensor<?x32xf32> }
}
