// SampleWinner.cpp - a draw among all ids computes the noise of few.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An id wins by noise - a. Noise is at most kMostNoise: an id that lies further
// behind than this leaves over the sum of any other one is not looked at.
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "lib/Conversion/TileToVector/Sampler.h"

#include <limits>

using namespace mlir;
using FPred = arith::CmpFPredicate;
using IPred = arith::CmpIPredicate;

namespace sinter {
namespace {

constexpr double kMostNoise = 16.7;  // > -log(-log(1 - 2^-24))
constexpr double kNearby = 3;        // a of ids that are likely to win
constexpr double kRounding = 1.0001; // of a distance
constexpr double kMargin = 0.001;    // of a where a weight is the least one

Value atMost(LaneBuilder &l, Value x, Value most) {
  return l.select(l.cmp(FPred::OLT, most, x), most, x);
}

} // namespace

Value Sampler::cuts() {
  return l.ori(topKCuts(), l.cmp(FPred::OLT, op.topP, l.f(op.topP, 1)));
}

/// Ids of the vector at `i` whose a is at most `reach`, and some that are not
/// numbers or tie at infinity: a tells.
Value Sampler::isNear(Value i, Value reach) {
  Value behind = l.sub(l.splat(greedy.value, kLanes),
                       l.load(op.logits, {op.row, i}, kLanes));
  Value bound = l.splat(l.mul(reach, op.temperature), kLanes);
  return l.andi(l.cmp(FPred::ULE, behind, bound),
                l.cmp(IPred::slt, idsAt(i), l.i(lanes, op.vocabulary)));
}

/// The best noise - a of ids nearby whose weight is `least` or more, that is
/// whose a is about `most` or less.
Value Sampler::bestSumNearby(Value least, Value most) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Value none = l.constantF(VectorType::get({kLanes}, l.f32()), -inf);
  Value bound = l.splat(least, kLanes);
  Value reach = atMost(l, l.constantF(l.f32(), kNearby), most);
  Value sums =
      l.loop(zero, l.index(padded), kLanes, {none}, [&](Value i, ValueRange v) {
        Value near = isNear(i, reach);
        auto better = [&] {
          Value x = l.load(op.logits, {op.row, i}, kLanes);
          Value minusA = l.neg(distances(x, Value()));
          Value enough = l.cmp(FPred::OGE, emitExp(l.b, l.loc, minusA), bound);
          Value noise =
              emitGumbel(l.b, l.loc, noiseBits(idsAt(i), Purpose::Token));
          return l.max(
              l.select(l.andi(near, enough), l.add(noise, minusA), none), v[0]);
        };
        return SmallVector<Value>{
            l.either(anyLane(l, near), better, [&] { return v[0]; })};
      })[0];
  return l.reduce(sums, [&](Value x, Value y) { return l.max(x, y); });
}

void Sampler::keepWinners() {
  Value lowest = leastWeight();
  Value most = l.neg(emitLog(l.b, l.loc, lowest));
  most = l.add(l.mul(most, l.f(most, kRounding)), l.f(most, kMargin));
  Value best = bestSumNearby(lowest, most);
  Value reach = l.mul(l.sub(l.f(best, kMostNoise), best), l.f(best, kRounding));
  reach = atMost(l, reach, most);
  count = compact([&](Value i) { return isNear(i, reach); },
                  [&](Value j) { return l.load(op.logits, {op.row, j}); });
  replace([&](Value x, Value) {
    return emitExp(l.b, l.loc, l.neg(distances(x, Value())));
  });
  least = keysOf(lowest);
}

} // namespace sinter
