// MathTest.cpp - elementary functions and noise against double precision.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/LaneBuilder.h"
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "test/unit/Jit.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace sinter;
using namespace sinter::test;

namespace {

using Map = llvm::function_ref<Value(LaneBuilder &, Value)>;
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// out[i] = map(in[i]) in vectors of 16; both are f32 or i32 by their types.
template <typename Out, typename In>
std::vector<Out> mapped(const std::vector<In> &in, const std::string &level,
                        Map map) {
  OpBuilder b(&context());
  Location loc = b.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  b.setInsertionPointToStart(module->getBody());
  int64_t padded = (in.size() + 15) / 16 * 16;
  auto type = [&](bool isFloat) {
    Type element = isFloat ? Type(b.getF32Type()) : Type(b.getI32Type());
    return MemRefType::get({padded}, element);
  };
  auto f =
      func::FuncOp::create(b, loc, "k",
                           b.getFunctionType({type(std::is_same_v<In, float>),
                                              type(std::is_same_v<Out, float>)},
                                             {}));
  b.setInsertionPointToStart(f.addEntryBlock());
  LaneBuilder l(b, loc);
  l.loop(l.index(0), l.index(padded), 16, [&](Value i) {
    l.store(map(l, l.load(f.getArgument(0), {i}, 16)), f.getArgument(1), {i});
  });
  func::ReturnOp::create(b, loc);
  Buffer<In> input(padded);
  std::copy(in.begin(), in.end(), input.data);
  Buffer<Out> output(padded);
  Kernel(std::move(module), level).call({input.arg(), output.arg()});
  auto result = output.values();
  result.resize(in.size());
  return result;
}

/// The same on every level.
template <typename Out, typename In>
std::vector<Out> mappedEverywhere(const std::vector<In> &in, Map map) {
  std::vector<Out> first;
  for (const std::string &level : levels()) {
    auto result = mapped<Out>(in, level, map);
    if (first.empty())
      first = result;
    EXPECT_TRUE(sameBits(first, result)) << level;
  }
  return first;
}

std::vector<float> range(float low, float high, size_t count) {
  std::vector<float> x = randomFloats(count, 1);
  for (float &v : x)
    v = low + (v + 1) / 2 * (high - low);
  return x;
}

/// Largest error in units in the last place of the exact result.
double worst(const std::vector<float> &x, const std::vector<float> &y,
             double (*exact)(double)) {
  double error = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double e = exact(double(x[i]));
    float next = std::nextafter(std::fabs(float(e)), kInf);
    double ulp = double(next) - std::fabs(double(float(e)));
    error = std::max(error, std::fabs(e - double(y[i])) / ulp);
  }
  return error;
}

Value mapExp(LaneBuilder &l, Value x) { return emitExp(l.b, l.loc, x); }
Value mapExp2(LaneBuilder &l, Value x) { return emitExp2(l.b, l.loc, x); }
Value mapExp2Low(LaneBuilder &l, Value x) { return emitExp2Low(l.b, l.loc, x); }
Value mapLog(LaneBuilder &l, Value x) { return emitLog(l.b, l.loc, x); }
Value mapSin(LaneBuilder &l, Value x) { return emitSinCos(l.b, l.loc, x).sin; }
Value mapCos(LaneBuilder &l, Value x) { return emitSinCos(l.b, l.loc, x).cos; }
Value mapSilu(LaneBuilder &l, Value x) { return emitSilu(l.b, l.loc, x); }

TEST(Math, ExponentialsAreAccurate) {
  auto x = range(-103, 88.7f, 40000);
  EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapExp), std::exp), 1.0);
  x = range(-149, 127.9f, 40000);
  EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapExp2), std::exp2), 1.0);
  x = range(-126, 0, 40000);
  EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapExp2Low), std::exp2), 1.0);
}

TEST(Math, ExponentialsAtTheEdges) {
  std::vector<float> x = {0, -0.0f, kInf, -kInf, kNaN, 89, -104, 1000, -1000};
  auto y = mappedEverywhere<float>(x, mapExp);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 1);
  EXPECT_EQ(y[2], kInf);
  EXPECT_EQ(y[3], 0);
  EXPECT_TRUE(std::isnan(y[4]));
  EXPECT_EQ(y[5], kInf);
  EXPECT_EQ(y[6], 0);
  EXPECT_EQ(y[7], kInf);
  EXPECT_EQ(y[8], 0);
  y = mappedEverywhere<float>(x, mapExp2);
  EXPECT_EQ(y[2], kInf);
  EXPECT_EQ(y[3], 0);
  EXPECT_TRUE(std::isnan(y[4]));
  EXPECT_EQ(y[5], std::exp2(89.0f));
  x = {0, -126, -126.5f, -1e30f, -kInf, kNaN, -1, -125};
  y = mappedEverywhere<float>(x, mapExp2Low);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], std::ldexp(1.0f, -126));
  EXPECT_EQ(y[2], 0);
  EXPECT_EQ(y[3], 0);
  EXPECT_EQ(y[4], 0);
  EXPECT_TRUE(std::isnan(y[5]));
  EXPECT_EQ(y[6], 0.5f);
  EXPECT_EQ(y[7], std::ldexp(1.0f, -125));
}

TEST(Math, LogarithmIsAccurate) {
  auto x = range(1e-7f, 4, 40000);
  EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapLog), std::log), 1.5);
  x = range(0.9f, 1.1f, 40000);
  EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapLog), std::log), 1.5);
  x = range(1, 3e38f, 40000);
  EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapLog), std::log), 1.5);
  x = range(1e-45f, 1e-38f, 4000); // denormal
  EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapLog), std::log), 1.5);
  x = {0, -0.0f, -1, kInf, kNaN, 1, -kInf};
  auto y = mappedEverywhere<float>(x, mapLog);
  EXPECT_EQ(y[0], -kInf);
  EXPECT_EQ(y[1], -kInf);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(y[3], kInf);
  EXPECT_TRUE(std::isnan(y[4]));
  EXPECT_EQ(y[5], 0);
  EXPECT_TRUE(std::isnan(y[6]));
}

TEST(Math, SineAndCosineAreAccurate) {
  for (float limit : {3.2f, 1e3f, 1e5f, 1e7f}) {
    auto x = range(-limit, limit, 40000);
    EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapSin), std::sin), 1.0);
    EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapCos), std::cos), 1.0);
  }
  std::vector<float> x = {0, kInf, kNaN};
  auto s = mappedEverywhere<float>(x, mapSin);
  auto c = mappedEverywhere<float>(x, mapCos);
  EXPECT_EQ(s[0], 0);
  EXPECT_EQ(c[0], 1);
  EXPECT_TRUE(std::isnan(s[1]) && std::isnan(s[2]));
  EXPECT_TRUE(std::isnan(c[1]) && std::isnan(c[2]));
}

TEST(Math, SiluIsAccurate) {
  auto x = range(-80, 80, 40000);
  auto exact = [](double v) { return v / (1 + std::exp(-v)); };
  EXPECT_LT(worst(x, mappedEverywhere<float>(x, mapSilu), exact), 2.5);
}

TEST(Math, PassesExpandMathOps) {
  auto x = range(-10, 10, 1000);
  auto viaOps =
      mappedEverywhere<float>(x, [](LaneBuilder &l, Value v) -> Value {
        return math::ExpOp::create(l.b, l.loc, v);
      });
  EXPECT_TRUE(sameBits(viaOps, mappedEverywhere<float>(x, mapExp)));
}

/// Philox of (counter, 1, 2, 3) words and key, both from four input words.
std::vector<int32_t> philox(std::array<uint32_t, 4> counter,
                            std::array<uint32_t, 2> key) {
  std::vector<int32_t> lanes(16);
  std::vector<int32_t> words;
  for (int word = 0; word < 4; ++word) {
    auto result =
        mappedEverywhere<int32_t>(lanes, [&](LaneBuilder &l, Value v) {
          auto c = [&](uint32_t k) { return l.addi(v, l.i(v, int32_t(k))); };
          return emitPhilox(
              l.b, l.loc,
              {c(counter[0]), c(counter[1]), c(counter[2]), c(counter[3])},
              {c(key[0]), c(key[1])})[word];
        });
    words.push_back(result[5]);
  }
  return words;
}

// The known answers of the Random123 distribution (philox4x32, 10 rounds).
TEST(Math, PhiloxKnownAnswers) {
  auto words = [](std::array<uint32_t, 4> w) {
    return std::vector<int32_t>(w.begin(), w.end());
  };
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            words({0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            words({0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   {0xa4093822, 0x299f31d0}),
            words({0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Math, UniformAndGumbel) {
  std::vector<int32_t> bits = {0, -1, int32_t(0x80000000), 0x1ff, 0x200};
  auto u = mappedEverywhere<float>(
      bits, [](LaneBuilder &l, Value v) { return emitUniform(l.b, l.loc, v); });
  EXPECT_EQ(u[0], std::ldexp(1.0f, -24));
  EXPECT_EQ(u[1], 1 - std::ldexp(1.0f, -24));
  EXPECT_EQ(u[2], 0.5f + std::ldexp(1.0f, -24));
  EXPECT_EQ(u[3], u[0]); // the low bits are not used
  EXPECT_EQ(u[4], 3 * std::ldexp(1.0f, -24));
  auto g = mappedEverywhere<float>(
      bits, [](LaneBuilder &l, Value v) { return emitGumbel(l.b, l.loc, v); });
  for (size_t i = 0; i < bits.size(); ++i)
    EXPECT_NEAR(g[i], -std::log(-std::log(double(u[i]))), 2e-6) << i;
}

} // namespace
