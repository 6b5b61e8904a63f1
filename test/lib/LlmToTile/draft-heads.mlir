// RUN: llm-opt %s --llm-to-tile="activations=f32 max-rows=8 logits-rows=4 max-context=64" | FileCheck %s
// RUN: llm-opt %s --phase-tile | FileCheck %s --check-prefix=BARRIERS
// Heads that draft become regions over one hidden row, and lists like @head.

#Q8_0 = #encoding.weight<dense, s8, [(1, 32) f16]>
!kv = !llm.kv_cache<1 layers, 1 heads, 32, f32>

module attributes {llm.max_context = 64 : i64, llm.vocabulary = 40 : i64, llm.heads_source = "h.safetensors"} {
  // Its weights lie in a section of their own, by the digest of this file.
  // CHECK: tile.draft_source = "h.safetensors"
  // CHECK-DAG: tile.buffer @draft.logits bytes 128
  llm.weight @table : tensor<40x32xf32, #Q8_0> from #llm.seed<1, 0.5 : f32>
  llm.weight @some : tensor<3x32xf32, #Q8_0> from #llm.selected<<"m.gguf", "table", 0, 1360>, [1, 4, 5]>
  llm.weight @norm : tensor<32xf32> from #llm.seed<2, 0.5 : f32>
  llm.weight @square : tensor<32x32xf32, #Q8_0> from #llm.seed<4, 0.5 : f32>
  llm.weight @wide : tensor<32x64xf32, #Q8_0> from #llm.seed<5, 0.5 : f32>
  llm.weight @skip : tensor<32x64xf32, #Q8_0> from #llm.seed<6, 0.5 : f32>

  func.func @forward(%ids: tensor<?xi32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x32xf32>, !kv) {
    %e = llm.weight_ref @table : tensor<40x32xf32, #Q8_0>
    %x = llm.embedding %ids, %e : (tensor<?xi32>, tensor<40x32xf32, #Q8_0>) -> tensor<?x32xf32>
    %c0 = arith.constant 0 : index
    %s = llm.weight_ref @square : tensor<32x32xf32, #Q8_0>
    %a:2 = call @layer_0(%x, %positions, %kv, %c0, %s) : (tensor<?x32xf32>, tensor<?xi32>, !kv, index, tensor<32x32xf32, #Q8_0>) -> (tensor<?x32xf32>, !kv)
    return %a#0, %a#1 : tensor<?x32xf32>, !kv
  }
  func.func private @layer_0(%x: tensor<?x32xf32>, %p: tensor<?xi32>, %kv: !kv, %layer: index, %s: tensor<32x32xf32, #Q8_0>) -> (tensor<?x32xf32>, !kv) {
    %k = llm.linear %x, [%s] : (tensor<?x32xf32>, tensor<32x32xf32, #Q8_0>) -> tensor<?x32xf32>
    %o = llm.linear %k, [%s] : (tensor<?x32xf32>, tensor<32x32xf32, #Q8_0>) -> tensor<?x32xf32>
    %y = llm.add %x, %o : tensor<?x32xf32>
    return %y, %kv : tensor<?x32xf32>, !kv
  }
  func.func @head(%x: tensor<?x32xf32>) -> tensor<?x40xf32> {
    %n = llm.weight_ref @norm : tensor<32xf32>
    %t = llm.weight_ref @table : tensor<40x32xf32, #Q8_0>
    %y = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
    %l = llm.linear %y, [%t] : (tensor<?x32xf32>, tensor<40x32xf32, #Q8_0>) -> tensor<?x40xf32>
    return %l : tensor<?x40xf32>
  }

  // Medusa: U (h + silu(W h)), through the model's own output matrix. Codes, whatever the model has.
  // CHECK-LABEL: func.func private @draft.head.1.rows
  // CHECK-SAME:    %[[ROWS:[a-z0-9]+]]: index, %[[FIRST:[a-z0-9]+]]: index)
  // CHECK:         tile.quantize %{{.*}} norm({{.*}}) -> {{.*}} first(%[[FIRST]])
  // CHECK:         tile.rms_norm %{{.*}} -> %[[H:.*]] rows(%[[ROWS]]) first(%[[FIRST]])
  // CHECK:         tile.contract q8
  // CHECK:         tile.silu %[[A:.*]] -> %[[A]]
  // CHECK:         tile.add %[[A]], %[[H]] -> %[[A]]
  // CHECK:         tile.contract q8({{.*}} -> %{{.*}} : memref<4x64xf32>
  func.func @draft.head.1(%x: tensor<?x32xf32>) -> tensor<?x40xf32> {
    %n = llm.weight_ref @norm : tensor<32xf32>
    %t = llm.weight_ref @table : tensor<40x32xf32, #Q8_0>
    %w = llm.weight_ref @square : tensor<32x32xf32, #Q8_0>
    %h = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
    %h2 = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
    %a = llm.linear %h, [%w] : (tensor<?x32xf32>, tensor<32x32xf32, #Q8_0>) -> tensor<?x32xf32>
    %s = llm.silu %a : tensor<?x32xf32>
    %z = llm.add %h2, %s : tensor<?x32xf32>
    %l = llm.linear %z, [%t] : (tensor<?x32xf32>, tensor<40x32xf32, #Q8_0>) -> tensor<?x40xf32>
    return %l : tensor<?x40xf32>
  }
  // CHECK: func.func @draft.head.1(%[[A0:.*]]: index, %[[A1:.*]]: index)
  // CHECK:   tile.launch @draft.head.1.rows {{.*}} scalars(%[[A1]], %[[A0]] : index, index)

  // Hydra: the row and the embedding of the second id side by side; some tokens alone.
  // CHECK-LABEL: func.func private @draft.head.2.rows
  // CHECK:         %[[BOTH:.*]] = memref.alloc() : memref<1x64xf32>
  // CHECK:         %[[LEFT:.*]] = memref.subview %[[BOTH]][0, 0] [1, 32]
  // CHECK:         tile.rms_norm %{{.*}} -> %[[LEFT]]
  // CHECK:         %[[RIGHT:.*]] = memref.subview %[[BOTH]][0, 32] [1, 32]
  // CHECK:         %[[ONE:.*]] = arith.constant 1 : index
  // CHECK:         tile.embed %{{.*}} -> %[[RIGHT]] rows(%{{.*}}) first(%[[ONE]])
  // CHECK:         tile.contract q8
  // CHECK:         tile.silu
  // CHECK:         tile.contract q8({{.*}} residual(
  // CHECK:         tile.contract q8({{.*}} -> %{{.*}} : memref<1x32xf32>
  // BARRIERS-LABEL: func.func private @draft.head.2.rows
  // BARRIERS:         tile.embed
  // BARRIERS:         tile.barrier
  // BARRIERS:         tile.quantize
  func.func @draft.head.2(%x: tensor<?x32xf32>, %first: tensor<?xi32>, %second: tensor<?xi32>) -> tensor<?x3xf32> {
    %n = llm.weight_ref @norm : tensor<32xf32>
    %t = llm.weight_ref @table : tensor<40x32xf32, #Q8_0>
    %u = llm.weight_ref @some : tensor<3x32xf32, #Q8_0>
    %w = llm.weight_ref @wide : tensor<32x64xf32, #Q8_0>
    %b = llm.weight_ref @norm : tensor<32xf32>
    %k = llm.weight_ref @skip : tensor<32x64xf32, #Q8_0>
    %h = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x32xf32>, tensor<32xf32>
    %e = llm.embedding %second, %t : (tensor<?xi32>, tensor<40x32xf32, #Q8_0>) -> tensor<?x32xf32>
    %i = llm.concat %h, %e : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x64xf32>
    %s = llm.linear %i, [%k] : (tensor<?x64xf32>, tensor<32x64xf32, #Q8_0>) -> tensor<?x32xf32>
    %a = llm.linear %i, [%w] bias [%b] : (tensor<?x64xf32>, tensor<32x64xf32, #Q8_0>, tensor<32xf32>) -> tensor<?x32xf32>
    %g = llm.silu %a : tensor<?x32xf32>
    %z = llm.add %s, %g : tensor<?x32xf32>
    %l = llm.linear %z, [%u] : (tensor<?x32xf32>, tensor<3x32xf32, #Q8_0>) -> tensor<?x3xf32>
    return %l : tensor<?x3xf32>
  }
  // CHECK:      tile.tokens @draft.tokens in 3 = [-1, 0, -1, -1, 1, 2, -1
  // CHECK-LABEL: func.func private @draft.map
  // CHECK:        tile.map_logits
  // CHECK: func.func @draft.head.2
  // CHECK:   tile.launch @draft.head.2.rows
  // CHECK:   tile.launch @draft.map bindings({{.*}}#tile.buffer<"draft.logits">, #tile.weight<@draft.tokens>, #tile.buffer<"logits">
}
