// Bf16.h - rounding to bf16, and products of such numbers.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bf16 dot adds the products of two pairs to an f32 sum: the odd elements
// with one fma, then the even ones with another. Some CPUs have it as an
// instruction, which takes and leaves no denormal numbers; elsewhere it is
// written as these two. Rounding makes numbers below 2^-50 zero: what is left
// are multiples of 2^-57, so that every sum is zero or at least 2^-114, no
// denormal can arise, and both forms give the same bits.
#ifndef SINTER_CONVERSION_TILETOVECTOR_BF16_H
#define SINTER_CONVERSION_TILETOVECTOR_BF16_H

#include "lib/Conversion/TileToVector/LaneBuilder.h"

namespace sinter {

class Bf16 {
public:
  using Value = mlir::Value;

  /// `native`: the CPU has dots of 16 pairs.
  Bf16(LaneBuilder &builder, bool native) : l(builder), native(native) {}

  /// What rounding makes of a number that is known not to be tiny.
  enum class Size { Any, NotTiny };

  /// f32 to the nearest bf16, ties to even.
  Value narrow(Value x, Size size = Size::Any);
  /// The same of two vectors, lane by lane: low[0], high[0], low[1], ...
  Value zip(Value low, Value high, Size size = Size::Any);
  /// Of two vectors of bf16 that need no rounding.
  Value zipRounded(Value low, Value high);
  /// The pair at `at`, `lanes` times.
  Value splatPair(Value memref, mlir::ValueRange at, int64_t lanes);
  /// Keeps the low element of each pair where `low` (i1), and so on.
  Value keep(Value pairs, Value low, Value high);
  /// sum + products of the pairs in each lane.
  Value dot(Value pairs, Value others, Value sum);

private:
  Value withoutTiny(Value x);
  Value rounded(Value x, Size size);
  Value words(Value pairs);

  LaneBuilder &l;
  bool native;
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_BF16_H
