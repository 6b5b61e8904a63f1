// ContractTest.cpp - contractions against plain loops, bit for bit.
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

constexpr int64_t kMaxRows = 37;
constexpr int64_t kRowCounts[] = {1, 2, 3, 4, 5, 6, 7, 8, 13, 31, 37};

enum class Epilogue { None, BiasResidual, Silu };
enum class Input { Int8, F32, Bf16 };

struct Case {
  Preset preset;
  int64_t rows, cols; // of the matrix
  Epilogue epilogue;
  Input input;

  bool quantized() const { return input == Input::Int8; }
  const char *element() const {
    return quantized() ? "int8" : input == Input::F32 ? "f32" : "bf16";
  }
  bool gated() const { return epilogue == Epilogue::Silu; }
  int64_t outputs() const { return gated() ? rows / 2 : rows; }
};

std::string name(const Case &c) {
  return formatv("{0} {1}x{2} {3} epilogue {4}",
                 std::string(encoding::presetName(c.preset)), c.rows, c.cols,
                 c.element(), int(c.epilogue));
}

std::string kernelText(const Case &c, const Matrix &matrix) {
  int64_t starts = matrix.layout.scalesPerBlock();
  std::string floats =
      formatv("memref<{0}x{1}x{2}>", kMaxRows, padded(c.cols), c.element());
  std::string input = c.quantized()
                          ? quantizedArguments(kMaxRows, c.cols, starts)
                          : "%x: " + floats;
  std::string use = c.quantized()
                        ? formatv("q8(%c, %s, %t, %u : {0})",
                                  quantizedTypes(kMaxRows, c.cols, starts))
                              .str()
                        : formatv("{0}(%x : {1})", c.element(), floats).str();
  std::string out =
      formatv("memref<{0}x{1}xf32>", kMaxRows, padded(c.outputs()));
  std::string bias = formatv("memref<{0}xf32>", padded(c.outputs()));
  std::string extra;
  if (c.epilogue == Epilogue::BiasResidual)
    extra = formatv("bias(%b : {0}) residual(%r : {1}) ", bias, out);
  if (c.gated())
    extra = "gate(silu) ";
  return formatv("func.func @contract({0}, %w: memref<{1}xi8>, %b: {2}, "
                 "%r: {3}, %o: {3}, %n: index) attributes {{tile.region} {{\n"
                 "  tile.contract {4} %w : memref<{1}xi8> {5}-> %o : {3} "
                 "rows(%n) {{weight = {6}}\n  return\n}\n",
                 input, matrix.layout.totalBytes, bias, out, use, extra,
                 textOf(matrix.packed));
}

/// Everything a kernel reads and what it should write.
struct Problem {
  Problem(const Case &c, const Matrix &matrix);
  /// Of output `n` of row `row`: bit for bit, and in double.
  float expected(int64_t row, int64_t n) const {
    return wanted[row * c.outputs() + n].first;
  }
  double exact(int64_t row, int64_t n) const {
    return wanted[row * c.outputs() + n].second;
  }
  void quantizeInto(Quantized &to) const;

  const Case &c;
  const Matrix &matrix;
  std::vector<std::vector<float>> x;
  std::vector<std::vector<int8_t>> codes;
  std::vector<std::vector<float>> scales;
  Memory input, bias, residual;

private:
  float computeExpected(int64_t row, int64_t output) const;
  double computeExact(int64_t row, int64_t output) const;
  std::vector<std::pair<float, double>> wanted;
  float sum(int64_t row, int64_t matrixRow) const {
    switch (c.input) {
    case Input::Int8:
      return dotReference(matrix, matrixRow, codes[row], scales[row]);
    case Input::F32:
      return fmaReference(matrix, matrixRow, x[row].data());
    case Input::Bf16:
      return bf16Reference(matrix, matrixRow, x[row].data());
    }
  }
};

Problem::Problem(const Case &c, const Matrix &matrix)
    : c(c), matrix(matrix), codes(kMaxRows), scales(kMaxRows),
      input(kMaxRows * padded(c.cols) * 4), bias(padded(c.outputs()) * 4),
      residual(kMaxRows * padded(c.outputs()) * 4) {
  Random random(c.rows * 131 + c.cols);
  for (int64_t row = 0; row < kMaxRows; ++row) {
    x.emplace_back(padded(c.cols), 0.0f);
    for (int64_t k = 0; k < c.cols; ++k)
      x[row][k] = random.real();
    quantizeRow(x[row].data(), padded(c.cols) / 32, codes[row], scales[row]);
    for (int64_t k = 0; k < padded(c.cols); ++k)
      if (c.input == Input::Bf16)
        input.as<uint16_t>()[row * padded(c.cols) + k] =
            encoding::floatToBfloat(toBf16(x[row][k]));
      else
        input.as<float>()[row * padded(c.cols) + k] = x[row][k];
    for (int64_t n = 0; n < padded(c.outputs()); ++n)
      residual.as<float>()[row * padded(c.outputs()) + n] =
          n < c.outputs() ? random.real() : 0;
  }
  for (int64_t n = 0; n < padded(c.outputs()); ++n)
    bias.as<float>()[n] = n < c.outputs() ? random.real() : 0;
  for (int64_t row = 0; row < kMaxRows; ++row)
    for (int64_t n = 0; n < c.outputs(); ++n)
      wanted.emplace_back(computeExpected(row, n), computeExact(row, n));
}

void Problem::quantizeInto(Quantized &to) const {
  for (int64_t row = 0; row < kMaxRows; ++row)
    for (int64_t block = 0; block < to.blocks; ++block) {
      int64_t at = (row / 4 * to.blocks + block) * 4 + row % 4;
      std::memcpy(to.codes.as<int8_t>() + at * 32, &codes[row][block * 32], 32);
      int sum = 0;
      for (int64_t part = 0; part < to.starts; ++part) {
        int before = sum;
        for (int e = 0; e < 32 / to.starts; ++e)
          sum += codes[row][block * 32 + 32 / to.starts * part + e];
        int64_t start = block * to.starts + part;
        to.start.as<int32_t>()[(row / 4 * to.blocks * to.starts + start) * 4 +
                               row % 4] =
            -int32_t(matrix.layout.zero) * (sum - before);
      }
      to.scale.as<float>()[at] = scales[row][block];
      to.ssum.as<float>()[at] = scales[row][block] * float(sum);
    }
}

/// Bit-exact but for the exponential of a gate.
float Problem::computeExpected(int64_t row, int64_t output) const {
  float result = sum(row, output);
  if (c.epilogue == Epilogue::BiasResidual) {
    result += bias.as<float>()[output];
    result += residual.as<float>()[row * padded(c.outputs()) + output];
  }
  return result;
}

double Problem::computeExact(int64_t row, int64_t output) const {
  if (c.gated()) {
    int64_t gate = output / 16 * 32 + output % 16;
    double g = sum(row, gate), u = sum(row, gate + 16);
    return g / (1 + std::exp(-g)) * u;
  }
  double result = exactReference(matrix, output, x[row].data());
  if (c.epilogue == Epilogue::BiasResidual)
    result += double(bias.as<float>()[output]) +
              residual.as<float>()[row * padded(c.outputs()) + output];
  return result;
}

void checkRow(const Problem &problem, const Memory &out, int64_t row) {
  const Case &c = problem.c;
  const float *values = out.as<float>() + row * padded(c.outputs());
  for (int64_t n = 0; n < c.outputs(); ++n) {
    double exact = problem.exact(row, n);
    if (!c.gated())
      ASSERT_EQ(values[n], problem.expected(row, n))
          << "row " << row << " output " << n;
    double tolerance =
        c.gated()       ? 1e-5 * std::fabs(exact) + 1e-12
        : c.quantized() ? 0.02 * std::sqrt(c.cols)
        : c.input == Input::Bf16
            ? 0.004 * std::sqrt(c.cols)
            : 1e-6 * c.cols * std::max(1.0, std::fabs(exact) / 64);
    ASSERT_NEAR(values[n], exact, tolerance)
        << "row " << row << " output " << n;
  }
  for (int64_t n = c.outputs(); n < padded(c.outputs()); ++n)
    ASSERT_EQ(values[n], 0) << "pad column " << n;
}

void check(const Case &c) {
  SCOPED_TRACE(name(c));
  Matrix matrix(c.preset, c.rows, c.cols,
                c.gated() ? tile::Arrange::Interleave16 : tile::Arrange::Stack);
  Problem problem(c, matrix);
  Quantized quantized(kMaxRows, c.cols, matrix.layout.scalesPerBlock());
  problem.quantizeInto(quantized);
  Memory first(kMaxRows * padded(c.outputs()) * 4);
  bool haveFirst = false;
  for (const CpuLevel *level : runnableLevels()) {
    SCOPED_TRACE(level->name.str());
    Image image(kernelText(c, matrix), *level);
    for (int64_t rows : kRowCounts)
      for (unsigned workers : {1u, 2u}) {
        image.traits = workers == 2 ? SINTER_TRAIT_STREAMS : 0;
        Memory out(first.size());
        std::vector<void *> buffers =
            c.quantized() ? quantized.buffers()
                          : std::vector<void *>{problem.input.as<void>()};
        for (const Memory *memory : std::initializer_list<const Memory *>{
                 matrix.bytes.get(), &problem.bias, &problem.residual, &out})
          buffers.push_back(memory->as<void>());
        image.run("contract", buffers, {rows}, workers);
        int64_t stride = padded(c.outputs());
        if (!haveFirst && rows == kMaxRows) {
          haveFirst = true;
          std::memcpy(first.as<char>(), out.as<char>(), out.size());
        }
        for (int64_t row = 0; row < rows; ++row)
          checkRow(problem, out, row);
        if (haveFirst) {
          EXPECT_EQ(std::memcmp(first.as<float>(), out.as<float>(),
                                rows * stride * 4),
                    0)
              << rows << " rows, " << workers << " workers";
        }
        for (int64_t i = rows * stride; i < kMaxRows * stride; ++i)
          ASSERT_EQ(out.as<uint32_t>()[i], 0xffffffffu)
              << "wrote row " << i / stride;
        if (testing::Test::HasFatalFailure())
          return;
      }
  }
}

class Int8Contract : public testing::TestWithParam<Preset> {};

/// A multiple of the columns that the encoding's blocks have.
int64_t columns(Preset preset, int64_t blocks) {
  return encoding::blockElements(preset) == 256 ? 256 * ((blocks + 3) / 4)
                                                : 32 * blocks;
}

TEST_P(Int8Contract, EveryShape) {
  for (auto [rows, blocks] : {std::pair(32, 1), std::pair(71, 5)})
    check({GetParam(), rows, columns(GetParam(), blocks), Epilogue::None,
           Input::Int8});
}

TEST_P(Int8Contract, BiasAndResidual) {
  check({GetParam(), 72, columns(GetParam(), 3), Epilogue::BiasResidual,
         Input::Int8});
}

TEST_P(Int8Contract, Gate) {
  check({GetParam(), 2 * 40, columns(GetParam(), 3), Epilogue::Silu,
         Input::Int8});
}

INSTANTIATE_TEST_SUITE_P(Presets, Int8Contract,
                         testing::ValuesIn(kCodedPresets),
                         [](const auto &info) {
                           return std::string(encoding::presetName(info.param));
                         });

class FloatContract : public testing::TestWithParam<Preset> {};

/// More than one panel of 256 columns.
int64_t manyColumns(Preset preset) {
  return encoding::blockElements(preset) == 256 ? 512 : 352;
}

TEST_P(FloatContract, EveryShape) {
  int64_t cols = manyColumns(GetParam());
  check({GetParam(), 45, cols, Epilogue::BiasResidual, Input::F32});
  check({GetParam(), 2 * 24, cols, Epilogue::Silu, Input::F32});
}

TEST_P(FloatContract, EveryShapeInBf16) {
  int64_t cols = manyColumns(GetParam());
  check({GetParam(), 45, cols, Epilogue::BiasResidual, Input::Bf16});
  check({GetParam(), 2 * 24, cols, Epilogue::Silu, Input::Bf16});
}

INSTANTIATE_TEST_SUITE_P(Presets, FloatContract,
                         testing::ValuesIn(encoding::kPresets),
                         [](const auto &info) {
                           return std::string(encoding::presetName(info.param));
                         });

/// Calls of older runtimes have no traits.
TEST(FloatContract, ACallWithoutTraits) {
  Case c{Preset::BF16, 64, 64, Epilogue::None, Input::F32};
  Matrix matrix(c.preset, c.rows, c.cols);
  Problem problem(c, matrix);
  Memory out(3 * 64 * 4);
  Image image(kernelText(c, matrix), *runnableLevels().front());
  image.abi = SINTER_KERNEL_ABI_STAGES;
  image.run("contract",
            {problem.input.as<void>(), matrix.bytes->as<void>(),
             problem.bias.as<void>(), problem.residual.as<void>(),
             out.as<void>()},
            {3});
  for (int64_t row = 0; row < 3; ++row)
    checkRow(problem, out, row);
}

TEST(FloatContract, ColumnsThatAreNoMultipleOf32) {
  for (Input input : {Input::F32, Input::Bf16}) {
    check({Preset::F16, 40, 50, Epilogue::None, input});
    check({Preset::F32, 33, 7, Epilogue::None, input});
  }
}

} // namespace
