// RUN: llm-opt %s --split-input-file --verify-diagnostics | llm-opt --split-input-file | FileCheck %s
// Depths that are looked up.

// CHECK: plan.retrieval width(32) entries(0) nearest(0) similar(5.000000e-01) keep(1.000000e+00) key(@key) choice(@choice)
plan.buffer @key bytes(128)
plan.buffer @choice bytes(256)
plan.retrieval width(32) entries(0) nearest(0) similar(0.5) keep(1.0) key(@key) choice(@choice)

// -----
plan.buffer @key bytes(128)
plan.buffer @choice bytes(256)
// expected-error @+1 {{has 3 entries, but no keys}}
plan.retrieval width(32) entries(3) nearest(1) similar(0.5) keep(1.0) key(@key) choice(@choice)

// -----
plan.buffer @key bytes(64)
plan.buffer @choice bytes(256)
// expected-error @+1 {{reaches byte 128 of buffer 'key', which holds 64}}
plan.retrieval width(32) entries(0) nearest(0) similar(0.5) keep(1.0) key(@key) choice(@choice)

// -----
plan.buffer @key bytes(128)
plan.buffer @choice bytes(128)
// expected-error @+1 {{reaches byte 256 of buffer 'choice', which holds 128}}
plan.retrieval width(32) entries(0) nearest(0) similar(0.5) keep(1.0) key(@key) choice(@choice)
