//===- MathPasses.td - what may reach LLVM as mathematics -----------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_CONVERSION_TILETOVECTOR_MATHPASSES
#define SINTER_CONVERSION_TILETOVECTOR_MATHPASSES

include "mlir/Pass/PassBase.td"

def ExpandMath : Pass<"expand-math"> {
  let summary = "Replace elementary functions by sinter's own fixed sequences";
  let description = [{
    `math.exp`, `math.exp2`, `math.log`, `math.sin` and `math.cos` over f32
    scalars and vectors become polynomials of fused multiply-adds and integer
    operations, so that a result has the same bits on every machine and no
    library function is called.

    Before:
    ```mlir
    %y = math.exp %x : vector<16xf32>
    ```
    After: one clamp, one reduction by ln 2, seven `math.fma`, two products.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect",
                           "mlir::math::MathDialect"];
  let statistics = [
    Statistic<"expanded", "expanded", "Number of functions expanded">
  ];
}

def VerifyMachine : Pass<"verify-machine"> {
  let summary = "Refuse mathematics whose bits a library or back end would choose";
  let description = [{
    Of the `math` dialect only fma, sqrt, roundeven, absf, ctpop and cttz
    may reach LLVM. Everything else would become a library call or an
    approximation. Refused as well: fast-math flags, `vector.fma` (it becomes
    `llvm.fmuladd`, which may or may not be fused) and `vector.reduction` of
    floats (its order is not ours).
  }];
}

#endif // SINTER_CONVERSION_TILETOVECTOR_MATHPASSES
