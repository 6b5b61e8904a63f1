// RUN: llm-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{source has 100 bytes, the type needs 6528}}
llm.weight @w : tensor<64x96xf32, #encoding.weight<dense, s8, [(1, 32) f16]>> from #llm.file<"a.gguf", "t", 0, 100>

// -----

// expected-error @+1 {{an encoding without a name cannot be read from a file}}
llm.weight @w : tensor<4x64xf32, #encoding.weight<dense, u4, [(1, 64) f16]>> from #llm.file<"a.gguf", "t", 0, 100>

// -----

// expected-error @+1 {{type must be a static vector or matrix of f32}}
llm.weight @w : tensor<2x2x2xf32> from #llm.splat<1.0 : f32>

// -----

// expected-error @+1 {{data has type 'tensor<3xf32>', the weight 'tensor<2xf32>'}}
llm.weight @w : tensor<2xf32> from #llm.data<dense<1.0> : tensor<3xf32>>

// -----

func.func @f() {
  // expected-error @+1 {{there is no llm.weight @nothing}}
  %w = llm.weight_ref @nothing : tensor<2xf32>
  return
}

// -----

llm.weight @w : tensor<2xf32> from #llm.splat<1.0 : f32>
func.func @f() {
  // expected-error @+1 {{@w has type 'tensor<2xf32>', not 'tensor<3xf32>'}}
  %w = llm.weight_ref @w : tensor<3xf32>
  return
}

// -----

func.func @f(%ids: tensor<?xi32>, %t: tensor<9x96xf32>) {
  // expected-error @+1 {{the result has 64 columns, expected 96}}
  %x = llm.embedding %ids, %t : (tensor<?xi32>, tensor<9x96xf32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %w: tensor<8x96xf32>) {
  // expected-error @+1 {{a weight has 96 columns, expected 64}}
  %y = llm.linear %x, [%w] : (tensor<?x64xf32>, tensor<8x96xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @+1 {{the result has 8 columns, expected 16}}
  %y = llm.linear %x, [%w, %w] : (tensor<?x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{has 1 biases for 2 weights}}
  %y = llm.linear %x, [%w, %w] bias [%b] : (tensor<?x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8xf32>) -> tensor<?x16xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{bias of 4 elements for a weight of 8 rows}}
  %y = llm.linear %x, [%w] bias [%b] : (tensor<?x64xf32>, tensor<8x64xf32>, tensor<4xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @+1 {{interleave16 takes two weights of the same number of rows, a multiple of 16}}
  %y = llm.linear %x, [%w, %w] arrange(interleave16) : (tensor<?x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<?x16xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{takes columns 48 to 80 of 64}}
  %y = llm.columns %x from 48 : tensor<?x64xf32> -> tensor<?x32xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %w: tensor<32xf32>) {
  // expected-error @+1 {{the weight has 32 columns, expected 64}}
  %y = llm.rms_norm %x, %w eps(1.0e-5) : tensor<?x64xf32>, tensor<32xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %p: tensor<?xi32>, %f: tensor<16xf32>) {
  // expected-error @+1 {{rot is 33, expected an even number up to head_dim}}
  %y = llm.rope %x at(%p) freqs(%f) {heads = 2 : i64, head_dim = 32 : i64, rot = 33 : i64} : tensor<?x64xf32>, tensor<?xi32>, tensor<16xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %p: tensor<?xi32>, %f: tensor<16xf32>) {
  // expected-error @+1 {{has 16 frequencies, expected 8}}
  %y = llm.rope %x at(%p) freqs(%f) {heads = 2 : i64, head_dim = 32 : i64, rot = 16 : i64} : tensor<?x64xf32>, tensor<?xi32>, tensor<16xf32>
  return
}

// -----

// expected-error @+1 {{a cache holds f32, f16 or bf16, not 'i8'}}
func.func private @f(!llm.kv_cache<2 layers, 1 heads, 32, i8>)

// -----

func.func @f(%k: tensor<?x64xf32>, %p: tensor<?xi32>, %l: index, %kv: !llm.kv_cache<2 layers, 1 heads, 32, f32>) {
  // expected-error @+1 {{a row of keys has 64 columns, expected 32}}
  %n, %a, %b = llm.kv_append %kv, %k, %k at(%p) layer(%l) : !llm.kv_cache<2 layers, 1 heads, 32, f32>, tensor<?x64xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return
}

// -----

func.func @f(%q: tensor<?x96xf32>, %k: tensor<?x64xf32>) {
  // expected-error @+1 {{3 heads of size 32 do not share 2 key-value heads evenly}}
  %s = llm.scores %q, %k {heads = 3 : i64, kv_heads = 2 : i64, head_dim = 32 : i64, scale = 1.0 : f32} : (tensor<?x96xf32>, tensor<?x64xf32>) -> tensor<3x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<?x96xf32>, %p: tensor<?xi32>, %l: index, %kv: !llm.kv_cache<2 layers, 3 heads, 32, f32>) {
  // expected-error @+1 {{reads a cache of 3 heads of size 32, expected 1 of 32}}
  %s = llm.attention %q, %kv at(%p) layer(%l) {heads = 3 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 1.0 : f32} : tensor<?x96xf32>, !llm.kv_cache<2 layers, 3 heads, 32, f32>, tensor<?xi32>
  return
}

// -----

func.func @f(%g: tensor<?x64xf32>) {
  // expected-error @+1 {{the operand has 64 columns, expected 96}}
  %y = llm.gated silu %g : (tensor<?x64xf32>) -> tensor<?x48xf32>
  return
}

// -----

func.func @f(%g: tensor<?x48xf32>) {
  // expected-error @+1 {{interleaved halves have a multiple of 16 columns, not 24}}
  %y = llm.gated silu %g arrange(interleave16) : (tensor<?x48xf32>) -> tensor<?x24xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %y: tensor<?x32xf32>) {
  // expected-error @+1 {{the result has 64 columns, expected 96}}
  %z = llm.concat %x, %y : (tensor<?x64xf32>, tensor<?x32xf32>) -> tensor<?x64xf32>
  return
}

// -----

// expected-error @+1 {{selects 2 rows, the type has 3}}
llm.weight @w : tensor<3x4xf32> from #llm.selected<<"a.gguf", "t", 0, 160>, [1, 9]>

// -----

// expected-error @+1 {{selects row 10 of a matrix of 10}}
llm.weight @w : tensor<2x4xf32> from #llm.selected<<"a.gguf", "t", 0, 160>, [1, 10]>

// -----

// expected-error @+1 {{makes Q8_0 of F32, F16 or BF16 alone}}
llm.weight @w : tensor<2x32xf32> from #llm.quantized<<"a.safetensors", "t", 0, 128>, "F16">

// -----

// expected-error @+1 {{makes Q8_0 of F32, F16 or BF16 alone}}
llm.weight @w : tensor<2x32xf32, #encoding.weight<dense, s8, [(1, 32) f16]>> from #llm.quantized<<"a.safetensors", "t", 0, 128>, "Q4_1">

// -----

// expected-error @+1 {{source has 100 bytes, the type needs 128}}
llm.weight @w : tensor<2x32xf32, #encoding.weight<dense, s8, [(1, 32) f16]>> from #llm.quantized<<"a.safetensors", "t", 0, 100>, "F16">
