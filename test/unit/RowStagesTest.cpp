// RowStagesTest.cpp - the row lowerings as stages of code objects.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Tile/AttentionWork.h"
#include "test/unit/KernelRunner.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::test;

namespace {

// Everything in a layer but its matrices: one head group of odd size, so that
// no row is a multiple of anything.
constexpr const char *kLayer = R"mlir(
func.func @layer(%x: memref<40x128xf32>, %w: memref<128xf32>, %f: memref<32xf32>,
    %t: memref<40x10x2xf32>, %k: memref<4x1x20x16xf16>, %v: memref<4x1x16x32xf16>,
    %p: memref<4xi32>, %wk: memref<65536xi8>, %a: memref<40x64xf32>, %y: memref<40x64xf32>,
    %n: index, %at: index) attributes {tile.region} {
  tile.rms_norm %x, %w -> %x rows(%n) {cols = 100, eps = 1.0e-5 : f32}
    : memref<40x128xf32>, memref<128xf32> -> memref<40x128xf32>
  tile.rope_table %f -> %t rows(%n) at(%at) : memref<32xf32> -> memref<40x10x2xf32>
  tile.rope %x, %t rows(%n) {first_col = 0, heads = 4, head_dim = 20, rot = 20}
    : memref<40x128xf32>, memref<40x10x2xf32>
  tile.kv_append %x, %k, %v, %p rows(%n) at(%at)
    {k_col = 60, v_col = 80, kv_heads = 1, head_dim = 20}
    : memref<40x128xf32>, memref<4x1x20x16xf16>, memref<4x1x16x32xf16>, memref<4xi32>
  tile.barrier
  tile.attention %x, %k, %v, %p work(%wk) -> %a rows(%n) at(%at)
    {q_col = 0, heads = 3, kv_heads = 1, head_dim = 20, scale = 0.2 : f32}
    : memref<40x128xf32>, memref<4x1x20x16xf16>, memref<4x1x16x32xf16>, memref<4xi32>,
      memref<65536xi8> -> memref<40x64xf32>
  tile.barrier
  tile.gated %a, %x -> %y rows(%n) {cols = 60, gate_col = 0, up_col = 32}
    : memref<40x64xf32>, memref<40x128xf32> -> memref<40x64xf32>
  tile.add %y, %a -> %y rows(%n) {cols = 60}
    : memref<40x64xf32>, memref<40x64xf32> -> memref<40x64xf32>
  return
})mlir";

constexpr const char *kDraw = R"mlir(
func.func @draw(%l: memref<1x1024xf32>, %h: memref<40xi32>, %w: memref<2048xf32>,
    %t: memref<1xi32>, %seed: i64, %pos: index, %temp: f32, %k: index, %p: f32,
    %m: f32, %pen: f32, %win: index) attributes {tile.region} {
  %row = arith.constant 0 : index
  tile.penalize %l, %h row(%row) count(%pos) window(%win) penalty(%pen) {vocabulary = 1000}
    : memref<1x1024xf32>, memref<40xi32>
  tile.sample %l, %w -> %t row(%row) seed(%seed) position(%pos) temperature(%temp)
    top_k(%k) top_p(%p) min_p(%m) {vocabulary = 1000}
    : memref<1x1024xf32>, memref<2048xf32> -> memref<1xi32>
  return
})mlir";

int64_t floatBits(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}

/// 40 rows of the layer in chunks; memory that is not written stays NaN.
std::vector<float> runLayer(const Image &image, int64_t chunk,
                            unsigned workers) {
  Memory w(512), f(128), t(40 * 80), k(4 * 640), v(4 * 1024), p(16),
      a(40 * 256), x(40 * 512);
  tile::AttentionWork sizes(/*heads=*/3, /*kvHeads=*/1, /*headDim=*/20);
  Memory work(sizes.bytes + sizes.bytesPerPosition * 40 +
              sizes.bytesPerWorker * workers);
  Random random(3);
  for (int i = 0; i < 128; ++i)
    w.as<float>()[i] = i < 100 ? random.real() : 0;
  for (int i = 0; i < 32; ++i)
    f.as<float>()[i] = i < 10 ? std::pow(100.0f, -float(i) / 10) : 0;
  const int32_t pages[] = {2, 0, 3, 1};
  std::memcpy(p.as<int32_t>(), pages, sizeof(pages));
  std::vector<float> input(40 * 128), result;
  for (int i = 0; i < 40 * 128; ++i)
    input[i] = i % 128 < 100 ? random.real() : 0;
  for (int64_t at = 0; at < 40; at += chunk) {
    int64_t rows = std::min<int64_t>(chunk, 40 - at);
    Memory y(40 * 256);
    std::memcpy(x.as<float>(), &input[at * 128], rows * 512);
    image.run("layer",
              {x.as<void>(), w.as<void>(), f.as<void>(), t.as<void>(),
               k.as<void>(), v.as<void>(), p.as<void>(), work.as<void>(),
               a.as<void>(), y.as<void>()},
              {rows, at}, workers);
    result.insert(result.end(), y.as<float>(), y.as<float>() + rows * 64);
  }
  return result;
}

TEST(RowStages, LayerHasTheSameBitsEverywhere) {
  std::vector<float> first;
  for (const CpuLevel *level : runnableLevels()) {
    Image image(kLayer, *level);
    for (int64_t chunk : {40, 1, 7})
      for (unsigned workers : {1, 2, 3}) {
        auto result = runLayer(image, chunk, workers);
        if (first.empty())
          first = result;
        ASSERT_EQ(0, std::memcmp(first.data(), result.data(), 40 * 256))
            << level->name.str() << ", chunks of " << chunk << ", " << workers
            << " workers";
      }
  }
  for (float value : first)
    EXPECT_TRUE(std::isfinite(value));
}

TEST(RowStages, DrawIsTheSameEverywhere) {
  std::vector<int32_t> first;
  for (const CpuLevel *level : runnableLevels()) {
    Image image(kDraw, *level);
    std::vector<int32_t> tokens;
    for (int64_t position = 0; position < 40; ++position) {
      Memory logits(4096), history(160), work(8192), token(4);
      Random random(9);
      for (int i = 0; i < 1024; ++i)
        logits.as<float>()[i] = random.real() * 6;
      for (int i = 0; i < 40; ++i)
        history.as<int32_t>()[i] = i * 5;
      image.run("draw",
                {logits.as<void>(), history.as<void>(), work.as<void>(),
                 token.as<void>()},
                {42, position, floatBits(0.8f), 40, floatBits(0.95f),
                 floatBits(0.02f), floatBits(1.1f), 64},
                1 + unsigned(position % 2));
      tokens.push_back(*token.as<int32_t>());
      EXPECT_TRUE(tokens.back() >= 0 && tokens.back() < 1000);
    }
    if (first.empty())
      first = tokens;
    EXPECT_EQ(first, tokens) << level->name.str();
  }
}

} // namespace
