// RUN: llm-opt %s --split-input-file --verify-diagnostics | llm-opt --split-input-file | FileCheck %s
// When feed-forward blocks are left out.

// CHECK: plan.ffns layers([2, 3]) threshold(7.500000e-01) warm_up(9) buffer(@words)
plan.buffer @words bytes(20)
plan.ffns layers([2, 3]) threshold(0.75) warm_up(9) buffer(@words)

// -----
plan.buffer @words bytes(16)
// expected-error @+1 {{reaches byte 20 of buffer 'words', which holds 16}}
plan.ffns layers([2]) threshold(0.75) warm_up(9) buffer(@words)
