// RUN: llm-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// A recurrent state, and what a launch list asks it.

// CHECK: tile.recurrence @rnn {input_bytes = 128 : i64, layers = 2 : i64, state_bytes = 512 : i64} : f32
tile.recurrence @rnn {layers = 2 : i64, state_bytes = 512 : i64, input_bytes = 128 : i64} : f32
func.func private @recur(%s: memref<2x128xf32>, %rows: index, %half: index, %unplayed: index) attributes {tile.region} { return }
func.func @forward(%rows: index, %position: index) {
  // CHECK: %[[HALF:.*]] = tile.half @rnn
  %half = tile.half @rnn
  // CHECK: %[[UNPLAYED:.*]] = tile.unplayed @rnn
  %unplayed = tile.unplayed @rnn
  // CHECK: tile.launch @recur bindings([#tile.state<@rnn, 1, 0>]) scalars(%arg0, %[[HALF]], %[[UNPLAYED]] : index, index, index)
  tile.launch @recur bindings([#tile.state<@rnn, 1, 0>]) scalars(%rows, %half, %unplayed : index, index, index)
  return
}

// -----
// expected-error @+1 {{layers and bytes must be positive}}
tile.recurrence @rnn {layers = 0 : i64, state_bytes = 512 : i64, input_bytes = 128 : i64} : f32

// -----
// expected-error @+1 {{has 500 bytes of state and 128 of inputs; expected multiples of 64}}
tile.recurrence @rnn {layers = 1 : i64, state_bytes = 500 : i64, input_bytes = 128 : i64} : f32

// -----
tile.state @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16
func.func @forward() {
  // expected-error @+1 {{no recurrent state named 'kv'}}
  %half = tile.half @kv
  return
}

// -----
func.func @forward() {
  // expected-error @+1 {{no recurrent state named 'rnn'}}
  %unplayed = tile.unplayed @rnn
  return
}
