// RUN: llm-opt %s | llm-opt | FileCheck %s
// RUN: llm-opt %s --mlir-print-op-generic | llm-opt | FileCheck %s

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#q80 = #encoding.weight<dense, s8, [(1, 32) f16]>

// 96 x 64: three strips of two blocks of 640 bytes.
// CHECK-DAG: #[[Q41:.+]] = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 96, cols = 64, arrange = stack>
#pair = #tile.packed<#q41, rows = 64, cols = 64, arrange = interleave16>
#table = #tile.packed<#q80, rows = 40, cols = 64, arrange = stack>

llm.weight @q : tensor<64x64xf32, #q41> from #llm.seed<1, 1.0 : f32>
llm.weight @k : tensor<32x64xf32, #q41> from #llm.seed<2, 1.0 : f32>
llm.weight @norm : tensor<64xf32> from #llm.seed<3, 1.0 : f32>

// CHECK: tile.packed @qk = [@q, @k] : <#{{.*}}, rows = 96, cols = 64, arrange = stack>
tile.packed @qk = [@q, @k] : <#q41, rows = 96, cols = 64, arrange = stack>
// CHECK: tile.vector @norms = [@norm] size 64 arrange stack
tile.vector @norms = [@norm] size 64 arrange stack
// CHECK: tile.buffer @arena bytes 4096
tile.buffer @arena bytes 4096
// CHECK: tile.buffer @history bytes 0 per_position 4
tile.buffer @history bytes 0 per_position 4
// CHECK: tile.buffer @attention bytes 64 per_position 90 per_worker 4096
tile.buffer @attention bytes 64 per_position 90 per_worker 4096
// CHECK: tile.state @kv {head_dim = 16 : i64, kv_heads = 2 : i64, layers = 3 : i64} : f16
tile.state @kv {layers = 3 : i64, kv_heads = 2 : i64, head_dim = 16 : i64} : f16
// CHECK: tile.state @view of @kv {head_dim = 16 : i64, kv_heads = 2 : i64, layers = 1 : i64} : f16
tile.state @view of @kv {layers = 1 : i64, kv_heads = 2 : i64, head_dim = 16 : i64} : f16
// CHECK: tile.state @mixed {{.*}} : i8, bf16
tile.state @mixed {layers = 3 : i64, kv_heads = 2 : i64, head_dim = 16 : i64} : i8, bf16

// CHECK-LABEL: func.func @linear
func.func @linear(%x: memref<8x64xf32>, %c: memref<2x2x4x32xi8>,
    %s: memref<2x2x4xf32>, %t: memref<2x2x4xi32>, %u: memref<2x2x4xf32>,
    %w: memref<3840xi8>, %b: memref<96xf32>, %y: memref<8x96xf32>,
    %n: index) attributes {tile.region} {
  // CHECK: tile.quantize %{{.*}} -> %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} rows(%{{.*}}) {zero = 0 : i64}
  tile.quantize %x -> %c, %s, %t, %u rows(%n) {zero = 0 : i64}
      : memref<8x64xf32> -> memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>
  // CHECK: tile.barrier
  tile.barrier
  // CHECK: tile.contract q8(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : {{.*}}) %{{.*}} : memref<3840xi8> bias(%{{.*}} : memref<96xf32>) -> %{{.*}} : memref<8x96xf32> rows(%{{.*}})
  tile.contract q8(%c, %s, %t, %u : memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>)
      %w : memref<3840xi8> bias(%b : memref<96xf32>) -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  // CHECK: tile.contract f32(%{{.*}} : memref<8x64xf32>) %{{.*}} : memref<3840xi8> residual(%{{.*}} : memref<8x96xf32>) -> %{{.*}} : memref<8x96xf32>
  tile.contract f32(%x : memref<8x64xf32>) %w : memref<3840xi8>
      residual(%y : memref<8x96xf32>) -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}

// CHECK-LABEL: func.func @rows
func.func @rows(%ids: memref<8xi32>, %table: memref<4352xi8>, %x: memref<8x64xf32>,
    %norm: memref<64xf32>, %y: memref<8x64xf32>, %pair: memref<2560xi8>,
    %g: memref<8x32xf32>, %n: index, %i: index) attributes {tile.region} {
  // CHECK: tile.embed %{{.*}}, %{{.*}} -> %{{.*}} rows(%{{.*}})
  tile.embed %ids, %table -> %x rows(%n) {weight = #table} : memref<8xi32>, memref<4352xi8> -> memref<8x64xf32>
  // CHECK: tile.rms_norm %{{.*}}, %{{.*}} -> %{{.*}} rows(%{{.*}}) first(%{{.*}})
  tile.rms_norm %x, %norm -> %y rows(%n) first(%i) {cols = 64 : i64, eps = 1.0e-5 : f32}
      : memref<8x64xf32>, memref<64xf32> -> memref<8x64xf32>
  // CHECK: tile.contract f32({{.*}}) %{{.*}} : memref<2560xi8> gate({{ ?}}silu) ->
  tile.contract f32(%y : memref<8x64xf32>) %pair : memref<2560xi8> gate(silu) -> %g : memref<8x32xf32> rows(%n) {weight = #pair}
  // CHECK: tile.silu
  tile.silu %x -> %x rows(%n) {cols = 64 : i64} : memref<8x64xf32> -> memref<8x64xf32>
  // CHECK: tile.gated
  tile.gated %x, %x -> %g rows(%n) {cols = 32 : i64, gate_col = 0 : i64, up_col = 32 : i64}
      : memref<8x64xf32>, memref<8x64xf32> -> memref<8x32xf32>
  // CHECK: tile.add
  tile.add %x, %y -> %y rows(%n) {cols = 64 : i64} : memref<8x64xf32>, memref<8x64xf32> -> memref<8x64xf32>
  return
}

// CHECK-LABEL: func.func @attend
func.func @attend(%x: memref<8x64xf32>, %freqs: memref<32xf32>, %table: memref<8x8x2xf32>,
    %k: memref<64x2x16x16xf16>, %v: memref<64x2x16x16xf16>, %pages: memref<64xi32>,
    %w: memref<65536xi8>, %out: memref<8x64xf32>, %n: index, %pos: index) attributes {tile.region} {
  // CHECK: tile.rope_table
  tile.rope_table %freqs -> %table rows(%n) at(%pos) : memref<32xf32> -> memref<8x8x2xf32>
  // CHECK: tile.rope {{.*}}interleaved
  tile.rope %x, %table rows(%n) {first_col = 0 : i64, heads = 2 : i64, head_dim = 16 : i64, rot = 16 : i64, interleaved}
      : memref<8x64xf32>, memref<8x8x2xf32>
  // CHECK: tile.kv_append
  tile.kv_append %x, %k, %v, %pages rows(%n) at(%pos) {k_col = 0 : i64, v_col = 32 : i64, kv_heads = 2 : i64, head_dim = 16 : i64}
      : memref<8x64xf32>, memref<64x2x16x16xf16>, memref<64x2x16x16xf16>, memref<64xi32>
  // CHECK: tile.attention
  tile.attention %x, %k, %v, %pages work(%w) -> %out rows(%n) at(%pos)
      {q_col = 0 : i64, heads = 4 : i64, kv_heads = 2 : i64, head_dim = 16 : i64, scale = 0.25 : f32}
      : memref<8x64xf32>, memref<64x2x16x16xf16>, memref<64x2x16x16xf16>, memref<64xi32>, memref<65536xi8> -> memref<8x64xf32>
  return
}

// Rows of several sequences.
// CHECK-LABEL: func.func @attend_runs
func.func @attend_runs(%x: memref<8x64xf32>, %freqs: memref<32xf32>, %table: memref<8x8x2xf32>,
    %k: memref<64x2x16x16xf16>, %v: memref<64x2x16x16xf16>, %pages: memref<64xi32>, %w: memref<65536xi8>,
    %out: memref<8x64xf32>, %places: memref<8x4xi32>, %n: index, %pos: index, %r: index) attributes {tile.region} {
  // CHECK: tile.rope_table {{.*}} at(%{{.*}}) runs(%[[R:.*]] of %[[PLACES:.*]] : memref<8x4xi32>)
  tile.rope_table %freqs -> %table rows(%n) at(%pos) runs(%r of %places : memref<8x4xi32>)
      : memref<32xf32> -> memref<8x8x2xf32>
  // CHECK: tile.kv_append {{.*}} runs(%[[R]] of %[[PLACES]] : memref<8x4xi32>)
  tile.kv_append %x, %k, %v, %pages rows(%n) at(%pos) runs(%r of %places : memref<8x4xi32>)
      {k_col = 0 : i64, v_col = 32 : i64, kv_heads = 2 : i64, head_dim = 16 : i64}
      : memref<8x64xf32>, memref<64x2x16x16xf16>, memref<64x2x16x16xf16>, memref<64xi32>
  // CHECK: tile.attention {{.*}} runs(%[[R]] of %[[PLACES]] : memref<8x4xi32>)
  tile.attention %x, %k, %v, %pages work(%w) -> %out rows(%n) at(%pos) runs(%r of %places : memref<8x4xi32>)
      {q_col = 0 : i64, heads = 4 : i64, kv_heads = 2 : i64, head_dim = 16 : i64, scale = 0.25 : f32}
      : memref<8x64xf32>, memref<64x2x16x16xf16>, memref<64x2x16x16xf16>, memref<64xi32>, memref<65536xi8> -> memref<8x64xf32>
  return
}

// CHECK-LABEL: func.func @forward
func.func @forward(%n: index, %pos: index) {
  // CHECK: tile.launch @attend bindings([#tile.arena<0>, #tile.weight<@norms>, #tile.buffer<"scratch", 64>, #tile.state<@kv, 1, 0>, #tile.state<@kv, 1, 1>, #tile.pages<@kv>, #tile.buffer<"attention">, #tile.buffer<"out">]) scalars(%{{.*}}, %{{.*}} : index, index)
  tile.launch @attend bindings([#tile.arena<0>, #tile.weight<@norms>, #tile.buffer<"scratch", 64>,
      #tile.state<@kv, 1, 0>, #tile.state<@kv, 1, 1>, #tile.pages<@kv>, #tile.buffer<"attention">, #tile.buffer<"out">])
      scalars(%n, %pos : index, index)
  return
}

// CHECK: tile.tokens @tokens in 3 = [2, -1, 0, 1]
tile.tokens @tokens in 3 = [2, -1, 0, 1]

// CHECK-LABEL: func.func @two_vocabularies
func.func @two_vocabularies(%h: memref<256xi32>, %ids: memref<8xi32>, %t: memref<32xi32>,
                            %x: memref<1x32xf32>, %y: memref<4x32xf32>, %n: index, %at: index) {
  // CHECK: tile.read_history %{{.*}} -> %{{.*}} rows(%{{.*}}) at(%{{.*}}) : memref<256xi32> -> memref<8xi32>
  tile.read_history %h -> %ids rows(%n) at(%at) : memref<256xi32> -> memref<8xi32>
  // CHECK: tile.read_history {{.*}} tokens(%[[T:.*]] : memref<32xi32>) :
  tile.read_history %h -> %ids rows(%n) at(%at) tokens(%t : memref<32xi32>) : memref<256xi32> -> memref<8xi32>
  // CHECK: tile.map_logits %{{.*}}, %[[T]] -> %{{.*}} : memref<1x32xf32>, memref<32xi32> -> memref<4x32xf32>
  tile.map_logits %x, %t -> %y : memref<1x32xf32>, memref<32xi32> -> memref<4x32xf32>
  return
}

// CHECK-LABEL: func.func @rules
func.func @rules(%l: memref<4x64xf32>, %w: memref<128xf32>, %ids: memref<8xi32>, %q: memref<4x64xf32>, %s: memref<32xf32>,
                 %t: memref<2xi32>, %ranked: memref<32xi32>, %i: index, %seed: i64, %f: f32) {
  // CHECK: tile.sample_proposal %{{.*}}, %{{.*}}, %{{.*}} -> %{{.*}} row(%{{.*}}) seed(
  tile.sample_proposal %l, %w, %q -> %t row(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f) min_p(%f)
    {vocabulary = 60} : memref<4x64xf32>, memref<128xf32>, memref<4x64xf32> -> memref<2xi32>
  // CHECK: tile.sample_reject %{{.*}}, %{{.*}}, %{{.*}} -> %{{.*}} row(%{{.*}}) drafted(%{{.*}}) seed(
  tile.sample_reject %l, %w, %ids -> %t row(%i) drafted(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f)
    min_p(%f) {vocabulary = 60} : memref<4x64xf32>, memref<128xf32>, memref<8xi32> -> memref<2xi32>
  // CHECK: tile.sample_reject {{.*}} proposals(%{{.*}} : memref<4x64xf32>) if(%{{.*}}) -> %{{.*}} row(
  tile.sample_reject %l, %w, %ids proposals(%q : memref<4x64xf32>) if(%i) -> %t row(%i) drafted(%i) seed(%seed)
    position(%i) temperature(%f) top_k(%i) top_p(%f) min_p(%f) {vocabulary = 60}
    : memref<4x64xf32>, memref<128xf32>, memref<8xi32> -> memref<2xi32>
  // CHECK: tile.sample_typical {{.*}} {delta = 3.000000e-01 : f32, epsilon = 9.000000e-02 : f32, vocabulary = 60 : i64}
  tile.sample_typical %l, %w, %ids -> %t row(%i) drafted(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f)
    min_p(%f) {vocabulary = 60, epsilon = 0.09 : f32, delta = 0.3 : f32}
    : memref<4x64xf32>, memref<128xf32>, memref<8xi32> -> memref<2xi32>
  // CHECK: tile.sample_best %{{.*}}, %{{.*}} -> %{{.*}} row(%{{.*}}) seed(
  tile.sample_best %l, %w -> %t row(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f) min_p(%f)
    {vocabulary = 60} : memref<4x64xf32>, memref<128xf32> -> memref<2xi32>
  // CHECK: tile.sample_judged %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} -> %{{.*}} row(
  tile.sample_judged %l, %w, %ids, %s -> %t row(%i) drafted(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f)
    min_p(%f) {vocabulary = 60} : memref<4x64xf32>, memref<128xf32>, memref<8xi32>, memref<32xf32> -> memref<2xi32>
  // CHECK: tile.judge %{{.*}} -> %{{.*}} rows(%{{.*}}) {bias = 1.000000e+00 : f32, weights = dense<5.000000e-01> : tensor<60xf32>}
  tile.judge %l -> %s rows(%i) {weights = dense<0.5> : tensor<60xf32>, bias = 1.0 : f32} : memref<4x64xf32> -> memref<32xf32>
  // CHECK: tile.rank %{{.*}} -> %{{.*}} rows(%{{.*}}) {count = 8 : i64, vocabulary = 60 : i64}
  tile.rank %l -> %ranked rows(%i) {count = 8, vocabulary = 60} : memref<4x64xf32> -> memref<32xi32>
  // CHECK: tile.summarize %{{.*}} -> %{{.*}} row(%{{.*}}) {vocabulary = 60 : i64}
  tile.summarize %l -> %s row(%i) {vocabulary = 60} : memref<4x64xf32> -> memref<32xf32>
  return
}
