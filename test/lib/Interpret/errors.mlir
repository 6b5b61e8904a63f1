// RUN: not llm-opt %s --interpret="function=reuse" -o /dev/null 2>&1 | FileCheck %s --check-prefix=REUSE
// RUN: not llm-opt %s --interpret="function=late" -o /dev/null 2>&1 | FileCheck %s --check-prefix=LATE
// RUN: not llm-opt %s --interpret="function=token" -o /dev/null 2>&1 | FileCheck %s --check-prefix=TOKEN
// RUN: not llm-opt %s --interpret="function=layer" -o /dev/null 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not llm-opt %s --interpret="function=file" -o /dev/null 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not llm-opt %s --interpret="function=none" -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not llm-opt %s --interpret -o /dev/null 2>&1 | FileCheck %s --check-prefix=WHAT
// RUN: not llm-opt %s --interpret="ids=1" -o /dev/null 2>&1 | FileCheck %s --check-prefix=MODEL

!kv = !llm.kv_cache<1 layers, 1 heads, 32, f32>

// REUSE: error: 'llm.kv_append' op changes a state handle that another op changes too
func.func @reuse(%k: tensor<?x32xf32>, %p: tensor<?xi32>, %kv: !kv) -> (!kv, !kv) {
  %l = arith.constant 0 : index
  %a, %0, %1 = llm.kv_append %kv, %k, %k at(%p) layer(%l) : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %b, %2, %3 = llm.kv_append %kv, %k, %k at(%p) layer(%l) : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return %a, %b : !kv, !kv
}

// LATE: error: 'llm.attention' op reads a state handle after it has changed
func.func @late(%k: tensor<?x32xf32>, %p: tensor<?xi32>, %kv: !kv) -> (tensor<?x32xf32>, !kv) {
  %l = arith.constant 0 : index
  %a, %0, %1 = llm.kv_append %kv, %k, %k at(%p) layer(%l) : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %o = llm.attention %k, %kv at(%p) layer(%l) {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 32 : i64, scale = 1.0 : f32} : tensor<?x32xf32>, !kv, tensor<?xi32>
  return %o, %a : tensor<?x32xf32>, !kv
}

// TOKEN: error: token 3 is not in [0, 3)
func.func @token(%ids: tensor<?xi32>, %t: tensor<3x4xf32>) -> tensor<?x4xf32> {
  %x = llm.embedding %ids, %t : (tensor<?xi32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  return %x : tensor<?x4xf32>
}

// LAYER: error: layer 1 of a cache of 1
func.func @layer(%k: tensor<?x32xf32>, %p: tensor<?xi32>, %kv: !kv) -> !kv {
  %l = arith.constant 1 : index
  %a, %0, %1 = llm.kv_append %kv, %k, %k at(%p) layer(%l) : !kv, tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return %a : !kv
}

// FILE: error: {{.*}}no-such-file.gguf: {{[Nn]}}o such file
llm.weight @missing : tensor<4xf32> from #llm.file<"no-such-file.gguf", "t", 0, 16>
func.func @file() -> tensor<4xf32> {
  %w = llm.weight_ref @missing : tensor<4xf32>
  return %w : tensor<4xf32>
}

// NONE: error: there is no function @none
// WHAT: error: --interpret needs ids=... or function=...
// MODEL: error: the module has no function @forward that takes a cache
