// Sample.cpp - temperature, top-k, top-p, min-p and the draw.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "lib/Conversion/TileToVector/Sampler.h"

#include <limits>

using namespace mlir;
using FPred = arith::CmpFPredicate;
using IPred = arith::CmpIPredicate;

namespace sinter {
namespace {

constexpr int64_t kStream = 0; // a word of the noise counter

constexpr int64_t kBlock = 4096; // of a sum; a multiple of the lanes
constexpr int64_t kInfinityBits = 0x7f800000;
constexpr int64_t kOneBits = 0x3f800000;
// Noise from 23 bits lies in [-2.82, 16.64]: an id further than their
// difference behind the best one never wins, so it need not be looked at.
constexpr double kNeverWins = 3.3e-9; // < e^-19.5

} // namespace

Sampler::Sampler(LaneBuilder &l, const Draw &op, Best greedy)
    : l(l), op(op), padded(cast<MemRefType>(op.logits.getType()).getDimSize(1)),
      zero(l.index(0)), lanes(l.iota(kLanes, l.i32())), weights(op.work),
      greedy(greedy) {}

Value Sampler::blockedSum(Value end, llvm::function_ref<Value(Value)> body) {
  auto vec = VectorType::get({kLanes}, l.f32());
  return l.loop(zero, end, kBlock, {l.constantF(l.f32(), 0)},
                [&](Value first, ValueRange total) {
                  Value last = l.mins(end, l.addi(first, l.index(kBlock)));
                  Value sum =
                      l.loop(first, last, kLanes, {l.constantF(vec, 0)},
                             [&](Value i, ValueRange s) {
                               return SmallVector<Value>{l.add(s[0], body(i))};
                             })[0];
                  Value block = l.reduce(
                      sum, [&](Value a, Value b) { return l.add(a, b); });
                  return SmallVector<Value>{l.add(total[0], block)};
                })[0];
}

/// (m - logit) / T: 0 at the maximum even if that is infinite, +infinity for a
/// NaN, and NaN (whose bits are beyond infinity's) where there is no id.
Value Sampler::distances(Value logit, Value isId) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Value m = l.splat(greedy.value, kLanes);
  Value a = l.div(l.sub(m, logit), l.splat(op.temperature, kLanes));
  a = l.select(l.cmp(FPred::UNO, a, a), l.f(a, inf), a);
  a = l.select(l.cmp(FPred::OEQ, logit, m), l.f(a, 0), a);
  Value none = l.f(a, std::numeric_limits<double>::quiet_NaN());
  return isId ? l.select(isId, a, none) : a;
}

void Sampler::storeDistances() {
  l.loop(zero, l.index(padded), kLanes, [&](Value i) {
    Value isId = l.cmp(IPred::slt, idsAt(i), l.i(lanes, op.vocabulary));
    Value x = l.load(op.logits, {op.row, i}, kLanes);
    l.store(distances(x, isId), weights, {i});
  });
}

Value Sampler::countUpTo(Value key) {
  Value bound = l.splat(key, kLanes);
  Value counts =
      l.loop(zero, l.index(padded), kLanes, {l.i(lanes, 0)},
             [&](Value i, ValueRange n) {
               Value x = keysOf(l.load(weights, {i}, kLanes));
               Value in = l.cmp(IPred::sle, x, bound);
               return SmallVector<Value>{l.addi(n[0], l.extu(in, l.i32()))};
             })[0];
  return vector::ReductionOp::create(l.b, l.loc, vector::CombiningKind::ADD,
                                     counts);
}

Value Sampler::topKCuts() {
  return l.andi(l.cmp(IPred::sgt, op.topK, zero),
                l.cmp(IPred::slt, op.topK, l.index(op.vocabulary)));
}

/// The largest distance (as bits) that is kept.
Value Sampler::topK() {
  Value k = l.indexCast(op.topK, l.i32());
  Value all = l.i(k, kInfinityBits);
  return l.either(
      topKCuts(),
      [&] {
        return l.narrowDown(l.i(k, 0), all, [&](Value lo, Value hi) {
          Value middle = l.shru(l.addi(lo, hi), 1);
          Value n = countUpTo(middle);
          Value enough = l.cmp(IPred::sge, n, k);
          // Exactly k: no smaller bound is needed.
          Value exact = l.cmp(IPred::eq, n, k);
          Value next = l.select(enough, lo, l.addi(middle, l.i(k, 1)));
          return SmallVector<Value>{l.select(exact, middle, next),
                                    l.select(enough, middle, hi)};
        })[1];
      },
      [&] { return all; });
}

/// Replaces distances by weights (0 beyond `lastKey`) and returns their sum.
Value Sampler::storeWeights(Value lastKey) {
  Value last = l.splat(lastKey, kLanes);
  return blockedSum(l.index(padded), [&](Value i) {
    Value a = l.load(weights, {i}, kLanes);
    Value p = emitExp(l.b, l.loc, l.neg(a));
    p = l.select(l.cmp(IPred::sle, keysOf(a), last), p, l.f(p, 0));
    l.store(p, weights, {i});
    return p;
  });
}

/// A weight that every id of a choice among all reaches: min-p, and what can
/// win at all.
Value Sampler::leastWeight() {
  Value low = l.max(op.minP, l.f(op.minP, kNeverWins));
  return l.select(l.cmp(FPred::OLT, low, l.f(low, 1)), low, l.f(low, 1));
}

/// The same with half of what top-p can leave out at most on average.
Value Sampler::lowestWeight(Value sum) {
  Value low = leastWeight();
  Value rest = l.sub(l.f(sum, 1), op.topP);
  Value average =
      l.mul(l.mul(rest, sum), l.f(sum, 0.5 / double(op.vocabulary)));
  Value more = l.max(average, low);
  Value bound =
      l.select(l.cmp(FPred::OLT, more, l.f(sum, 1)), more, l.f(sum, 1));
  return l.select(l.cmp(FPred::OLT, op.topP, l.f(sum, 1)), bound, low);
}

Value Sampler::compact(llvm::function_ref<Value(Value)> isKept,
                       llvm::function_ref<Value(Value)> value) {
  return l.loop(
      zero, l.index(padded), kLanes, {zero}, [&](Value i, ValueRange n) {
        Value some = forLanes(l, isKept(i), [&](Value lane, Value before) {
          Value j = l.addi(i, lane), at = l.addi(n[0], before);
          Value id = l.bits(l.indexCast(j, l.i32()), l.f32());
          l.store(value(j), weights, {at});
          l.store(id, weights, {l.addi(at, l.index(padded))});
        });
        return SmallVector<Value>{l.addi(n[0], some)};
      })[0];
}

Sampler::Candidates Sampler::candidatesAt(Value i) {
  Value count32 = l.splat(l.indexCast(count, l.i32()), kLanes);
  Value there = l.cmp(IPred::slt, idsAt(i), count32);
  Value at = l.addi(i, l.index(padded));
  return {l.load(weights, {i}, kLanes), keysOf(l.load(weights, {at}, kLanes)),
          there};
}

/// The sum of the weights of at least `weight` (as bits).
Value Sampler::massFrom(Value weight) {
  Value bound = l.splat(weight, kLanes);
  Value count32 = l.splat(l.indexCast(count, l.i32()), kLanes);
  return blockedSum(count, [&](Value i) {
    Value p = l.load(weights, {i}, kLanes);
    Value in = l.andi(l.cmp(IPred::sge, keysOf(p), bound),
                      l.cmp(IPred::slt, idsAt(i), count32));
    return l.select(in, p, l.f(p, 0));
  });
}

/// The largest weight w (as bits) such that the ids of at least w hold the
/// share top-p of the mass.
Value Sampler::topP(Value lowest, Value sum) {
  Value share = op.topP;
  Value low = keysOf(lowest);
  return l.either(
      l.cmp(FPred::OLT, share, l.f(share, 1)),
      [&] {
        Value target = l.mul(share, sum);
        Value one = l.i(low, 1);
        return l.narrowDown(low, l.i(low, kOneBits), [&](Value lo, Value hi) {
          Value up = l.addi(l.subi(hi, lo), one);
          Value middle = l.addi(lo, l.shru(up, 1));
          Value enough = l.cmp(FPred::OGE, massFrom(middle), target);
          return SmallVector<Value>{l.select(enough, middle, lo),
                                    l.select(enough, hi, l.subi(middle, one))};
        })[0];
      },
      [&] { return low; });
}

Value Sampler::noiseBits(Value ids, Purpose purpose) {
  auto word = [&](Value x) {
    return isa<VectorType>(ids.getType()) ? l.splat(x, kLanes) : x;
  };
  Value position = l.indexCast(op.position, l.i32());
  Value low = l.trunci(op.seed, l.i32());
  Value high = l.trunci(l.shru(op.seed, 32), l.i32());
  return emitPhilox(
      l.b, l.loc,
      {word(position), l.i(ids, int64_t(purpose)), l.i(ids, kStream), ids},
      {word(low), word(high)})[0];
}

Value Sampler::uniform(Value id, Purpose purpose) {
  return emitUniform(l.b, l.loc, noiseBits(id, purpose));
}

Best Sampler::chooseBy(Purpose purpose, Value least,
                       llvm::function_ref<Value(const Candidates &)> score,
                       llvm::ArrayRef<Best> others) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  auto vec = VectorType::get({kLanes}, l.f32());
  Value low = l.constantF(vec, -inf);
  Value nobody = l.splat(greedy.id, kLanes);
  auto best =
      l.loop(zero, count, kLanes, {low, nobody}, [&](Value i, ValueRange v) {
        Candidates c = candidatesAt(i);
        c.there = l.andi(c.there, l.cmp(IPred::sge, keysOf(c.weights),
                                        l.splat(least, kLanes)));
        for (const Best &other : others)
          c.there = l.andi(c.there,
                           l.cmp(IPred::ne, c.ids, l.splat(other.id, kLanes)));
        c.ids = l.select(c.there, c.ids, l.i(c.ids, 0));
        Value noise = emitGumbel(l.b, l.loc, noiseBits(c.ids, purpose));
        Value x = l.select(c.there, l.add(noise, score(c)), low);
        Best b = betterOf(l, {v[0], v[1]}, {x, c.ids});
        return SmallVector<Value>{b.value, b.id};
      });
  return bestLane(l, {best[0], best[1]});
}

Value Sampler::choose() { return chooseBut({}).id; }

Best Sampler::chooseBut(llvm::ArrayRef<Best> others) {
  auto vec = VectorType::get({kLanes}, l.f32());
  constexpr double inf = std::numeric_limits<double>::infinity();
  return chooseBy(
      Purpose::Token, least,
      [&](const Candidates &c) {
        Value x = vector::GatherOp::create(l.b, l.loc, vec, op.logits,
                                           ValueRange{op.row, zero}, c.ids,
                                           c.there, l.constantF(vec, -inf));
        return l.neg(distances(x, Value()));
      },
      others);
}

Value Sampler::chooseByWeight(Purpose purpose) {
  return chooseBy(purpose, l.i(least, 1),
                  [&](const Candidates &c) {
                    return emitLog(l.b, l.loc, c.weights);
                  })
      .id;
}

void Sampler::keep() {
  storeDistances();
  Value sum = storeWeights(topK());
  Value lowest = lowestWeight(sum);
  Value bound = l.splat(lowest, kLanes);
  count = compact(
      [&](Value i) {
        return l.cmp(FPred::OGE, l.load(weights, {i}, kLanes), bound);
      },
      [&](Value j) { return l.load(weights, {j}); });
  least = topP(lowest, sum);
}

Value Sampler::sum(llvm::function_ref<Value(Value, Value)> body) {
  return blockedSum(count, [&](Value i) {
    Candidates c = candidatesAt(i);
    Value x = body(c.weights, c.ids);
    return l.select(c.there, x, l.f(x, 0));
  });
}

Value Sampler::replace(llvm::function_ref<Value(Value, Value)> body) {
  return blockedSum(count, [&](Value i) {
    Candidates c = candidatesAt(i);
    Value x = body(c.weights, l.select(c.there, c.ids, l.i(c.ids, 0)));
    x = l.select(c.there, x, l.f(x, 0));
    l.store(x, weights, {i});
    return x;
  });
}

Value Sampler::dropOthers() {
  Value bound = l.splat(least, kLanes);
  return replace([&](Value p, Value) {
    return l.select(l.cmp(IPred::sge, keysOf(p), bound), p, l.f(p, 0));
  });
}

Value Sampler::weightOf(Value id) {
  Value wanted = l.splat(id, kLanes);
  return sum([&](Value p, Value ids) {
    return l.select(l.cmp(IPred::eq, ids, wanted), p, l.f(p, 0));
  });
}

void Sampler::forEach(llvm::function_ref<void(Value, Value)> body) {
  l.loop(zero, count, 1, [&](Value i) {
    Value at = l.addi(i, l.index(padded));
    body(l.load(weights, {i}), keysOf(l.load(weights, {at})));
  });
}

void lowerSample(LaneBuilder &l, tile::SampleOp op, Share share) {
  onFirstWorker(l, share, [&] {
    Best best = emitArgmax(l, op.getLogits(), op.getRow(), op.getVocabulary());
    Value t = op.getTemperature();
    Value token = l.either(
        l.cmp(FPred::OGT, t, l.f(t, 0)),
        [&] {
          Sampler sampler(l, Draw::of(op), best);
          auto draw = [&](void (Sampler::*keep)()) {
            (sampler.*keep)();
            return sampler.choose();
          };
          return l.either(
              sampler.cuts(), [&] { return draw(&Sampler::keep); },
              [&] { return draw(&Sampler::keepWinners); });
        },
        [&] { return best.id; });
    l.store(token, op.getToken(), {l.index(0)});
  });
}

/// Each best id but those before it, and how far it lies behind the first.
static void storeBest(LaneBuilder &l, Value token,
                      llvm::function_ref<Best(ArrayRef<Best>)> next) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const int64_t count = cast<MemRefType>(token.getType()).getDimSize(0) / 2;
  SmallVector<Best> found;
  for (int64_t i = 0; i < count; ++i) {
    Best best = next(found);
    if (i > 0) {
      Value some = l.cmp(FPred::OGT, best.value, l.f(best.value, -inf));
      best.id = l.select(some, best.id, l.i(best.id, -1));
    }
    found.push_back(best);
    l.store(best.id, token, {l.index(i)});
    Value behind = l.sub(found.front().value, best.value);
    l.store(l.bits(behind, l.i32()), token, {l.index(count + i)});
  }
}

void lowerSampleBest(LaneBuilder &l, tile::SampleBestOp op, Share share) {
  auto greedy = [&](ArrayRef<Best> others) {
    return emitArgmax(l, op.getLogits(), op.getRow(), op.getVocabulary(),
                      others);
  };
  onFirstWorker(l, share, [&] {
    Value t = op.getTemperature();
    Value draws = l.cmp(FPred::OGT, t, l.f(t, 0));
    l.when(draws, [&] {
      Sampler sampler(l, Draw::of(op), greedy({}));
      sampler.keep();
      storeBest(l, op.getToken(), [&](ArrayRef<Best> others) {
        return sampler.chooseBut(others);
      });
    });
    l.when(l.xori(draws, l.i(draws, 1)),
           [&] { storeBest(l, op.getToken(), greedy); });
  });
}

} // namespace sinter
