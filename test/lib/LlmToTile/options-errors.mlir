// RUN: not llm-opt %s --llm-to-tile="activations=int4" 2>&1 | FileCheck %s --check-prefix=ACT
// RUN: not llm-opt %s --llm-to-tile="kv=q8" 2>&1 | FileCheck %s --check-prefix=KV
// RUN: not llm-opt %s --llm-to-tile="max-rows=4 logits-rows=8" 2>&1 | FileCheck %s --check-prefix=ROWS
// ACT: activations=int4 is neither int8 nor f32
// KV: kv=q8 is neither f16 nor f32
// ROWS: needs 1 <= logits-rows <= max-rows
module {}
