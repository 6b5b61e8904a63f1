// RUN: not llm-opt %s --llm-to-tile="activations=int4" 2>&1 | FileCheck %s --check-prefix=ACT
// RUN: not llm-opt %s --llm-to-tile="kv=q8" 2>&1 | FileCheck %s --check-prefix=KV
// RUN: not llm-opt %s --llm-to-tile="max-rows=4 logits-rows=8" 2>&1 | FileCheck %s --check-prefix=ROWS
// ACT: activations=int4 is none of int8, bf16 and f32
// KV: kv=q8 is neither a type (f32, f16, bf16, int8) nor k:TYPE,v:TYPE
// ROWS: needs 1 <= logits-rows <= max-rows
// RUN: not llm-opt %s --llm-to-tile="kv-sinks=4" 2>&1 | FileCheck %s --check-prefix=SINKS
// SINKS: kv-sinks=4 needs kv-window, and neither may be negative
// RUN: not llm-opt %s --llm-to-tile="kv-window=64 kv-slack=-1" 2>&1 | FileCheck %s --check-prefix=SLACK
// SLACK: kv-slack=-1 is negative
// RUN: not llm-opt %s --llm-to-tile="attention=f16" 2>&1 | FileCheck %s --check-prefix=ATT
// ATT: attention=f16 is neither bf16 nor f32
// RUN: not llm-opt %s --llm-to-tile="ranked=17" 2>&1 | FileCheck %s --check-prefix=RANKED
// RANKED: ranked=17 is outside of 0 to 16
module {}
// RUN: not llm-opt %s --llm-to-tile="verify-rule=typical:2,0.3" 2>&1 | FileCheck %s --check-prefix=RULE
// RULE: verify-rule=typical:2,0.3: EPS must be between 0 and 1
