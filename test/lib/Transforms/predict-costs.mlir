// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy,model" --decode-predict-costs | FileCheck %s
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy" --decode-predict-costs | FileCheck %s --check-prefix=TEXT
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4" --decode-predict-costs | FileCheck %s --check-prefix=NONE
// RUN: llm-opt %s --decode-build-generation="max-rows=8 logits-rows=4 speculate=copy" --decode-predict-costs --decode-to-plan | FileCheck %s --check-prefix=PLAN
// What ops read and compute says what rows cost beside one row.

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 96, cols = 64, arrange = stack>
module attributes {llm.name = "tiny", llm.architecture = "llama",
                   llm.vocabulary = 96 : i64, llm.max_context = 256 : i64} {
  tile.buffer @arena bytes 8192
  tile.buffer @ids bytes 32
  tile.buffer @history bytes 0 per_position 4
  tile.buffer @logits bytes 1536
  tile.buffer @token bytes 4
  tile.state @kv {layers = 3, kv_heads = 1, head_dim = 16} : f16
  tile.state @draft.kv {layers = 1, kv_heads = 1, head_dim = 16} : f16
  // 3840 bytes of weights are read once, and 12288 operations done for each row.
  func.func private @product(%c: memref<2x2x4x32xi8>, %s: memref<2x2x4xf32>, %t: memref<2x2x4xi32>, %u: memref<2x2x4xf32>,
      %w: memref<3840xi8>, %y: memref<8x96xf32>, %n: index) attributes {tile.region} {
    tile.contract q8(%c, %s, %t, %u : memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>)
        %w : memref<3840xi8> -> %y : memref<8x96xf32> rows(%n) {weight = #w}
    return
  }
  func.func @forward(%rows: index, %position: index) {
    tile.launch @product bindings([#tile.arena<0>, #tile.arena<512>, #tile.arena<640>, #tile.arena<704>, #tile.buffer<"ids">, #tile.arena<1024>]) scalars(%rows : index)
    tile.launch @product bindings([#tile.arena<0>, #tile.arena<512>, #tile.arena<640>, #tile.arena<704>, #tile.buffer<"ids">, #tile.arena<1024>]) scalars(%rows : index)
    tile.launch @product bindings([#tile.arena<0>, #tile.arena<512>, #tile.arena<640>, #tile.arena<704>, #tile.buffer<"ids">, #tile.arena<1024>]) scalars(%rows : index)
    return
  }
  func.func @head(%first: index, %rows: index) {
    tile.launch @product bindings([#tile.arena<0>, #tile.arena<512>, #tile.arena<640>, #tile.arena<704>, #tile.buffer<"ids">, #tile.buffer<"logits">]) scalars(%rows : index)
    return
  }
  func.func @draft.forward(%rows: index, %position: index) {
    tile.launch @product bindings([#tile.arena<0>, #tile.arena<512>, #tile.arena<640>, #tile.arena<704>, #tile.buffer<"ids">, #tile.arena<1024>]) scalars(%rows : index)
    return
  }
  func.func @draft.head(%first: index, %rows: index) {
    tile.launch @product bindings([#tile.arena<0>, #tile.arena<512>, #tile.arena<640>, #tile.arena<704>, #tile.buffer<"ids">, #tile.buffer<"logits">]) scalars(%rows : index)
    return
  }
  func.func @sample(%row: index, %position: index, %seed: i64, %temperature: f32, %k: index,
                    %p: f32, %m: f32, %penalty: f32, %window: index) { return }
}

// As long as reading takes longer, rows cost little; then they cost alike. The
// model that drafts has half of the launches.
// CHECK-COUNT-1: decode.costs rows([1.000000e+00, 1.001000e+00, 1.006000e+00, 1.019000e+00, {{.*}}, 2.017000e+00, 2.144000e+00]) id(5.000000e-01){{$}}
// TEXT-COUNT-1: decode.costs rows([1.000000e+00, {{.*}}]) id(0.000000e+00){{$}}
// PLAN: plan.costs rows([1.000000e+00, {{.*}}]) id(0.000000e+00){{$}}

// Where nothing is verified nothing wants to know.
// NONE-NOT: decode.costs
