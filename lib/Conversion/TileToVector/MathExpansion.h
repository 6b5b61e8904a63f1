// MathExpansion.h - fixed sequences for elementary functions and noise.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every function here is one fixed sequence of IEEE operations (add, multiply,
// fma, division, integer operations), so its result has the same bits on every
// machine. Arguments are f32 (or i32) scalars or one-dimensional vectors.
#ifndef SINTER_CONVERSION_TILETOVECTOR_MATHEXPANSION_H
#define SINTER_CONVERSION_TILETOVECTOR_MATHEXPANSION_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

#include <array>

namespace sinter {

/// 2^x for x < 127.5: 0 below -126 (no denormal results), NaN stays NaN.
/// Attention uses it, where x <= 0.
mlir::Value emitExp2Low(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
/// The same for a result that is rounded to bf16; 0 below -49.
mlir::Value emitExp2Bf16(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

/// 2^x and e^x on the whole range: infinity on overflow, denormal results
/// rounded once, 0 below them, NaN stays NaN. Within 2 units in the last place.
mlir::Value emitExp2(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
mlir::Value emitExp(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

/// ln x: -infinity at 0, NaN below, +infinity and NaN as themselves. Within 2
/// units in the last place, denormal arguments included.
mlir::Value emitLog(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

struct SinCos {
  mlir::Value sin, cos;
};
/// Reduced and evaluated in f64, rounded once: within 1 unit in the last place
/// for |x| < 1e9. NaN at infinity.
SinCos emitSinCos(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

/// x / (1 + e^-x).
mlir::Value emitSilu(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

/// Philox4x32-10 of four i32 counter words and two key words.
std::array<mlir::Value, 4> emitPhilox(mlir::OpBuilder &b, mlir::Location loc,
                                      std::array<mlir::Value, 4> counter,
                                      std::array<mlir::Value, 2> key);

/// The upper 23 of 32 random bits as a number in (0, 1): (n + 1/2) / 2^23.
mlir::Value emitUniform(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value bits);

/// -ln(-ln(uniform)): standard Gumbel noise from 32 random bits.
mlir::Value emitGumbel(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value bits);

/// Rewrites math.exp, exp2, log, sin and cos over f32 to the sequences above.
void populateMathExpansionPatterns(mlir::RewritePatternSet &patterns);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_MATHEXPANSION_H
