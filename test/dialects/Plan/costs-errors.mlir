// RUN: llm-opt %s --split-input-file --verify-diagnostics
// A cost table begins with 1 and rises.

// expected-error @+1 {{has costs of 2 numbers of rows, expected 16}}
plan.costs rows([1.0, 1.1]) id(0.0)

// -----
// expected-error @+1 {{says that one row costs 2.000000e+00, which is the unit}}
plan.costs rows([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]) id(0.0)

// -----
// expected-error @+1 {{says that 3 rows cost 1.000000e+00 and 2 rows 2.000000e+00; expected rising costs up to 1000}}
plan.costs rows([1.0, 2.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]) id(0.0)

// -----
// expected-error @+1 {{says that 16 rows cost 1.001000e+03}}
plan.costs rows([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1001.0]) id(0.0)

// -----
// expected-error @+1 {{says that a drafted id costs -1.000000e+00, expected 0 to 1000}}
plan.costs rows([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]) id(-1.0)

// -----
plan.costs rows([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]) id(0.0)
// expected-error @+1 {{is the second one of its module}}
plan.costs rows([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]) id(0.0)

// -----
// expected-error @+1 {{says that one row costs}}
decode.costs rows([0.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]) id(0.0)
