// RowsTest.cpp - norms, gates, rotary positions, cache appends.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/KvPages.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace sinter::test;
using llvm::formatv;

namespace {

size_t padded(size_t cols) { return (cols + 31) / 32 * 32; }

/// `rows` x padded(cols), random, with zeros in the pad columns.
std::vector<float> randomRows(size_t rows, size_t cols, uint64_t seed) {
  std::vector<float> x = randomFloats(rows * padded(cols), seed);
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = cols; c < padded(cols); ++c)
      x[r * padded(cols) + c] = 0;
  return x;
}

constexpr size_t kRows = 7;

/// Runs a kernel whose arguments are `inputs`, then an output of `size` floats
/// that starts as NaN, then a row count and `scalars`: all rows at once, one
/// row at a time with other worker counts, on every level. All must agree.
class RowKernel {
public:
  using Inputs = std::vector<std::vector<float>>;

  RowKernel(std::string text) : text(std::move(text)) {}

  std::vector<float> run(const Inputs &inputs, size_t size) {
    std::vector<float> first;
    for (const std::string &level : levels()) {
      Kernel kernel(text, level);
      for (unsigned workers : {1, 2, 3, 10}) {
        auto result = once(kernel, inputs, size, workers);
        if (first.empty())
          first = result;
        EXPECT_TRUE(sameBits(first, result))
            << level << ", " << workers << " workers";
      }
    }
    return first;
  }

private:
  std::vector<float> once(Kernel &kernel, const Inputs &inputs, size_t size,
                          unsigned workers) {
    std::vector<std::unique_ptr<Buffer<float>>> buffers;
    std::vector<uint64_t> arguments;
    for (const auto &input : inputs) {
      buffers.push_back(std::make_unique<Buffer<float>>(input));
      arguments.push_back(buffers.back()->arg());
    }
    Buffer<float> out(size, std::numeric_limits<float>::quiet_NaN());
    arguments.push_back(out.arg());
    arguments.push_back(kRows);
    kernel.run(arguments, workers, workers == 3);
    return out.values();
  }

  std::string text;
};

TEST(RmsNorm, MatchesDoublePrecision) {
  for (size_t cols : {576, 100, 64, 20, 8}) {
    size_t stride = padded(cols);
    auto x = randomRows(kRows, cols, 1), w = randomRows(1, cols, 2);
    RowKernel kernel(formatv(R"mlir(
      func.func @k(%x: memref<7x{0}xf32>, %w: memref<{0}xf32>, %y: memref<7x{0}xf32>, %n: index) {{
        tile.rms_norm %x, %w -> %y rows(%n) {{cols = {1}, eps = 1.0e-5 : f32}
          : memref<7x{0}xf32>, memref<{0}xf32> -> memref<7x{0}xf32>
        return
      })mlir",
                             stride, cols));
    auto y = kernel.run({x, w}, x.size());
    for (size_t r = 0; r < kRows; ++r) {
      double sum = 0;
      for (size_t c = 0; c < cols; ++c)
        sum += double(x[r * stride + c]) * x[r * stride + c];
      double scale = 1 / std::sqrt(sum / double(cols) + 1e-5);
      for (size_t c = 0; c < stride; ++c)
        ASSERT_NEAR(y[r * stride + c],
                    c < cols ? x[r * stride + c] * scale * w[c] : 0, 1e-6)
            << cols << " columns, row " << r << ", column " << c;
    }
  }
}

TEST(RmsNorm, ReadsFromARowOn) {
  size_t cols = 64;
  auto x = randomRows(kRows, cols, 1), w = randomRows(1, cols, 2);
  auto text = [&](std::string first) {
    return formatv(R"mlir(
      func.func @k(%x: memref<7x64xf32>, %w: memref<64xf32>, %y: memref<7x64xf32>, %n: index, %f: index) {{
        tile.rms_norm %x, %w -> %y rows(%n) {0} {{cols = 64, eps = 1.0e-5 : f32}
          : memref<7x64xf32>, memref<64xf32> -> memref<7x64xf32>
        return
      })mlir",
                   first)
        .str();
  };
  Kernel all(text(""), levels()[0]), some(text("first(%f)"), levels()[0]);
  Buffer<float> in(x), weight(w), y(x.size()), z(x.size());
  all.run({in.arg(), weight.arg(), y.arg(), kRows, 0});
  some.run({in.arg(), weight.arg(), z.arg(), 2, 4});
  for (size_t i = 0; i < 2 * cols; ++i)
    ASSERT_EQ(z[i], y[4 * cols + i]);
}

TEST(Gated, MatchesDoublePrecision) {
  for (size_t cols : {96, 50}) {
    size_t stride = padded(2 * cols), out = padded(cols);
    auto x = randomRows(kRows, 2 * cols, 3);
    for (float &v : x)
      v *= 8;
    RowKernel kernel(formatv(R"mlir(
      func.func @k(%x: memref<7x{0}xf32>, %y: memref<7x{1}xf32>, %n: index) {{
        tile.gated %x, %x -> %y rows(%n) {{cols = {2}, gate_col = 0, up_col = {2}}
          : memref<7x{0}xf32>, memref<7x{0}xf32> -> memref<7x{1}xf32>
        return
      })mlir",
                             stride, out, cols));
    auto y = kernel.run({x}, kRows * out);
    for (size_t r = 0; r < kRows; ++r)
      for (size_t c = 0; c < out; ++c) {
        double g = x[r * stride + c], u = x[r * stride + cols + c];
        ASSERT_NEAR(y[r * out + c], c < cols ? g / (1 + std::exp(-g)) * u : 0,
                    1e-5);
      }
  }
}

TEST(Add, AddsInPlace) {
  size_t cols = 50, stride = padded(cols);
  auto a = randomRows(kRows, cols, 4), b = randomRows(kRows, cols, 5);
  Kernel kernel(R"mlir(
      func.func @k(%a: memref<7x64xf32>, %b: memref<7x64xf32>, %n: index) {
        tile.add %a, %b -> %a rows(%n) {cols = 50}
          : memref<7x64xf32>, memref<7x64xf32> -> memref<7x64xf32>
        return
      })mlir",
                levels()[0]);
  Buffer<float> x(a), y(b);
  kernel.run({x.arg(), y.arg(), 5}, 2);
  for (size_t i = 0; i < a.size(); ++i)
    ASSERT_EQ(x[i], i < 5 * stride ? a[i] + b[i] : a[i]);
}

TEST(Similarity, IsTheCosine) {
  for (size_t cols : {576, 100, 8}) {
    size_t stride = padded(cols);
    auto x = randomRows(kRows, cols, 1), y = randomRows(1, cols, 2);
    auto kernelOf = [&](int row) {
      return RowKernel(formatv(R"mlir(
        func.func @k(%x: memref<7x{0}xf32>, %y: memref<1x{0}xf32>, %s: memref<32xf32>, %n: index) {{
          %row = arith.constant {2} : index
          tile.similarity %x, %y -> %s row(%row) {{cols = {1} : i64}
            : memref<7x{0}xf32>, memref<1x{0}xf32> -> memref<32xf32>
          return
        })mlir",
                               stride, cols, row)
                           .str());
    };
    for (int row : {0, 5}) {
      double xy = 0, xx = 0, yy = 0;
      for (size_t c = 0; c < cols; ++c) {
        double a = x[size_t(row) * stride + c], b = y[c];
        xy += a * b;
        xx += a * a;
        yy += b * b;
      }
      double cosine = xy / std::sqrt(xx * yy);
      float score = kernelOf(row).run({x, y}, 32)[0];
      EXPECT_NEAR(score, std::max(cosine, 0.0), 1e-5);
    }
    // The same row, and one of zeros.
    std::vector<float> same(x.begin(), x.begin() + std::ptrdiff_t(stride));
    EXPECT_NEAR(kernelOf(0).run({x, same}, 32)[0], 1, 1e-6);
    EXPECT_LE(kernelOf(0).run({x, same}, 32)[0], 1);
    EXPECT_EQ(kernelOf(0).run({x, std::vector<float>(stride)}, 32)[0], 0);
  }
}

TEST(Logistic, IsAFunctionOfTheDirectionOfTheRow) {
  for (size_t cols : {576, 100, 8}) {
    size_t stride = padded(cols);
    auto x = randomRows(kRows, cols, 1), w = randomFloats(cols, 2);
    std::string weights;
    for (float weight : w)
      weights += formatv("{0}{1:E8}", weights.empty() ? "" : ", ", weight);
    auto scoreOf = [&](int row, const std::vector<float> &rows) {
      return RowKernel(formatv(R"mlir(
        func.func @k(%x: memref<7x{0}xf32>, %s: memref<32xf32>, %n: index) {{
          %row = arith.constant {1} : index
          tile.logistic %x -> %s row(%row) {{weights = array<f32: {2}>, bias = -0.5 : f32}
            : memref<7x{0}xf32> -> memref<32xf32>
          return
        })mlir",
                               stride, row, weights)
                           .str())
          .run({rows}, 32)[0];
    };
    for (int row : {0, 5}) {
      double dot = 0, squares = 0;
      for (size_t c = 0; c < cols; ++c) {
        double a = x[size_t(row) * stride + c];
        dot += a * w[c];
        squares += a * a;
      }
      double z = dot / std::sqrt(squares / double(cols)) - 0.5;
      EXPECT_NEAR(scoreOf(row, x), 1 / (1 + std::exp(-z)), 1e-5);
      auto larger = x;
      for (float &value : larger)
        value *= 1000;
      EXPECT_NEAR(scoreOf(row, larger), scoreOf(row, x), 1e-5);
    }
    EXPECT_EQ(scoreOf(0, std::vector<float>(kRows * stride)), 0);
  }
}

TEST(MoveRows, CopiesSomeRows) {
  for (size_t width : {576, 8, 40}) {
    auto x = randomFloats(9 * width, 1);
    RowKernel kernel(formatv(R"mlir(
      func.func @k(%x: memref<9x{0}xf32>, %y: memref<12x{0}xf32>, %n: index) {{
        %from = arith.constant 2 : index
        %to = arith.constant 4 : index
        tile.move_rows %x -> %y rows(%n) from(%from) to(%to)
          : memref<9x{0}xf32> -> memref<12x{0}xf32>
        return
      })mlir",
                             width)
                         .str());
    auto y = kernel.run({x}, 12 * width);
    for (size_t i = 0; i < y.size(); ++i) {
      bool moved = i >= 4 * width && i < (4 + kRows) * width;
      EXPECT_EQ(std::isnan(y[i]), !moved) << i;
      if (moved)
        EXPECT_EQ(y[i], x[i - 2 * width]) << i;
    }
  }
}

/// Rows that come in portions of so many.
static std::vector<float> poolOf(const std::vector<float> &x, size_t width,
                                 const std::vector<size_t> &portions) {
  std::string arguments, body;
  RowKernel::Inputs inputs;
  size_t first = 0;
  for (size_t rows : portions) {
    auto begin = x.begin() + std::ptrdiff_t(first * width);
    inputs.emplace_back(begin, begin + std::ptrdiff_t(rows * width));
    arguments += formatv("%x{0}: memref<{1}x{2}xf32>, ", first, rows, width);
    body += formatv(R"mlir(
      %first{0} = arith.constant {0} : index
      %rows{0} = arith.constant {1} : index
      tile.pool %x{0} -> %sum rows(%rows{0}) first(%first{0}) {{cols = {2}}
        : memref<{1}x{2}xf32> -> memref<1x{2}xf32>)mlir",
                    first, rows, width);
    first += rows;
  }
  std::string text = formatv("func.func @k({0}%sum: memref<1x{1}xf32>, %n: "
                             "index) {{{2}\nreturn\n}",
                             arguments, width, body);
  return RowKernel(text).run(inputs, width);
}

TEST(Pool, AddsRowsInAnyPortions) {
  for (size_t width : {576, 32, 96}) {
    auto x = randomFloats(kRows * width, 1);
    auto whole = poolOf(x, width, {kRows});
    EXPECT_TRUE(sameBits(whole, poolOf(x, width, {3, 4})));
    EXPECT_TRUE(sameBits(whole, poolOf(x, width, {1, 1, 5})));
    for (size_t c = 0; c < width; ++c) {
      float sum = 0;
      for (size_t r = 0; r < kRows; ++r)
        sum += x[r * width + c];
      EXPECT_EQ(whole[c], sum) << c;
    }
  }
}

TEST(Cosines, AreThoseOfTheDirections) {
  constexpr size_t kEntries = 5;
  for (size_t cols : {576, 100, 8}) {
    size_t stride = padded(cols);
    auto x = randomRows(1, cols, 1), keys = randomRows(kEntries, cols, 2);
    std::copy(x.begin(), x.end(), keys.begin()); // the first one is the row's
    std::vector<double> expected;
    for (size_t entry = 0; entry < kEntries; ++entry) {
      float *key = keys.data() + entry * stride;
      double squares = 0, own = 0, dot = 0;
      for (size_t c = 0; c < cols; ++c)
        squares += double(key[c]) * key[c];
      for (size_t c = 0; c < cols; ++c) {
        key[c] = float(key[c] / std::sqrt(squares));
        dot += double(x[c]) * key[c];
        own += double(x[c]) * x[c];
      }
      expected.push_back(std::max(0.0, dot / std::sqrt(own)));
    }
    RowKernel kernel(formatv(R"mlir(
      func.func @k(%x: memref<1x{0}xf32>, %keys: memref<5x{0}xf32>, %near: memref<5xf32>, %n: index) {{
        tile.cosines %x, %keys -> %near {{cols = {1}}
          : memref<1x{0}xf32>, memref<5x{0}xf32> -> memref<5xf32>
        return
      })mlir",
                             stride, cols)
                         .str());
    auto near = kernel.run({x, keys}, kEntries);
    for (size_t entry = 0; entry < kEntries; ++entry)
      EXPECT_NEAR(near[entry], expected[entry], 1e-6) << entry;
    EXPECT_NEAR(near[0], 1, 1e-6);
    EXPECT_LE(near[0], 1);
    for (float nothing :
         kernel.run({std::vector<float>(stride), keys}, kEntries))
      EXPECT_EQ(nothing, 0);
  }
}

/// The column that the nearest entries choose; `best` becomes how near the
/// nearest one is.
static int32_t voteOf(const std::vector<float> &near, int nearest, double keep,
                      float &best) {
  // Laws: of entries 0 and 1 the first column is best, of 2 and 3 the second
  // and third alike, of 4 the last.
  std::vector<float> laws = {1.0f, .5f, .5f, 0,   1.0f, .5f, .5f,
                             0,    .2f, .8f, .8f, 0,    .2f, .8f,
                             .8f,  0,   .1f, .1f, .1f,  .2f};
  Buffer<float> table(laws), first(32, 0.f);
  Buffer<int32_t> choice(32, -1);
  for (const std::string &level : levels()) {
    Kernel kernel(formatv(R"mlir(
      func.func @k(%near: memref<5xf32>, %laws: memref<5x4xf32>, %best: memref<32xf32>, %choice: memref<32xi32>) {{
        tile.vote %near, %laws -> %best, %choice {{nearest = {0} : i64, keep = {1:E6} : f32}
          : memref<5xf32>, memref<5x4xf32> -> memref<32xf32>, memref<32xi32>
        return
      })mlir",
                          nearest, keep)
                      .str(),
                  level);
    Buffer<float> own(near);
    kernel.run({own.arg(), table.arg(), first.arg(), choice.arg()}, 2, false);
  }
  best = first.values()[0];
  return choice.values()[0];
}

TEST(Vote, TheNearestChooseTogether) {
  float best = 0;
  EXPECT_EQ(voteOf({.9f, .8f, .1f, .1f, .1f}, 2, 1, best), 0);
  EXPECT_EQ(best, .9f);
  // Of equal sums the shallowest, and two that are near outvote one that is
  // nearer.
  EXPECT_EQ(voteOf({.1f, .1f, .5f, .6f, .1f}, 2, 1, best), 2);
  EXPECT_EQ(voteOf({.9f, .1f, .7f, .7f, .1f}, 3, 1, best), 2);
  EXPECT_EQ(voteOf({.9f, .1f, .7f, .7f, .1f}, 1, 1, best), 0);
  // Half of the best is enough: the last that has it.
  EXPECT_EQ(voteOf({.9f, .8f, .1f, .1f, .1f}, 2, .5, best), 2);
  EXPECT_EQ(voteOf({.1f, .1f, .1f, .1f, .9f}, 1, .5, best), 3);
  EXPECT_EQ(voteOf({0, 0, 0, 0, 0}, 5, 1, best), 3);
  EXPECT_EQ(best, 0);
}

TEST(RopeTable, MatchesDoublePrecision) {
  for (size_t pairs : {32, 10, 16}) {
    std::vector<float> freqs(padded(pairs));
    for (size_t i = 0; i < pairs; ++i)
      freqs[i] = float(std::pow(10000.0, -double(i) / double(pairs)));
    for (size_t at : {0, 1000, 123456}) {
      std::string text = formatv(R"mlir(
        func.func @k(%f: memref<{0}xf32>, %t: memref<7x{1}x2xf32>, %n: index) {{
          %at = arith.constant {2} : index
          tile.rope_table %f -> %t rows(%n) at(%at) : memref<{0}xf32> -> memref<7x{1}x2xf32>
          return
        })mlir",
                                 padded(pairs), pairs, at);
      auto table = RowKernel(text).run({freqs}, kRows * pairs * 2);
      for (size_t r = 0; r < kRows; ++r)
        for (size_t i = 0; i < pairs; ++i) {
          float angle = float(at + r) * freqs[i]; // rounds as the models do
          ASSERT_NEAR(table[(r * pairs + i) * 2], std::cos(double(angle)),
                      6e-8);
          ASSERT_NEAR(table[(r * pairs + i) * 2 + 1], std::sin(double(angle)),
                      6e-8);
        }
    }
  }
}

struct RopeCase {
  size_t heads, dim, rot, first;
  bool interleaved;
};

void checkRope(const RopeCase &c) {
  size_t cols = c.first + c.heads * c.dim + 5, stride = padded(cols);
  size_t pairs = c.rot / 2;
  auto x = randomRows(kRows, cols, 6);
  auto table = randomFloats(kRows * pairs * 2, 7);
  std::string text = formatv(R"mlir(
    func.func @k(%t: memref<7x{1}x2xf32>, %x: memref<7x{0}xf32>, %n: index) {{
      tile.rope %x, %t rows(%n) {{first_col = {2}, heads = {3}, head_dim = {4},
        rot = {5}{6}} : memref<7x{0}xf32>, memref<7x{1}x2xf32>
      return
    })mlir",
                             stride, pairs, c.first, c.heads, c.dim, c.rot,
                             c.interleaved ? ", interleaved" : "");
  std::vector<float> first;
  for (const std::string &level : levels())
    for (unsigned workers : {1, 3}) {
      Buffer<float> t(table), y(x);
      Kernel(text, level).run({t.arg(), y.arg(), kRows}, workers);
      if (first.empty())
        first = y.values();
      EXPECT_TRUE(sameBits(first, y.values())) << level;
    }
  auto expected = std::vector<double>(x.begin(), x.end());
  for (size_t r = 0; r < kRows; ++r)
    for (size_t h = 0; h < c.heads; ++h)
      for (size_t i = 0; i < pairs; ++i) {
        size_t base = r * stride + c.first + h * c.dim;
        size_t a = base + (c.interleaved ? 2 * i : i);
        size_t b = c.interleaved ? a + 1 : a + pairs;
        double cos = table[(r * pairs + i) * 2];
        double sin = table[(r * pairs + i) * 2 + 1];
        expected[a] = x[a] * cos - x[b] * sin;
        expected[b] = x[b] * cos + x[a] * sin;
      }
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(first[i], expected[i], 3e-7) << i;
}

TEST(Rope, RotatesHalvesAndPairs) {
  for (bool interleaved : {false, true}) {
    checkRope({9, 64, 64, 0, interleaved});
    checkRope({3, 64, 32, 64, interleaved}); // a part of the head only
    checkRope({2, 20, 20, 3, interleaved});
    checkRope({2, 80, 80, 0, interleaved});
    checkRope({1, 128, 128, 0, interleaved});
  }
}

void checkAppend(const std::string &keyType, const std::string &valueType,
                 size_t dim) {
  size_t heads = 3, cols = 2 * heads * dim, stride = padded(cols), at = 13;
  auto x = randomRows(kRows, cols, 8);
  x[1] = 1e6f; // beyond what f16 holds
  x[heads * dim + 1] = -1e6f;
  for (size_t d = 0; d < dim; ++d)
    x[2 * stride + dim + d] = 0; // a head without a scale
  std::vector<int32_t> pages = {2, 0, 1};
  KvPages wantK(true, keyType, heads, dim, 3);
  KvPages wantV(false, valueType, heads, dim, 3);
  for (size_t r = 0; r < 6; ++r)
    for (size_t h = 0; h < heads; ++h) {
      const float *row = &x[r * stride + h * dim];
      size_t page = pages[(at + r) / 16], slot = (at + r) % 16;
      wantK.put(page, slot, h, row);
      wantV.put(page, slot, h, row + heads * dim);
    }
  std::string text =
      formatv(R"mlir(
    func.func @k(%x: memref<7x{0}xf32>, %k: memref<9x{1}>,
        %v: memref<9x{2}>, %p: memref<9xi32>, %n: index, %at: index) {{
      tile.kv_append %x, %k, %v, %p rows(%n) at(%at)
        {{k_col = 0, v_col = {3}, kv_heads = 3, head_dim = {4}}
        : memref<7x{0}xf32>, memref<9x{1}>, memref<9x{2}>, memref<9xi32>
      return
    })mlir",
              stride, wantK.pageType(), wantV.pageType(), heads * dim, dim);
  for (const std::string &level : levels()) {
    Kernel kernel(text, level);
    Buffer<float> in(x);
    Buffer<int32_t> ids(pages);
    KvPages k(true, keyType, heads, dim, 3);
    KvPages v(false, valueType, heads, dim, 3);
    // Rows 0 to 4 in one call with two workers, then row 5 alone at its place.
    kernel.run({in.arg(), k.arg(), v.arg(), ids.arg(), 5, at}, 2);
    kernel.run(
        {arg(in.data + 5 * stride), k.arg(), v.arg(), ids.arg(), 1, at + 5});
    EXPECT_TRUE(sameBits(wantK.values(), k.values()))
        << keyType << " keys, dim " << dim << ", " << level;
    EXPECT_TRUE(sameBits(wantV.values(), v.values()))
        << valueType << " values, dim " << dim << ", " << level;
  }
}

TEST(KvAppend, WritesPages) {
  for (size_t dim : {64, 20, 16}) {
    checkAppend("f32", "f32", dim);
    checkAppend("f16", "f16", dim);
    checkAppend("bf16", "i8", dim);
    checkAppend("i8", "bf16", dim);
  }
}

} // namespace
