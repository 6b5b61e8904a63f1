// A decoder layer waits at few places: with few rows four times, and once more
// at its end, whatever the product reads its input as.
// RUN: llm-opt %s --pass-pipeline="builtin.module(llm-to-tile{activations=int8 max-rows=8 logits-rows=4 max-context=64},func.func(tile-place-barriers))" \
// RUN:   | FileCheck %s --check-prefixes=CHECK,INT8 --implicit-check-not="tile.barrier{{$}}"
// RUN: llm-opt %s --pass-pipeline="builtin.module(llm-to-tile{activations=f32 max-rows=8 logits-rows=4 max-context=64},func.func(tile-place-barriers))" \
// RUN:   | FileCheck %s --check-prefixes=CHECK,EXACT,F32 --implicit-check-not="tile.barrier{{$}}" --implicit-check-not=bf16
// RUN: llm-opt %s --pass-pipeline="builtin.module(llm-to-tile{activations=bf16 max-rows=8 logits-rows=4 max-context=64},func.func(tile-place-barriers))" \
// RUN:   | FileCheck %s --check-prefixes=CHECK,EXACT,BF16 --implicit-check-not="tile.barrier{{$}}"

#Q4_1 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
!kv = !llm.kv_cache<1 layers, 1 heads, 64, f32>

llm.weight @table : tensor<64x64xf32, #Q4_1> from #llm.seed<1, 0.5 : f32>
llm.weight @norm : tensor<64xf32> from #llm.seed<2, 0.5 : f32>
llm.weight @freqs : tensor<32xf32> from #llm.seed<3, 0.5 : f32>
llm.weight @square : tensor<64x64xf32, #Q4_1> from #llm.seed<4, 0.5 : f32>
llm.weight @wide : tensor<96x64xf32, #Q4_1> from #llm.seed<5, 0.5 : f32>
llm.weight @deep : tensor<64x96xf32, #Q4_1> from #llm.seed<6, 0.5 : f32>

func.func @forward(%ids: tensor<?xi32>, %positions: tensor<?xi32>, %kv: !kv) -> (tensor<?x64xf32>, !kv) {
  %e = llm.weight_ref @table : tensor<64x64xf32, #Q4_1>
  %x = llm.embedding %ids, %e : (tensor<?xi32>, tensor<64x64xf32, #Q4_1>) -> tensor<?x64xf32>
  %c0 = arith.constant 0 : index
  %y:2 = call @layer(%x, %positions, %kv, %c0) : (tensor<?x64xf32>, tensor<?xi32>, !kv, index) -> (tensor<?x64xf32>, !kv)
  return %y#0, %y#1 : tensor<?x64xf32>, !kv
}

// Every worker norms and quantizes few rows for itself. Rope and the append
// follow the columns of the product, and so does the quantization of a gated
// one.
// CHECK-LABEL: func.func private @layer(
// INT8:          tile.quantize {{.*}}norm({{.*}}split = #tile<split own>
// EXACT:         tile.rms_norm {{.*}}split = #tile<split own>
// CHECK:         tile.barrier many(
// F32:           tile.contract f32({{.*}}{own,
// BF16:          tile.contract bf16({{.*}}{own,
// INT8:          tile.contract q8({{.*}}{own,
// CHECK:         tile.barrier many(
// CHECK-NEXT:    tile.rope {{.*}}columns = #tile.columns<0 to 192 by 32>
// CHECK-NEXT:    tile.rope {{.*}}columns = #tile.columns<0 to 192 by 32>
// CHECK-NEXT:    tile.kv_append {{.*}}k_columns = #tile.columns<0 to 192 by 32>
// CHECK:         tile.barrier{{$}}
// F32:           tile.attention {{.*}} scale = 1.250000e-01 : f32} {{.*}} -> memref<8x64xf32>
// INT8:          tile.attention {{.*}} -> memref<8x64xf32>
// Products of bf16 write what the next one reads.
// BF16:          tile.attention {{.*}}{dots16, {{.*}} -> memref<8x64xbf16>
// CHECK:         tile.barrier{{$}}
// INT8:          tile.quantize {{.*}}split = #tile<split own>
// INT8:          tile.barrier many(
// CHECK:         tile.contract {{.*}}residual(
// CHECK:         tile.barrier{{$}}
// INT8:          tile.quantize {{.*}}norm({{.*}}split = #tile<split own>
// EXACT:         tile.rms_norm {{.*}}split = #tile<split own>
// CHECK:         tile.barrier many(
// CHECK:         tile.contract {{.*}}gate({{.*}}share = 2
// INT8:          tile.quantize {{.*}}split = #tile<split columns>
// CHECK:         tile.barrier{{$}}
// CHECK-NEXT:    tile.contract {{.*}}residual(
// CHECK-NEXT:    return
func.func private @layer(%x: tensor<?x64xf32>, %positions: tensor<?xi32>, %kv: !kv, %layer: index)
    -> (tensor<?x64xf32>, !kv) {
  %norm = llm.weight_ref @norm : tensor<64xf32>
  %freqs = llm.weight_ref @freqs : tensor<32xf32>
  %square = llm.weight_ref @square : tensor<64x64xf32, #Q4_1>
  %wide = llm.weight_ref @wide : tensor<96x64xf32, #Q4_1>
  %deep = llm.weight_ref @deep : tensor<64x96xf32, #Q4_1>
  %1 = llm.rms_norm %x, %norm eps(1.0e-5) : tensor<?x64xf32>, tensor<64xf32>
  %2 = llm.linear %1, [%square, %square, %square]
      : (tensor<?x64xf32>, tensor<64x64xf32, #Q4_1>, tensor<64x64xf32, #Q4_1>, tensor<64x64xf32, #Q4_1>) -> tensor<?x192xf32>
  %3 = llm.columns %2 from 0 : tensor<?x192xf32> -> tensor<?x64xf32>
  %4 = llm.columns %2 from 64 : tensor<?x192xf32> -> tensor<?x64xf32>
  %5 = llm.columns %2 from 128 : tensor<?x192xf32> -> tensor<?x64xf32>
  %6 = llm.rope %3 at(%positions) freqs(%freqs) {heads = 1 : i64, head_dim = 64 : i64, rot = 64 : i64, interleaved}
      : tensor<?x64xf32>, tensor<?xi32>, tensor<32xf32>
  %7 = llm.rope %4 at(%positions) freqs(%freqs) {heads = 1 : i64, head_dim = 64 : i64, rot = 64 : i64, interleaved}
      : tensor<?x64xf32>, tensor<?xi32>, tensor<32xf32>
  %next, %keys, %values = llm.kv_append %kv, %7, %5 at(%positions) layer(%layer)
      : !kv, tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %8 = llm.attention %6, %next at(%positions) layer(%layer) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 64 : i64,
      scale = 0.125 : f32} : tensor<?x64xf32>, !kv, tensor<?xi32>
  %9 = llm.linear %8, [%square] : (tensor<?x64xf32>, tensor<64x64xf32, #Q4_1>) -> tensor<?x64xf32>
  %10 = llm.add %x, %9 : tensor<?x64xf32>
  %11 = llm.rms_norm %10, %norm eps(1.0e-5) : tensor<?x64xf32>, tensor<64xf32>
  %12 = llm.linear %11, [%wide, %wide] arrange(interleave16)
      : (tensor<?x64xf32>, tensor<96x64xf32, #Q4_1>, tensor<96x64xf32, #Q4_1>) -> tensor<?x192xf32>
  %13 = llm.gated silu %12 arrange(interleave16) : (tensor<?x192xf32>) -> tensor<?x96xf32>
  %14 = llm.linear %13, [%deep] : (tensor<?x96xf32>, tensor<64x96xf32, #Q4_1>) -> tensor<?x64xf32>
  %15 = llm.add %10, %14 : tensor<?x64xf32>
  return %15, %next : tensor<?x64xf32>, !kv
}

// CHECK-LABEL: func.func private @head_rows
func.func @head(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %n = llm.weight_ref @norm : tensor<64xf32>
  %e = llm.weight_ref @table : tensor<64x64xf32, #Q4_1>
  %h = llm.rms_norm %x, %n eps(1.0e-5) : tensor<?x64xf32>, tensor<64xf32>
  %y = llm.linear %h, [%e] : (tensor<?x64xf32>, tensor<64x64xf32, #Q4_1>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// Sampling waits once between the penalty and the draw.
// CHECK-LABEL: func.func private @draw
// CHECK:         tile.penalize
// CHECK-NEXT:    tile.barrier{{$}}
// CHECK-NEXT:    tile.sample
