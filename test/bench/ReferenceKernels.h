// ReferenceKernels.h - contractions written by hand, to measure generated ones.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TEST_BENCH_REFERENCEKERNELS_H
#define SINTER_TEST_BENCH_REFERENCEKERNELS_H

#include "dialects/Encoding/Presets.h"
#include "dialects/Tile/StripLayout.h"

namespace sinter::test {

/// What a contraction reads and writes: the buffers of tile.contract.
struct ReferenceCall {
  const int8_t *codes;  // [rows / 4][blocks][4][32]
  const float *scale;   // [rows / 4][blocks][4]
  const int32_t *start; // as scale; not read where codes have minima
  const float *ssum;    // as scale
  const char *weights;  // in strips
  float *out;           // [rows][strips * 32]
};

/// Multiplies the first `rows` rows, on one thread.
using ReferenceKernel = void (*)(const ReferenceCall &call,
                                 const tile::StripLayout &layout, int64_t rows);

/// For AVX-512 with VNNI; null if there is none for the encoding, or the
/// machine lacks the instructions.
ReferenceKernel referenceKernel(encoding::Preset preset);

} // namespace sinter::test
#endif // SINTER_TEST_BENCH_REFERENCEKERNELS_H
