// RUN: llm-opt %s | llm-opt | FileCheck %s
// Models that write in turns.

// CHECK: plan.state @text text layers(1) page_tokens(16) page_bytes([0, 0]) type("text")
plan.state @text text layers(1) page_tokens(16) page_bytes([0, 0]) type("text")
// CHECK: plan.model_switch threshold(0x7F800000) window(5) least(10)
plan.model_switch threshold(0x7F800000) window(5) least(10)
plan.func @f(%entropy: i64, %behind: i64) -> i64 attributes {params = ["entropy", "behind"]} {
  // CHECK: plan.choose_model %{{.*}}, %{{.*}}
  %model = plan.choose_model %entropy, %behind
  plan.return %model
}
