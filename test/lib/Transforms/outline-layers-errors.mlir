// RUN: llm-opt %s --llm-outline-layers --verify-diagnostics

!kv = !llm.kv_cache<1 layers, 1 heads, 32, f32>
llm.weight @embed : tensor<64x32xf32> from #llm.seed<1, 0.5 : f32>

// The cut falls ahead of the second look-up, so the layer needs the ids too.
func.func @forward(%ids: tensor<?xi32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x32xf32>, !kv) {
  %e = llm.weight_ref @embed : tensor<64x32xf32>
  %x = llm.embedding %ids, %e : (tensor<?xi32>, tensor<64x32xf32>) -> tensor<?x32xf32>
  %y0 = llm.add %x, %x : tensor<?x32xf32>
  %z = llm.silu %y0 : tensor<?x32xf32>
  %c0 = arith.constant 0 : index
  %kv1, %keys, %values = llm.kv_append %kv, %y0, %z at(%ids) layer(%c0)
      : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  // expected-error @below {{reads a second argument of the function beside the positions}}
  %o = llm.attention %y0, %kv1 at(%positions) layer(%c0) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64,
      scale = 0.2 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  %y = llm.add %y0, %o : tensor<?x32xf32>
  return %y, %kv1 : tensor<?x32xf32>, !kv
}
