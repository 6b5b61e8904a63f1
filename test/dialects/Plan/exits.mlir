// RUN: llm-opt %s | llm-opt | FileCheck %s
// Layers that tokens may leave.

plan.state @kv layers(4) page_tokens(16) page_bytes([1024, 1024]) type("f16")
// CHECK: plan.exit @a similarity after(2) threshold(9.900000e-01)
plan.exit @a similarity after(2) threshold(0.99)
// CHECK: plan.exit @b max_prob after(3) threshold(5.000000e-01) decay(4.000000e+00) over(128)
plan.exit @b max_prob after(3) threshold(0.5) decay(4.0) over(128)
// CHECK: plan.exit @c entropy tokens(1024) after(3) threshold(5.000000e-01)
plan.exit @c entropy tokens(1024) after(3) threshold(0.5)
// CHECK: plan.exit @d linear after(3) threshold(5.000000e-01)
plan.exit @d linear after(3) threshold(0.5)
// CHECK-LABEL: plan.func @f
plan.func @f(%token: i64, %score: i64) -> i64 attributes {params = ["token", "score"]} {
  %one = plan.const 1
  plan.reserve @kv, %one
  // CHECK: plan.hold %{{.*}}, %{{.*}}
  plan.hold %one, %token
  // CHECK: plan.decide @a by(%{{.*}}, %{{.*}}) room(%{{.*}})
  %leaves = plan.decide @a by(%score, %score) room(%one)
  // CHECK: plan.fill @kv, %{{.*}}
  plan.fill @kv, %one
  // CHECK: plan.agree %{{.*}}
  %same = plan.agree %token
  plan.return %same
}
