// RUN: llm-opt %s --verify-fused --verify-diagnostics

func.func @left(%s: tensor<1x?x?xf32>) -> tensor<1x?x?xf32> {
  // expected-error @+1 {{is left after the fuse phase}}
  %p = llm.softmax %s : tensor<1x?x?xf32>
  return %p : tensor<1x?x?xf32>
}
