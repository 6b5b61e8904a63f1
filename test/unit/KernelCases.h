// KernelCases.h - weights, shapes and references of the kernel tests.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TEST_UNIT_KERNELCASES_H
#define SINTER_TEST_UNIT_KERNELCASES_H

#include "dialects/Encoding/EncodingDialect.h"
#include "dialects/Tile/StripLayout.h"
#include "dialects/Tile/TileOps.h"
#include "test/unit/KernelRunner.h"
#include <string>
#include <vector>

namespace sinter::test {

inline int64_t padded(int64_t n) { return (n + 31) / 32 * 32; }

/// Presets with codes: those that have int8 kernels.
inline constexpr encoding::Preset kCodedPresets[] = {
    encoding::Preset::Q4_0, encoding::Preset::Q4_1, encoding::Preset::Q5_0,
    encoding::Preset::Q5_1, encoding::Preset::Q8_0, encoding::Preset::Q4_K,
    encoding::Preset::Q5_K, encoding::Preset::Q6_K};

/// `rows` x `cols` in the form of a checkpoint, with scales near 2^-6.
std::vector<uint8_t> randomWeights(encoding::Preset preset, int64_t rows,
                                   int64_t cols, uint64_t seed);

tile::PackedAttr packedAttr(encoding::Preset preset, int64_t rows, int64_t cols,
                            tile::Arrange arrange = tile::Arrange::Stack);

std::string textOf(mlir::Attribute attribute);

/// A packed matrix and what it means.
struct Matrix {
  Matrix(encoding::Preset preset, int64_t rows, int64_t cols,
         tile::Arrange arrange = tile::Arrange::Stack, uint64_t seed = 1);

  tile::PackedAttr packed;
  tile::StripLayout layout;
  std::unique_ptr<Memory> bytes;
  /// Rows in the order of the strips, with padding: strips * 32 rows.
  std::vector<std::vector<float>> values;
};

/// Activations after tile.quantize.
struct Quantized {
  /// `starts`: entries of `start` in a block.
  Quantized(int64_t rows, int64_t cols, int64_t starts = 1);
  std::vector<void *> buffers() {
    return {codes.as<void>(), scale.as<void>(), start.as<void>(),
            ssum.as<void>()};
  }
  int64_t groups, blocks, starts;
  Memory codes, scale, start, ssum;
};
/// Their types in tile IR, separated by commas.
std::string quantizedTypes(int64_t rows, int64_t cols, int64_t starts = 1);
/// As parameters %c, %s, %t and %u.
std::string quantizedArguments(int64_t rows, int64_t cols, int64_t starts = 1);

/// tile.quantize of one row, written plainly.
void quantizeRow(const float *x, int64_t blocks, std::vector<int8_t> &codes,
                 std::vector<float> &scale);

/// One output of the int8 kernel: the same operations, one after another.
float dotReference(const Matrix &matrix, int64_t row,
                   const std::vector<int8_t> &codes,
                   const std::vector<float> &scale);
/// One output of the f32 kernel.
float fmaReference(const Matrix &matrix, int64_t row, const float *x);
/// One output of the bf16 kernel.
float bf16Reference(const Matrix &matrix, int64_t row, const float *x);
/// To the nearest bf16, and to 0 below 2^-50.
float toBf16(float x);
/// The product in double.
double exactReference(const Matrix &matrix, int64_t row, const float *x);

} // namespace sinter::test
#endif // SINTER_TEST_UNIT_KERNELCASES_H
