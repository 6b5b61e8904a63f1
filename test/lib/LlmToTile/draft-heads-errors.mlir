// RUN: llm-opt %s --split-input-file --verify-diagnostics --llm-to-tile="max-rows=8 logits-rows=4 max-context=64"
// Heads that have no form.

!kv = !llm.kv_cache<1 layers, 1 heads, 32, f32>
llm.weight @table : tensor<40x24xf32> from #llm.seed<1, 0.5 : f32>
llm.weight @norm : tensor<24xf32> from #llm.seed<2, 0.5 : f32>
llm.weight @w : tensor<24x24xf32> from #llm.seed<3, 0.5 : f32>
llm.weight @wide : tensor<40x48xf32> from #llm.seed<4, 0.5 : f32>
func.func @forward(%ids: tensor<?xi32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x24xf32>, !kv) {
  %e = llm.weight_ref @table : tensor<40x24xf32>
  %x = llm.embedding %ids, %e : (tensor<?xi32>, tensor<40x24xf32>) -> tensor<?x24xf32>
  %c0 = arith.constant 0 : index
  %w = llm.weight_ref @w : tensor<24x24xf32>
  %a:2 = call @layer_0(%x, %positions, %kv, %c0, %w) : (tensor<?x24xf32>, tensor<?xi32>, !kv, index, tensor<24x24xf32>) -> (tensor<?x24xf32>, !kv)
  return %a#0, %a#1 : tensor<?x24xf32>, !kv
}
func.func private @layer_0(%x: tensor<?x24xf32>, %p: tensor<?xi32>, %kv: !kv, %layer: index, %w: tensor<24x24xf32>) -> (tensor<?x24xf32>, !kv) {
  %k = llm.linear %x, [%w] : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %o = llm.linear %k, [%w] : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %y = llm.add %x, %o : tensor<?x24xf32>
  return %y, %kv : tensor<?x24xf32>, !kv
}
func.func @head(%x: tensor<?x24xf32>) -> tensor<?x40xf32> {
  %n = llm.weight_ref @norm : tensor<24xf32>
  %t = llm.weight_ref @table : tensor<40x24xf32>
  %y = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x24xf32>, tensor<24xf32>
  %l = llm.linear %y, [%t] : (tensor<?x24xf32>, tensor<40x24xf32>) -> tensor<?x40xf32>
  return %l : tensor<?x40xf32>
}
func.func @draft.head.1(%x: tensor<?x24xf32>, %id: tensor<?xi32>) -> tensor<?x40xf32> {
  %n = llm.weight_ref @norm : tensor<24xf32>
  %t = llm.weight_ref @table : tensor<40x24xf32>
  %u = llm.weight_ref @wide : tensor<40x48xf32>
  %h = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x24xf32>, tensor<24xf32>
  %e = llm.embedding %id, %t : (tensor<?xi32>, tensor<40x24xf32>) -> tensor<?x24xf32>
  // expected-error @+1 {{puts rows side by side that are not norms or embeddings of a multiple of 32 columns}}
  %i = llm.concat %h, %e : (tensor<?x24xf32>, tensor<?x24xf32>) -> tensor<?x48xf32>
  %l = llm.linear %i, [%u] : (tensor<?x48xf32>, tensor<40x48xf32>) -> tensor<?x40xf32>
  return %l : tensor<?x40xf32>
}
