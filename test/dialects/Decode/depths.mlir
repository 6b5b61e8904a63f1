// RUN: llm-opt %s | llm-opt | FileCheck %s
// RUN: llm-opt %s --mlir-print-op-generic | llm-opt | FileCheck %s
// RUN: llm-opt %s --decode-to-plan | FileCheck %s --check-prefix=PLAN
// Layers that a sequence leaves out.

module attributes {llm.name = "m", llm.architecture = "llama", llm.vocabulary = 64 : i64, llm.max_context = 128 : i64} {
tile.buffer @ids bytes 32
tile.buffer @history bytes 0 per_position 4
tile.buffer @logits bytes 1024
tile.buffer @token bytes 64
tile.buffer @skipped bytes 8
tile.state @kv {layers = 40, kv_heads = 1, head_dim = 16} : f16

// CHECK: decode.depths @depths of(@kv) percents([100, 95]) skips([array<i64>, array<i64: 3, 33>])
decode.depths @depths of(@kv) percents([100, 95]) skips([array<i64>, array<i64: 3, 33>])
// PLAN: plan.depth percent(100) skips([])
// PLAN: plan.depth percent(95) skips([3, 33])

// CHECK-LABEL: func.func @forward
// PLAN-LABEL: plan.func @forward
func.func @forward(%rows: index, %position: index) {
  // CHECK: decode.keeps @depths layer(3)
  %3 = decode.keeps @depths layer(3)
  // PLAN: %[[W0:.*]] = plan.load_i32 @skipped at(0)
  // PLAN: %[[B0:.*]] = plan.arith and %[[W0]], %{{.*}}
  // PLAN: %[[K0:.*]] = plan.arith eq %[[B0]], %{{.*}}
  // PLAN: plan.if %[[K0]] {
  scf.if %3 {
  }
  // PLAN: plan.load_i32 @skipped at(4)
  %33 = decode.keeps @depths layer(33)
  return
}

// CHECK-LABEL: decode.program @p
// PLAN-LABEL: plan.func @p
decode.program @p(%chunk: i64) -> i64 attributes {params = ["chunk"]} {
  // CHECK: %[[N:.*]] = decode.waiting
  // PLAN: %[[N:.*]] = plan.waiting
  %n = decode.waiting
  // CHECK: decode.choose_depth @depths prefer(%[[N]])
  // PLAN: plan.choose_depth %[[N]], @skipped
  decode.choose_depth @depths prefer(%n)
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  decode.return %last
}
}
