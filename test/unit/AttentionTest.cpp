// AttentionTest.cpp - attention against double precision, and its bits.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Tile/AttentionWork.h"
#include "test/unit/KvPages.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

using namespace sinter::test;

namespace {

struct Shape {
  size_t heads, kvHeads, dim;
  std::string keys = "f16", values = "f16"; // types of the pages
  size_t window = 0, sinks = 0;
  bool bf16 = false; // products
};

size_t roundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

/// A cache of random keys and values in shuffled pages; slots that no position
/// uses hold NaN. Queries for every position.
struct Problem {
  Problem(Shape shape, size_t length, bool shuffle = true)
      : shape(shape), length(length), pageCount(length / 16 + 2),
        stride(roundUp(shape.heads * shape.dim, 32)), pages(pageCount),
        k(true, shape.keys, shape.kvHeads, shape.dim, pageCount),
        v(false, shape.values, shape.kvHeads, shape.dim, pageCount),
        keys(randomFloats(length * shape.kvHeads * shape.dim, 11)),
        values(randomFloats(length * shape.kvHeads * shape.dim, 12)),
        queries(randomFloats(length * stride, 13)) {
    std::iota(pages.data, pages.data + pageCount, 0);
    if (shuffle)
      std::shuffle(pages.data, pages.data + pageCount, std::mt19937(5));
    for (float &q : queries)
      q *= 3; // so that weights differ
    for (size_t p = 0; p < length; ++p)
      for (size_t g = 0; g < shape.kvHeads; ++g) {
        place(k, keys, p, g);
        place(v, values, p, g);
      }
  }

  size_t at(size_t p, size_t g, size_t d) const {
    return (p * shape.kvHeads + g) * shape.dim + d;
  }
  /// From here on `numbers` are what the pages hold.
  void place(KvPages &plane, std::vector<float> &numbers, size_t p, size_t g) {
    float *head = &numbers[at(p, g, 0)];
    auto held = plane.put(pages[p / 16], p % 16, g, head);
    std::copy(held.begin(), held.end(), head);
  }

  std::string text() const {
    return llvm::formatv(
        R"mlir(
      func.func @k(%x: memref<4096x{0}xf32>, %k: memref<4096x{1}>,
          %v: memref<4096x{2}>, %p: memref<4096xi32>, %w: memref<65536xi8>,
          %o: memref<4096x{0}xf32>, %n: index, %at: index) {{
        tile.attention %x, %k, %v, %p work(%w) -> %o rows(%n) at(%at)
          {{q_col = 0, heads = {3}, kv_heads = {4}, head_dim = {5}, scale = 0.15 : f32,
           window = {6}, sinks = {7}{8}}
          : memref<4096x{0}xf32>, memref<4096x{1}>, memref<4096x{2}>,
            memref<4096xi32>, memref<65536xi8> -> memref<4096x{0}xf32>
        return
      })mlir",
        stride, k.pageType(), v.pageType(), shape.heads, shape.kvHeads,
        shape.dim, shape.window, shape.sinks, shape.bf16 ? ", dots16" : "");
  }
  bool sees(size_t row, size_t p) const {
    return p <= row &&
           (!shape.window || p + shape.window > row || p < shape.sinks);
  }

  /// Rows [first, first + rows) of the result.
  std::vector<float> run(const Kernel &kernel, size_t first, size_t rows,
                         unsigned workers = 1, bool reversed = false) const {
    Buffer<float> x(
        std::vector<float>(queries.begin() + first * stride,
                           queries.begin() + (first + rows) * stride));
    Buffer<float> out(rows * stride, std::numeric_limits<float>::quiet_NaN());
    sinter::tile::AttentionWork sizes(shape.heads, shape.kvHeads, shape.dim);
    // Exactly what a session has; NaN, for nothing of it may be read unwritten.
    Buffer<char> work(sizes.bytes + sizes.bytesPerPosition * length +
                          sizes.bytesPerWorker * workers,
                      char(0xff));
    kernel.run({x.arg(), k.arg(), v.arg(), pages.arg(), work.arg(), out.arg(),
                rows, first},
               workers, reversed);
    return out.values();
  }

  double expected(size_t row, size_t head, size_t d,
                  std::vector<double> &weights) const {
    double sum = 0, o = 0;
    for (size_t p = 0; p <= row; ++p) {
      sum += weights[p];
      o += weights[p] * values[at(p, head / (shape.heads / shape.kvHeads), d)];
    }
    return o / sum;
  }
  std::vector<double> weightsOf(size_t row, size_t head) const {
    std::vector<double> w(row + 1);
    double most = -1e300;
    for (size_t p = 0; p <= row; ++p) {
      double score = 0;
      for (size_t d = 0; d < shape.dim; ++d)
        score += double(queries[row * stride + head * shape.dim + d]) *
                 keys[at(p, head / (shape.heads / shape.kvHeads), d)];
      w[p] = score * double(0.15f);
      if (sees(row, p))
        most = std::max(most, w[p]);
    }
    for (size_t p = 0; p <= row; ++p)
      w[p] = sees(row, p) ? std::exp(w[p] - most) : 0;
    return w;
  }

  Shape shape;
  size_t length, pageCount, stride;
  Buffer<int32_t> pages;
  KvPages k, v;
  std::vector<float> keys, values, queries;
};

const Shape kShapes[] = {{9, 3, 64},
                         {2, 2, 20, "f32", "f32"},
                         {8, 1, 16, "bf16", "f16"},
                         {7, 1, 24, "f32", "i8"},
                         {4, 2, 80, "i8", "i8"},
                         {5, 1, 128, "f16", "bf16"},
                         {3, 3, 32, "i8", "f32"},
                         {16, 2, 96},
                         {6, 2, 64, "f16", "f16", 100, 4},
                         {4, 2, 32, "f16", "f16", 290},
                         {5, 1, 16, "f32", "i8", 17, 270}};
// Products of bf16.
const Shape kRounded[] = {{9, 3, 64, "bf16", "bf16", 0, 0, true},
                          {2, 2, 20, "f32", "f16", 0, 0, true},
                          {7, 1, 24, "i8", "bf16", 0, 0, true},
                          {4, 2, 80, "bf16", "i8", 0, 0, true},
                          {6, 2, 64, "f16", "bf16", 99, 5, true},
                          {5, 1, 16, "bf16", "f32", 17, 270, true}};
std::vector<Shape> allShapes() {
  std::vector<Shape> shapes(std::begin(kShapes), std::end(kShapes));
  shapes.insert(shapes.end(), std::begin(kRounded), std::end(kRounded));
  return shapes;
}

void checkValues(const Problem &problem, const std::vector<float> &out,
                 size_t row) {
  const Shape &s = problem.shape;
  for (size_t h = 0; h < s.heads; ++h) {
    auto weights = problem.weightsOf(row, h);
    for (size_t d = 0; d < s.dim; ++d)
      ASSERT_NEAR(out[row * problem.stride + h * s.dim + d],
                  problem.expected(row, h, d, weights), s.bf16 ? 0.03 : 3e-6)
          << s.heads << "/" << s.kvHeads << " heads of " << s.dim << ", row "
          << row;
  }
  for (size_t c = s.heads * s.dim; c < problem.stride; ++c)
    ASSERT_EQ(out[row * problem.stride + c], 0);
}

TEST(Attention, MatchesDoublePrecision) {
  for (const Shape &shape : allShapes()) {
    Problem problem(shape, 300);
    for (const std::string &level : levels(shape.bf16)) {
      Kernel kernel(problem.text(), level);
      auto out = problem.run(kernel, 0, 300, 2);
      for (size_t row : {0, 1, 15, 16, 17, 100, 254, 255, 256, 257, 299})
        checkValues(problem, out, row);
    }
  }
}

TEST(Attention, LongContext) {
  Problem problem({6, 2, 64}, 1100);
  Kernel kernel(problem.text(), levels().back());
  auto out = problem.run(kernel, 0, 1100, 2);
  for (size_t row : {511, 512, 700, 1023, 1024, 1099})
    checkValues(problem, out, row);
}

TEST(Attention, BitsDependOnNothingButTheRow) {
  for (const Shape &shape : allShapes()) {
    Problem problem(shape, 610);
    std::vector<float> all;
    for (const std::string &level : levels(shape.bf16)) {
      Kernel kernel(problem.text(), level);
      auto one = problem.run(kernel, 0, 610, 1);
      if (all.empty())
        all = one;
      EXPECT_TRUE(sameBits(all, one)) << level;
      EXPECT_TRUE(sameBits(all, problem.run(kernel, 0, 610, 2, true)));
      EXPECT_TRUE(sameBits(all, problem.run(kernel, 0, 610, 5)));
      // One row, a few rows, chunks that begin and end anywhere.
      for (auto [first, rows] :
           std::vector<std::pair<size_t, size_t>>{{0, 1},
                                                  {3, 1},
                                                  {255, 1},
                                                  {256, 1},
                                                  {609, 1},
                                                  {250, 13},
                                                  {100, 4},
                                                  {250, 8},
                                                  {512, 9},
                                                  {500, 70},
                                                  {511, 2}}) {
        std::vector<float> want(all.begin() + first * problem.stride,
                                all.begin() + (first + rows) * problem.stride);
        EXPECT_TRUE(sameBits(want, problem.run(kernel, first, rows)))
            << rows << " rows from " << first << ", " << level;
        EXPECT_TRUE(sameBits(want, problem.run(kernel, first, rows, 2)));
        EXPECT_TRUE(sameBits(want, problem.run(kernel, first, rows, 7)));
      }
    }
    // Where the pages lie does not matter.
    Problem straight(shape, 610, /*shuffle=*/false);
    Kernel kernel(straight.text(), levels()[0]);
    EXPECT_TRUE(sameBits(all, straight.run(kernel, 0, 610)));
  }
}

} // namespace
