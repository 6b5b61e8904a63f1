// RUN: llm-opt %s --tile-self-draft=layers=2 --split-input-file --verify-diagnostics
// RUN: not llm-opt %s --tile-self-draft=layers=-1 --split-input-file 2>&1 | FileCheck %s
// RUN: not llm-opt %s --tile-self-draft=vocabulary=-32 --split-input-file 2>&1 | FileCheck %s --check-prefix=FEW
// FEW: error: vocabulary=-32 is no multiple of 32
// CHECK: error: the first -1 layers cannot draft: the model has 2, so 1 to 1 of them can

// expected-error @+1 {{the first 2 layers cannot draft: the model has 2, so 1 to 1 of them can}}
module {
  tile.buffer @ids bytes 32
  tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
}

// -----
// expected-error @+1 {{the model has one layer: none of them can draft for the others}}
module {
  tile.buffer @ids bytes 32
  tile.state @kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
}

// -----
// expected-error @+1 {{a model that drafts for itself has @forward, @head, a tile.state @kv and a tile.buffer @ids}}
module {
  tile.buffer @ids bytes 32
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
}

// -----
// One model drafts.
// expected-error @+1 {{has a model that drafts: @draft.forward}}
module {
  tile.buffer @ids bytes 32
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
  func.func @draft.forward(%rows: index, %position: index) { return }
}
