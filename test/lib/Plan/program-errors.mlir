// What the verifiers of ops cannot see.
// RUN: split-file %s %t
// RUN: not plan-write %t/recursion.mlir -o %t/x.plan 2>&1 | FileCheck %s --check-prefix=RECURSION
// RECURSION: error: plan function 'a' calls itself
// RUN: not plan-write %t/no-model.mlir -o %t/x.plan 2>&1 | FileCheck %s --check-prefix=MODEL
// MODEL: error: a plan needs one plan.model, the module has 0
// RUN: not plan-write %t/code.mlir -o %t/x.plan 2>&1 | FileCheck %s --check-prefix=CODE
// CODE: error: the module names code objects already

//--- recursion.mlir
plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@ids) history(@ids)
plan.buffer @ids bytes(32)
plan.func @a() attributes {params = []} {
  plan.call @b()
  plan.return
}
plan.func @b() attributes {params = []} {
  plan.call @a()
  plan.return
}
//--- no-model.mlir
plan.buffer @ids bytes(32)
//--- code.mlir
plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@ids) history(@ids)
plan.buffer @ids bytes(32)
plan.section @s code bytes(0)
plan.code @c level("l") features([]) in(@s) image(4096) segments([]) entries([])
