// RuleTest.cpp - the draws of verifier rules.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/Jit.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace sinter::test;

namespace {

constexpr size_t kVocabulary = 8, kPadded = 32, kPositions = 4, kMost = 3;
constexpr int kDraws = 200000;
/// 7 degrees of freedom are above this once in 10000 times. The draws are the
/// same in every run.
constexpr double kChiSquare = 29.88;

struct Settings {
  float temperature = 1;
  int64_t topK = 0;
  float topP = 1, minP = 0;
};

/// An op whose operands before the draw's are `buffers`, of `types`.
std::string kernelText(const std::string &op, const std::string &drafted,
                       const std::string &attributes = "",
                       const std::string &types = "",
                       const std::string &token = "memref<1xi32>") {
  return llvm::formatv(R"mlir(
    func.func @k(%l: memref<1x32xf32>, %w: memref<64xf32>, %ids: memref<6xi32>,
        %q: memref<4x32xf32>, %s: memref<32xf32>, %t: {4}, %seed: i64,
        %pos: index, %tb: i32, %k: index, %pb: i32, %mb: i32, %count: index,
        %dense: index) {{
      %temp = arith.bitcast %tb : i32 to f32
      %p = arith.bitcast %pb : i32 to f32
      %m = arith.bitcast %mb : i32 to f32
      %row = arith.constant 0 : index
      {0} -> %t row(%row) {1} seed(%seed) position(%pos) temperature(%temp)
        top_k(%k) top_p(%p) min_p(%m) {{vocabulary = 8{2}}
        : memref<1x32xf32>, memref<64xf32>{3} -> {4}
      return
    })mlir",
                       op, drafted, attributes, types, token);
}

const std::string kDrafted = "drafted(%count)";
const std::string kIds = ", memref<6xi32>";

std::string proposalText() {
  return kernelText("tile.sample_proposal %l, %w, %q", "", "",
                    ", memref<4x32xf32>");
}
std::string rejectText() {
  return kernelText("tile.sample_reject %l, %w, %ids proposals(%q : "
                    "memref<4x32xf32>) if(%dense)",
                    kDrafted, "", kIds);
}
std::string typicalText(const std::string &epsilon, const std::string &delta) {
  return kernelText(
      "tile.sample_typical %l, %w, %ids", kDrafted,
      ", epsilon = " + epsilon + " : f32, delta = " + delta + " : f32", kIds);
}
std::string judgedText() {
  return kernelText("tile.sample_judged %l, %w, %ids, %s", kDrafted, "",
                    kIds + ", memref<32xf32>", "memref<2xi32>");
}
std::string sampleText() { return kernelText("tile.sample %l, %w", ""); }

/// A kernel of these and what it works on.
class Drawer {
public:
  explicit Drawer(const std::string &text)
      : kernel(text, levels().back()), logits(kPadded, 1e30f),
        work(2 * kPadded), scores(kPadded), proposals(kPositions * kPadded),
        ids(2 * kMost), token(2) {}

  void set(const std::vector<float> &values) {
    std::copy(values.begin(), values.end(), logits.data);
  }
  int32_t draw(const Settings &s, int64_t seed, int64_t position,
               const std::vector<int32_t> &drafted = {}, bool dense = false) {
    std::copy(drafted.begin(), drafted.end(), ids.data);
    kernel.run({logits.arg(), work.arg(), ids.arg(), proposals.arg(),
                scores.arg(), token.arg(), uint64_t(seed), uint64_t(position),
                bits(s.temperature), uint64_t(s.topK), bits(s.topP),
                bits(s.minP), drafted.size(), dense},
               2);
    return token[0];
  }
  float *proposalsOf(int64_t position) {
    return proposals.data + position % kPositions * kPadded;
  }

  Kernel kernel;
  Buffer<float> logits, work, scores, proposals;
  Buffer<int32_t> ids, token;
};

/// What a softmax with top-k leaves of each id.
std::vector<double> lawOf(const std::vector<float> &logits, const Settings &s) {
  std::vector<float> sorted = logits;
  std::sort(sorted.rbegin(), sorted.rend());
  float least = sorted[(s.topK ? s.topK : kVocabulary) - 1];
  std::vector<double> p(kVocabulary);
  for (size_t i = 0; i < kVocabulary; ++i)
    p[i] = logits[i] >= least
               ? std::exp((double(logits[i]) - sorted[0]) / s.temperature)
               : 0;
  double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double &x : p)
    x /= sum;
  return p;
}

double chiSquare(const std::vector<int> &counts,
                 const std::vector<double> &law) {
  double sum = 0, all = std::accumulate(counts.begin(), counts.end(), 0);
  for (size_t i = 0; i < law.size(); ++i) {
    if (law[i] == 0) {
      EXPECT_EQ(counts[i], 0) << i;
      continue;
    }
    double expected = law[i] * all;
    sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return sum;
}

const std::vector<float> kTarget = {0.3f, 1.2f,  -0.4f, 2.0f,
                                    0.1f, -1.5f, 0.9f,  1.0f};
const std::vector<float> kDraft = {1.1f,  0.2f, 0.4f, 1.5f,
                                   -2.0f, 0.8f, 0.0f, 1.3f};

TEST(Reject, OneHotSiblingsKeepTheLaw) {
  Drawer drawer(rejectText());
  drawer.set(kTarget);
  for (Settings s : {Settings{1}, Settings{0.8f, 5}})
    for (const std::vector<int32_t> &drafted :
         {std::vector<int32_t>{3}, {1, 6}, {2, 3, 7}}) {
      std::vector<int> counts(kVocabulary);
      for (int i = 0; i < kDraws; ++i)
        ++counts[drawer.draw(s, i, i % 1000, drafted)];
      EXPECT_LT(chiSquare(counts, lawOf(kTarget, s)), kChiSquare)
          << drafted.size() << " siblings, temperature " << s.temperature;
    }
}

/// `count` different ids, drawn from `q` one after another.
std::vector<int32_t> siblings(std::vector<double> q, size_t count,
                              std::mt19937_64 &random) {
  std::vector<int32_t> drawn;
  while (drawn.size() < count) {
    std::discrete_distribution<int32_t> draw(q.begin(), q.end());
    drawn.push_back(draw(random));
    q[drawn.back()] = 0;
  }
  return drawn;
}

TEST(Reject, SiblingsOfADenseProposalKeepTheLaw) {
  Drawer drawer(rejectText());
  drawer.set(kTarget);
  for (Settings s : {Settings{1}, Settings{0.8f, 5}}) {
    auto law = lawOf(kTarget, s), q = lawOf(kDraft, s);
    for (size_t count : {1, 2, 3}) {
      std::mt19937_64 random(count);
      std::vector<int> counts(kVocabulary);
      int first = 0;
      for (int i = 0; i < kDraws; ++i) {
        auto drafted = siblings(q, count, random);
        std::copy(q.begin(), q.end(), drawer.proposalsOf(i));
        int32_t token = drawer.draw(s, i, i, drafted, true);
        ++counts[token];
        first += token == drafted[0];
      }
      EXPECT_LT(chiSquare(counts, law), kChiSquare)
          << count << " siblings, temperature " << s.temperature;
      if (count > 1)
        continue;
      // One id is kept as often as two laws can agree, which one-hot
      // verification of the same ids does not reach.
      double agree = 0;
      for (size_t i = 0; i < kVocabulary; ++i)
        agree += std::min(law[i], q[i]);
      EXPECT_NEAR(first / double(kDraws), agree,
                  5 * std::sqrt(agree * (1 - agree) / kDraws));
    }
  }
}

TEST(Reject, ProposalsAreVerifiedByTheirProbabilities) {
  Drawer draft(proposalText()), target(rejectText());
  draft.set(kDraft);
  target.set(kTarget);
  Settings s{0.8f, 6};
  auto law = lawOf(kTarget, s), q = lawOf(kDraft, s);
  std::vector<int> counts(kVocabulary), drafts(kVocabulary);
  for (int i = 0; i < kDraws; ++i) {
    int32_t id = draft.draw(s, i / 1000, i % 1000);
    ++drafts[id];
    const float *row = draft.proposalsOf(i % 1000);
    std::copy(row, row + kPadded, target.proposalsOf(i % 1000));
    if (i == 0)
      for (size_t j = 0; j < kVocabulary; ++j)
        EXPECT_NEAR(row[j], q[j], 1e-6);
    ++counts[target.draw(s, i / 1000, i % 1000, {id}, true)];
  }
  EXPECT_LT(chiSquare(drafts, q), kChiSquare);
  EXPECT_LT(chiSquare(counts, law), kChiSquare);
}

TEST(Reject, ADraftOfTheSameModelIsAlwaysKept) {
  Drawer draft(proposalText()), target(rejectText());
  draft.set(kTarget);
  target.set(kTarget);
  for (int i = 0; i < 2000; ++i) {
    int32_t id = draft.draw({1}, 5, i);
    const float *row = draft.proposalsOf(i);
    std::copy(row, row + kPadded, target.proposalsOf(i));
    ASSERT_EQ(target.draw({1}, 5, i, {id}, true), id);
  }
}

TEST(Reject, WhatCannotBeDrawnIsNeverKept) {
  Drawer drawer(rejectText());
  auto x = kTarget;
  x[2] = -std::numeric_limits<float>::infinity();
  x[5] = std::numeric_limits<float>::quiet_NaN();
  drawer.set(x);
  for (int i = 0; i < 2000; ++i)
    for (int32_t drafted : {2, 5, 0}) {
      int32_t token = drawer.draw({1, 4}, 1, i, {drafted});
      ASSERT_TRUE(token == 1 || token == 3 || token == 6 || token == 7);
    }
  // And where one id has everything, it is kept.
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(drawer.draw({1, 1}, 1, i, {3}), 3);
}

/// Rules that leave alone what tile.sample draws.
TEST(Rules, AreASampleWithoutDraftsAndWhenGreedy) {
  Drawer sample(sampleText());
  sample.set(kTarget);
  for (const std::string &text :
       {rejectText(), typicalText("0.3", "0.3"), judgedText()}) {
    Drawer rule(text);
    rule.set(kTarget);
    for (int i = 0; i < 500; ++i)
      for (Settings s : {Settings{1}, {0.7f, 4}, {1.5f, 0, 0.8f, 0.05f}, {0}})
        ASSERT_EQ(rule.draw(s, 9, i), sample.draw(s, 9, i)) << text;
  }
  for (const std::string &text :
       {rejectText(), typicalText("1.0", "1.0e9"), judgedText()}) {
    Drawer rule(text);
    rule.set(kTarget);
    std::fill_n(rule.scores.data, kPadded, -1.0f);
    for (int32_t id = 0; id < int32_t(kVocabulary); ++id)
      EXPECT_EQ(rule.draw({0}, 9, 1, {id}), 3) << text;
  }
}

TEST(Typical, KeepsWhatIsLikelyEnough) {
  for (Settings s : {Settings{1}, Settings{0.5f, 6}, Settings{2, 0}}) {
    auto p = lawOf(kTarget, s);
    double entropy = 0;
    for (double x : p)
      entropy -= x > 0 ? x * std::log(x) : 0;
    for (auto [epsilon, delta] :
         {std::pair(0.09, 0.3), {0.3, 0.9}, {0.02, 1.0}}) {
      Drawer rule(typicalText(llvm::formatv("{0:f3}", epsilon),
                              llvm::formatv("{0:f3}", delta)));
      Drawer sample(sampleText());
      rule.set(kTarget);
      sample.set(kTarget);
      double bound = std::min(epsilon, delta * std::exp(-entropy));
      for (int32_t id = 0; id < int32_t(kVocabulary); ++id)
        for (int i = 0; i < 20; ++i)
          EXPECT_EQ(rule.draw(s, 3, i, {id}),
                    p[id] > bound ? id : sample.draw(s, 3, i))
              << id << " has " << p[id] << ", the bound is " << bound;
    }
  }
}

TEST(Typical, LimitsAreAlwaysAndExact) {
  Drawer always(typicalText("0.0", "0.3")), exact(typicalText("1.0", "1.0e9")),
      sample(sampleText());
  for (Drawer *drawer : {&always, &exact, &sample})
    drawer->set(kTarget);
  for (int i = 0; i < 200; ++i)
    for (Settings s : {Settings{1}, Settings{0}})
      for (int32_t id = 0; id < int32_t(kVocabulary); ++id) {
        EXPECT_EQ(always.draw(s, 3, i, {id}), id);
        EXPECT_EQ(exact.draw(s, 3, i, {id}), sample.draw(s, 3, i));
      }
}

TEST(Judge, KeepsWhatWouldBeDrawnOrIsJudgedWell) {
  Drawer rule(judgedText()), sample(sampleText());
  rule.set(kTarget);
  sample.set(kTarget);
  for (int i = 0; i < 300; ++i) {
    int32_t drawn = sample.draw({1}, 3, i);
    for (float score : {-1.0f, 0.0f, 1.0f}) {
      rule.ids[kMost] = 4; // rows
      rule.ids[kMost + 1] = 1;
      rule.scores[4] = -1;
      rule.scores[1] = score;
      EXPECT_EQ(rule.draw({1}, 3, i, {5, 2}),
                drawn != 5 && score > 0 ? 2 : drawn);
      EXPECT_EQ(rule.token[1], drawn);
    }
  }
}

TEST(Judge, ScoresAreDots) {
  constexpr int64_t columns = 50;
  auto weights = randomFloats(columns, 1), x = randomFloats(3 * 64, 2);
  std::string list;
  for (float w : weights)
    list += llvm::formatv("{0}{1:f9}", list.empty() ? "" : ", ", w).str();
  Kernel kernel(llvm::formatv(R"mlir(
    func.func @k(%x: memref<3x64xf32>, %s: memref<32xf32>, %n: index) {{
      tile.judge %x -> %s rows(%n) {{weights = dense<[{0}]> : tensor<50xf32>,
        bias = -0.25 : f32} : memref<3x64xf32> -> memref<32xf32>
      return
    })mlir",
                              list),
                levels().back());
  Buffer<float> rows(x), scores(32, 7);
  kernel.run({rows.arg(), scores.arg(), 2}, 2);
  for (int r = 0; r < 2; ++r) {
    double want = -0.25;
    for (int i = 0; i < columns; ++i)
      want += double(weights[i]) * x[r * 64 + i];
    EXPECT_NEAR(scores[r], want, 1e-5);
  }
  EXPECT_EQ(scores[2], 7);
}

TEST(Summarize, EntropyAndTheTwoBest) {
  for (int64_t vocabulary : {8, 50}) {
    Kernel kernel(llvm::formatv(R"mlir(
      func.func @k(%l: memref<1x{0}xf32>, %s: memref<32xf32>) {{
        %row = arith.constant 0 : index
        tile.summarize %l -> %s row(%row) {{vocabulary = {1}}
          : memref<1x{0}xf32> -> memref<32xf32>
        return
      })mlir",
                                (vocabulary + 31) / 32 * 32, vocabulary),
                  levels().back());
    Buffer<float> logits((vocabulary + 31) / 32 * 32, 1e30f), summary(32);
    auto x = randomFloats(vocabulary, 4);
    for (float &v : x)
      v *= 5;
    x[1] = -std::numeric_limits<float>::infinity();
    std::copy(x.begin(), x.end(), logits.data);
    kernel.run({logits.arg(), summary.arg()}, 2);
    double most = *std::max_element(x.begin(), x.end()), sum = 0, entropy = 0;
    std::vector<double> p;
    for (float v : x)
      sum += std::exp(v - most);
    for (float v : x)
      p.push_back(std::exp(v - most) / sum);
    for (double v : p)
      entropy -= v > 0 ? v * std::log(v) : 0;
    std::sort(p.rbegin(), p.rend());
    EXPECT_NEAR(summary[0], entropy, 1e-5);
    EXPECT_NEAR(summary[1], p[0], 1e-6);
    EXPECT_NEAR(summary[2], p[1], 1e-6);
  }
}

} // namespace
