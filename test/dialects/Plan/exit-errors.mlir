// RUN: llm-opt %s --split-input-file --verify-diagnostics

plan.func @f(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{no plan.exit named 'a'}}
  %leaves = plan.decide @a by(%n, %n) room(%n)
  plan.return
}

// -----
plan.func @f(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{no plan.state named 'kv'}}
  plan.fill @kv, %n
  plan.return
}
