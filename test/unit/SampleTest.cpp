// SampleTest.cpp - argmax, repetition penalty and sampling.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/Jit.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

using namespace sinter::test;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct Settings {
  float temperature = 1;
  int64_t topK = 0;
  float topP = 1, minP = 0;
};

class Sampler {
public:
  Sampler(size_t vocabulary, const std::string &level = levels().back())
      : vocabulary(vocabulary), padded((vocabulary + 31) / 32 * 32),
        kernel(llvm::formatv(R"mlir(
    func.func @k(%l: memref<2x{0}xf32>, %w: memref<{1}xf32>, %t: memref<1xi32>,
        %seed: i64, %pos: index, %tb: i32, %k: index, %pb: i32, %mb: i32) {{
      %temp = arith.bitcast %tb : i32 to f32
      %p = arith.bitcast %pb : i32 to f32
      %m = arith.bitcast %mb : i32 to f32
      %row = arith.constant 0 : index
      tile.sample %l, %w -> %t row(%row) seed(%seed) position(%pos) temperature(%temp)
        top_k(%k) top_p(%p) min_p(%m) {{vocabulary = {2}}
        : memref<2x{0}xf32>, memref<{1}xf32> -> memref<1xi32>
      return
    })mlir",
                             padded, 2 * padded, vocabulary),
               level),
        logits(2 * padded, 1e30f), work(2 * padded), token(1) {}

  void set(const std::vector<float> &values) {
    std::copy(values.begin(), values.end(), logits.data);
  }
  int32_t draw(const Settings &s, int64_t seed = 1, int64_t position = 0) {
    token[0] = -1;
    kernel.run({logits.arg(), work.arg(), token.arg(), uint64_t(seed),
                uint64_t(position), bits(s.temperature), uint64_t(s.topK),
                bits(s.topP), bits(s.minP)},
               2);
    return token[0];
  }

  size_t vocabulary, padded;
  Kernel kernel;
  Buffer<float> logits, work; // pad columns hold what would win
  Buffer<int32_t> token;
};

/// Word 0 of Philox4x32-10 for (position, 0, 0, id) under `seed`.
uint32_t noiseBits(uint64_t seed, uint32_t position, uint32_t id) {
  std::array<uint32_t, 4> c = {position, 0, 0, id};
  uint32_t k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t(c[0]) * 0xD2511F53, p1 = uint64_t(c[2]) * 0xCD9E8D57;
    c = {uint32_t(p1 >> 32) ^ c[1] ^ k0, uint32_t(p1),
         uint32_t(p0 >> 32) ^ c[3] ^ k1, uint32_t(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c[0];
}

double gumbel(uint64_t seed, uint32_t position, uint32_t id) {
  double u = ((noiseBits(seed, position, id) >> 9) + 0.5) / (1 << 23);
  return -std::log(-std::log(u));
}

/// Weights relative to the best id; 0 for ids that the settings cut off.
std::vector<double> keptWeights(const std::vector<float> &logits,
                                const Settings &s) {
  float most = *std::max_element(logits.begin(), logits.end());
  std::vector<double> w(logits.size());
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = std::exp((double(logits[i]) - most) / s.temperature);
  std::vector<double> sorted = w;
  std::sort(sorted.rbegin(), sorted.rend());
  double bound = 0;
  if (s.topK > 0 && s.topK < int64_t(w.size()))
    bound = sorted[s.topK - 1];
  double sum = 0, mass = 0;
  for (double x : sorted)
    sum += x >= bound ? x : 0;
  if (s.topP < 1)
    for (double x : sorted) {
      mass += x;
      if (mass >= double(s.topP) * sum) {
        bound = std::max(bound, x);
        break;
      }
    }
  bound = std::max(bound, double(s.minP));
  for (double &x : w)
    x = x >= bound * (1 - 1e-9) ? x : 0;
  return w;
}

int32_t reference(const std::vector<float> &logits, const Settings &s,
                  uint64_t seed, uint32_t position) {
  auto w = keptWeights(logits, s);
  int32_t best = -1;
  double bestScore = -1e300;
  for (size_t i = 0; i < w.size(); ++i) {
    double score = std::log(w[i]) + gumbel(seed, position, uint32_t(i));
    if (w[i] > 0 && score > bestScore) {
      bestScore = score;
      best = int32_t(i);
    }
  }
  return best;
}

std::vector<float> someLogits(size_t count, uint64_t seed, float spread) {
  auto x = randomFloats(count, seed);
  for (float &v : x)
    v *= spread;
  return x;
}

TEST(Argmax, LowestIdOfTheLargest) {
  for (size_t vocabulary : {5, 16, 50, 1000}) {
    size_t padded = (vocabulary + 31) / 32 * 32;
    std::string text = llvm::formatv(R"mlir(
      func.func @k(%l: memref<2x{0}xf32>, %w: memref<64xf32>, %t: memref<1xi32>) {{
        tile.argmax %l, %w -> %t {{vocabulary = {1}}
          : memref<2x{0}xf32>, memref<64xf32> -> memref<1xi32>
        return
      })mlir",
                                     padded, vocabulary);
    for (const std::string &level : levels()) {
      Kernel kernel(text, level);
      Buffer<float> logits(2 * padded, 1e30f), work(64);
      Buffer<int32_t> token(1);
      auto run = [&](const std::vector<float> &x) {
        std::copy(x.begin(), x.end(), logits.data);
        kernel.run({logits.arg(), work.arg(), token.arg()}, 2);
        return token[0];
      };
      auto x = someLogits(vocabulary, 1, 9);
      int32_t best = int32_t(std::max_element(x.begin(), x.end()) - x.begin());
      EXPECT_EQ(run(x), best);
      for (float &v : x)
        v = -std::fabs(v) - 1; // below the zeros that masked lanes read as
      EXPECT_EQ(run(x), std::max_element(x.begin(), x.end()) - x.begin());
      x[1] = x[4] = x[vocabulary - 1] = 100; // a tie
      EXPECT_EQ(run(x), 1);
      x[0] = kNaN;
      EXPECT_EQ(run(x), 1);
      x[vocabulary - 1] = kInf;
      EXPECT_EQ(run(x), vocabulary - 1);
      EXPECT_EQ(run(std::vector<float>(vocabulary, kNaN)), 0);
      EXPECT_EQ(run(std::vector<float>(vocabulary, -kInf)), 0);
    }
  }
}

TEST(Sample, TemperatureZeroIsGreedy) {
  Sampler sampler(1000);
  auto x = someLogits(1000, 2, 5);
  x[700] = x[900] = 6;
  sampler.set(x);
  EXPECT_EQ(sampler.draw({0, 0, 1, 0}), 700);
  EXPECT_EQ(sampler.draw({-1, 5, 0.5f, 0.1f}), 700);
  EXPECT_EQ(sampler.draw({kNaN, 5, 0.5f, 0.1f}), 700);
}

TEST(Sample, MatchesReferenceDraws) {
  const Settings settings[] = {
      {1, 0, 1, 0},     {0.7f, 0, 1, 0},          {1, 5, 1, 0},
      {1, 40, 1, 0},    {1, 0, 0.9f, 0},          {1.5f, 0, 0.5f, 0},
      {1, 0, 1, 0.05f}, {0.8f, 40, 0.95f, 0.02f}, {1, 1, 1, 0},
      {5, 0, 0.99f, 0}, {1, 100000, 0.3f, 0},     {1, 0, 0, 0},
      {1, 0, 1, 1}};
  for (size_t vocabulary : {50, 1000, 6007}) {
    for (const std::string &level : levels()) {
      Sampler sampler(vocabulary, level);
      for (float spread : {1.0f, 8.0f}) {
        auto x = someLogits(vocabulary, 3, spread);
        sampler.set(x);
        for (const Settings &s : settings)
          for (uint32_t i = 0; i < 12; ++i) {
            uint64_t seed = 0x123456789abcdefull * (i + 1);
            ASSERT_EQ(sampler.draw(s, int64_t(seed), 100 + i),
                      reference(x, s, seed, 100 + i))
                << vocabulary << " ids, T " << s.temperature << ", k " << s.topK
                << ", p " << s.topP << ", min " << s.minP << ", " << level;
          }
      }
    }
  }
}

/// Most ids of a large vocabulary are left out before noise is computed: none
/// that would win, be the likely ones few or all alike.
TEST(Sample, NobodyWhoWinsIsLeftOut) {
  constexpr size_t kVocabulary = 20011;
  const std::string level = levels().back();
  Sampler sampler(kVocabulary, level);
  for (float spread : {0.0f, 0.5f, 3.0f, 20.0f}) {
    auto x = someLogits(kVocabulary, 11, spread);
    sampler.set(x);
    for (Settings s : {Settings{0.8f, 0, 1, 0}, Settings{3, 0, 1, 1e-4f},
                       Settings{2, 0, 1, 0.1f}})
      for (uint32_t i = 0; i < 60; ++i)
        ASSERT_EQ(sampler.draw(s, int64_t(i) << 33 | i, i),
                  reference(x, s, uint64_t(i) << 33 | i, i))
            << spread << ", T " << s.temperature << ", draw " << i;
  }
}

TEST(Sample, TiesAtAThresholdAreAllKept) {
  Sampler sampler(64);
  std::vector<float> x(64, -20);
  for (int i : {3, 10, 20, 30})
    x[i] = 2; // four equal ids, of which top-k asks for two
  sampler.set(x);
  for (Settings s : {Settings{1, 2, 1, 0}, Settings{1, 0, 0.4f, 0}}) {
    std::map<int32_t, int> seen;
    for (int position = 0; position < 200; ++position)
      ++seen[sampler.draw(s, 7, position)];
    EXPECT_EQ(seen.size(), 4u);
    EXPECT_TRUE(seen.count(3) && seen.count(10) && seen.count(20) &&
                seen.count(30));
  }
}

TEST(Sample, FrequenciesFollowTheSoftmax) {
  Sampler sampler(40);
  auto x = someLogits(40, 4, 2);
  sampler.set(x);
  for (Settings s : {Settings{1, 0, 1, 0}, Settings{2, 20, 0.9f, 0}}) {
    auto w = keptWeights(x, s);
    double sum = std::accumulate(w.begin(), w.end(), 0.0);
    constexpr int draws = 20000;
    std::vector<int> count(40);
    for (int i = 0; i < draws; ++i)
      ++count[sampler.draw(s, i / 5000, i % 5000)];
    for (size_t i = 0; i < 40; ++i) {
      double p = w[i] / sum;
      // Five standard deviations; the draws are the same in every run.
      EXPECT_NEAR(count[i] / double(draws), p,
                  5 * std::sqrt(p * (1 - p) / draws) + 1e-12)
          << i;
    }
  }
}

TEST(Sample, SurvivesWhatIsNoNumber) {
  Sampler sampler(100);
  auto x = someLogits(100, 5, 3);
  for (size_t i = 0; i < 100; i += 3)
    x[i] = kNaN;
  sampler.set(x);
  for (int position = 0; position < 50; ++position) {
    int32_t id = sampler.draw({1, 0, 0.9f, 0}, 3, position);
    ASSERT_TRUE(id >= 0 && id < 100 && id % 3 != 0) << id;
  }
  for (float fill : {kNaN, -kInf, kInf}) {
    sampler.set(std::vector<float>(100, fill));
    for (Settings s : {Settings{1, 5, 0.9f, 0.1f}, Settings{1, 0, 1, 0},
                       Settings{1e-30f, 3, kNaN, kNaN}}) {
      int32_t id = sampler.draw(s);
      EXPECT_TRUE(id >= 0 && id < 100) << id;
    }
  }
  x.assign(100, 0);
  x[17] = kInf;
  sampler.set(x);
  EXPECT_EQ(sampler.draw({1, 0, 1, 0}), 17);
  x[17] = 3e38f; // the quotient by T would overflow
  sampler.set(x);
  EXPECT_EQ(sampler.draw({1e-3f, 10, 0.5f, 0}), 17);
}

TEST(Penalize, EachIdOnce) {
  std::string text = R"mlir(
    func.func @k(%l: memref<2x1024xf32>, %h: memref<4096xi32>, %n: index,
        %w: index, %pb: i32) {
      %p = arith.bitcast %pb : i32 to f32
      %row = arith.constant 0 : index
      tile.penalize %l, %h row(%row) count(%n) window(%w) penalty(%p) {vocabulary = 1000}
        : memref<2x1024xf32>, memref<4096xi32>
      return
    })mlir";
  auto x = someLogits(1024, 6, 4);
  std::vector<int32_t> history;
  for (int i = 0; i < 100; ++i)
    history.push_back(i * i % 37);
  history[60] = -5;   // not ids: left alone
  history[61] = 1010; // a pad column
  for (const std::string &level : levels()) {
    Kernel kernel(text, level);
    for (int64_t window : {0, 1, 17, 64, 100, 1000, -3})
      for (float penalty : {1.3f, 1.0f, 0.5f}) {
        Buffer<float> logits(2048);
        std::copy(x.begin(), x.end(), logits.data);
        Buffer<int32_t> ids(history);
        kernel.run(
            {logits.arg(), ids.arg(), 100, uint64_t(window), bits(penalty)}, 2);
        auto want = x;
        size_t from = 100 - std::clamp<int64_t>(window, 0, 100);
        std::vector<bool> done(1024);
        for (size_t i = from; i < 100; ++i) {
          int32_t id = history[i];
          if (id < 0 || id >= 1000 || done[id])
            continue;
          done[id] = true;
          want[id] = want[id] > 0 ? want[id] / penalty : want[id] * penalty;
        }
        std::vector<float> got(logits.data, logits.data + 1024);
        ASSERT_TRUE(sameBits(want, got)) << window << " " << penalty;
      }
  }
}

} // namespace
