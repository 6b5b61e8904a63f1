// TermsTest.cpp - activations in two int8 terms.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/KernelCases.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::test;
using encoding::Preset;
using llvm::formatv;

namespace {

constexpr int64_t kRows = 6;

std::string regionText(const Matrix &matrix, int64_t terms) {
  int64_t cols = matrix.layout.cols, starts = matrix.layout.scalesPerBlock();
  return formatv(
      "func.func @head(%x: memref<{0}x{1}xf32>, {6}, %w: memref<{2}xi8>, "
      "%o: memref<{0}x{3}xf32>, %n: index) attributes {{tile.region} {{\n"
      "  tile.quantize %x -> %c, %s, %t, %u rows(%n) {{zero = {4} : i64, "
      "terms = {7} : i64} : memref<{0}x{1}xf32> -> {8}\n"
      "  tile.barrier\n"
      "  tile.contract q8(%c, %s, %t, %u : {8}) %w : memref<{2}xi8> -> %o : "
      "memref<{0}x{3}xf32> rows(%n) {{weight = {5}, terms = {7} : i64}\n"
      "  return\n}\n",
      kRows, cols, matrix.layout.totalBytes, padded(matrix.layout.rows),
      matrix.layout.zero, textOf(matrix.packed),
      quantizedArguments(kRows * terms, cols, starts), terms,
      quantizedTypes(kRows * terms, cols, starts));
}

struct Result {
  Result(const Matrix &matrix, const Image &image, int64_t terms, int64_t rows,
         unsigned workers, Memory &x)
      : cols(padded(matrix.layout.rows)), out(kRows * cols * 4) {
    Quantized q(kRows * terms, matrix.layout.cols,
                matrix.layout.scalesPerBlock());
    std::vector<void *> buffers = {x.as<void>()};
    for (void *buffer : q.buffers())
      buffers.push_back(buffer);
    buffers.push_back(matrix.bytes->as<void>());
    buffers.push_back(out.as<void>());
    image.run("head", buffers, {rows}, workers);
  }
  const float *row(int64_t r) { return out.as<float>() + r * cols; }
  int64_t cols;
  Memory out;
};

class Terms : public testing::TestWithParam<Preset> {
protected:
  Terms()
      : cols(encoding::blockElements(GetParam()) == 256 ? 256 : 96),
        matrix(GetParam(), 70, cols), x(kRows * cols * 4) {
    Random random(7);
    for (int64_t i = 0; i < kRows * cols; ++i)
      x.as<float>()[i] = random.real();
    std::memset(x.as<float>() + 2 * cols, 0, cols * 4); // a row of zeros
  }

  /// Root mean square distance from the product in double.
  double distance(int64_t terms) {
    Image image(regionText(matrix, terms), *runnableLevels().front());
    Result result(matrix, image, terms, kRows, 1, x);
    double sum = 0;
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t n = 0; n < matrix.layout.rows; ++n) {
        double expected = exactReference(matrix, n, x.as<float>() + r * cols);
        sum += std::pow(result.row(r)[n] - expected, 2);
      }
    return std::sqrt(sum / (kRows * matrix.layout.rows));
  }

  int64_t cols;
  Matrix matrix;
  Memory x;
};

// A second term is worth about eight more bits; f32 sums set the floor.
TEST_P(Terms, TwoAreFarCloserThanOne) {
  EXPECT_LT(distance(2), distance(1) / 50);
}

TEST_P(Terms, SameBitsForAnyRowsWorkersAndLevel) {
  Image best(regionText(matrix, 2), *runnableLevels().front());
  Result all(matrix, best, 2, kRows, 1, x);
  for (const CpuLevel *level : runnableLevels()) {
    Image image(regionText(matrix, 2), *level);
    for (int64_t rows : {1, 2, 3, 5})
      for (unsigned workers : {1u, 2u}) {
        Result result(matrix, image, 2, rows, workers, x);
        for (int64_t r = 0; r < rows; ++r)
          ASSERT_EQ(std::memcmp(result.row(r), all.row(r), all.cols * 4), 0)
              << level->name.str() << " rows " << rows << " workers " << workers
              << " row " << r;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Presets, Terms, testing::ValuesIn(kCodedPresets),
                         [](const auto &info) {
                           return std::string(encoding::presetName(info.param));
                         });

} // namespace
