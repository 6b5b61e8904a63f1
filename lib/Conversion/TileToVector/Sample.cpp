// Sample.cpp - temperature, top-k, top-p, min-p and the draw.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With m the largest logit, a = (m - logit) / T >= 0 is the distance of an id
// and p = e^-a its weight (the best id has weight 1). Both are non-negative
// floats, whose bits are in order as integers: every threshold is found by
// bisection on bits, is exact, and keeps all ids that tie at it.
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "lib/Conversion/TileToVector/Vocabulary.h"

#include <limits>

using namespace mlir;
using FPred = arith::CmpFPredicate;
using IPred = arith::CmpIPredicate;

namespace sinter {
namespace {

// Words of the noise counter beside position and id.
constexpr int64_t kPurposeSample = 0;
constexpr int64_t kStream = 0;

constexpr int64_t kBlock = 4096; // of a sum; a multiple of the lanes
constexpr int64_t kInfinityBits = 0x7f800000;
constexpr int64_t kOneBits = 0x3f800000;
// Noise from 23 bits lies in [-2.82, 16.64]: an id further than their
// difference behind the best one never wins, so it need not be looked at.
constexpr double kNeverWins = 3.3e-9; // < e^-19.5

class Sampler {
public:
  Sampler(LaneBuilder &l, tile::SampleOp op);
  /// Draws an id; `greedy` is the best one, and the answer if none is a number.
  Value draw(Best greedy);

private:
  Value distances(Value logits, Value isId);
  void storeDistances();
  Value topK();
  Value countUpTo(Value key);
  Value storeWeights(Value lastKey);
  Value lowestWeight(Value sum);
  Value compact(Value lowest);
  Value topP(Value count, Value lowest, Value sum);
  Value massFrom(Value count, Value weight);
  Value noise(Value ids);
  Value choose(Value count, Value weight);

  /// Sum over vectors [0, end) of body(i): 16 lanes in blocks of 4096, each
  /// reduced by the tree, blocks added from left to right.
  Value blockedSum(Value end, llvm::function_ref<Value(Value)> body);
  Value idsAt(Value i) {
    return l.addi(lanes, l.splat(l.indexCast(i, l.i32()), kLanes));
  }
  Value keysOf(Value x) { return l.bits(x, l.i32()); }

  LaneBuilder &l;
  tile::SampleOp op;
  int64_t vocabulary, padded;
  Value zero, lanes, logits;
  Value weights; // first half of the work memory: a, then p, then p compacted
  Best greedy;
};

Sampler::Sampler(LaneBuilder &l, tile::SampleOp op)
    : l(l), op(op), vocabulary(op.getVocabulary()),
      padded(cast<MemRefType>(op.getLogits().getType()).getDimSize(1)),
      zero(l.index(0)), lanes(l.iota(kLanes, l.i32())), logits(op.getLogits()),
      weights(op.getWork()) {}

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
  Value a = l.div(l.sub(m, logit), l.splat(op.getTemperature(), kLanes));
  a = l.select(l.cmp(FPred::UNO, a, a), l.f(a, inf), a);
  a = l.select(l.cmp(FPred::OEQ, logit, m), l.f(a, 0), a);
  Value none = l.f(a, std::numeric_limits<double>::quiet_NaN());
  return isId ? l.select(isId, a, none) : a;
}

void Sampler::storeDistances() {
  l.loop(zero, l.index(padded), kLanes, [&](Value i) {
    Value isId = l.cmp(IPred::slt, idsAt(i), l.i(lanes, vocabulary));
    Value x = l.load(logits, {op.getRow(), i}, kLanes);
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

/// The largest distance (as bits) that is kept.
Value Sampler::topK() {
  Value k = l.indexCast(op.getTopK(), l.i32());
  Value all = l.i(k, kInfinityBits);
  Value cuts = l.andi(l.cmp(IPred::sgt, op.getTopK(), zero),
                      l.cmp(IPred::slt, op.getTopK(), l.index(vocabulary)));
  return l.either(
      cuts,
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

/// A weight that every id of the final choice reaches: min-p, what can win at
/// all, and half of what top-p can leave out at most on average.
Value Sampler::lowestWeight(Value sum) {
  Value low = l.max(op.getMinP(), l.f(sum, kNeverWins));
  Value rest = l.sub(l.f(sum, 1), op.getTopP());
  Value average = l.mul(l.mul(rest, sum), l.f(sum, 0.5 / double(vocabulary)));
  Value cuts = l.cmp(FPred::OLT, op.getTopP(), l.f(sum, 1));
  low = l.select(cuts, l.max(average, low), low);
  return l.select(l.cmp(FPred::OLT, low, l.f(sum, 1)), low, l.f(sum, 1));
}

/// Moves weights of at least `lowest` and their ids to the front of the two
/// halves of the work memory, in order of ids. Returns how many there are.
Value Sampler::compact(Value lowest) {
  Value bound = l.splat(lowest, kLanes);
  auto count =
      l.loop(zero, l.index(padded), kLanes, {zero}, [&](Value i, ValueRange n) {
        Value p = l.load(weights, {i}, kLanes);
        Value any = anyLane(l, l.cmp(FPred::OGE, p, bound));
        Value next = l.either(
            any,
            [&] {
              Value end = l.addi(i, l.index(kLanes));
              return l.loop(i, end, 1, n, [&](Value j, ValueRange at) {
                // Written whether kept or not, never ahead of what is read.
                Value w = l.load(weights, {j});
                Value id = l.bits(l.indexCast(j, l.i32()), l.f32());
                l.store(w, weights, {at[0]});
                l.store(id, weights, {l.addi(at[0], l.index(padded))});
                Value kept = l.cmp(FPred::OGE, w, lowest);
                Value more = l.addi(at[0], l.index(1));
                return SmallVector<Value>{l.select(kept, more, at[0])};
              })[0];
            },
            [&] { return n[0]; });
        return SmallVector<Value>{next};
      });
  return count[0];
}

/// The sum of the weights of at least `weight` (as bits).
Value Sampler::massFrom(Value count, Value weight) {
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
Value Sampler::topP(Value count, Value lowest, Value sum) {
  Value share = op.getTopP();
  Value low = keysOf(lowest);
  return l.either(
      l.cmp(FPred::OLT, share, l.f(share, 1)),
      [&] {
        Value target = l.mul(share, sum);
        Value one = l.i(low, 1);
        return l.narrowDown(low, l.i(low, kOneBits), [&](Value lo, Value hi) {
          Value up = l.addi(l.subi(hi, lo), one);
          Value middle = l.addi(lo, l.shru(up, 1));
          Value mass = massFrom(count, middle);
          Value enough = l.cmp(FPred::OGE, mass, target);
          return SmallVector<Value>{l.select(enough, middle, lo),
                                    l.select(enough, hi, l.subi(middle, one))};
        })[0];
      },
      [&] { return low; });
}

Value Sampler::noise(Value ids) {
  auto word = [&](Value x) { return l.splat(x, kLanes); };
  Value seed = op.getSeed();
  Value position = l.indexCast(op.getPosition(), l.i32());
  Value low = l.trunci(seed, l.i32());
  Value high = l.trunci(l.shru(seed, 32), l.i32());
  auto bits = emitPhilox(
      l.b, l.loc,
      {word(position), l.i(ids, kPurposeSample), l.i(ids, kStream), ids},
      {word(low), word(high)});
  return emitGumbel(l.b, l.loc, bits[0]);
}

/// The id of the largest -a + noise among weights of at least `weight`.
Value Sampler::choose(Value count, Value weight) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  auto vec = VectorType::get({kLanes}, l.f32());
  Value low = l.constantF(vec, -inf);
  Value bound = l.splat(weight, kLanes);
  Value count32 = l.splat(l.indexCast(count, l.i32()), kLanes);
  Value nobody = l.splat(greedy.id, kLanes);
  auto best =
      l.loop(zero, count, kLanes, {low, nobody}, [&](Value i, ValueRange v) {
        Value p = l.load(weights, {i}, kLanes);
        Value in = l.andi(l.cmp(IPred::sge, keysOf(p), bound),
                          l.cmp(IPred::slt, idsAt(i), count32));
        Value at = l.addi(i, l.index(padded));
        Value ids = keysOf(l.load(weights, {at}, kLanes));
        ids = l.select(in, ids, l.i(ids, 0));
        Value x = vector::GatherOp::create(l.b, l.loc, vec, logits,
                                           ValueRange{op.getRow(), zero}, ids,
                                           in, low);
        Value score = l.sub(noise(ids), distances(x, Value()));
        score = l.select(in, score, low);
        Best b = betterOf(l, {v[0], v[1]}, {score, ids});
        return SmallVector<Value>{b.value, b.id};
      });
  return bestLane(l, {best[0], best[1]}).id;
}

Value Sampler::draw(Best best) {
  greedy = best;
  storeDistances();
  Value sum = storeWeights(topK());
  Value lowest = lowestWeight(sum);
  Value count = compact(lowest);
  return choose(count, topP(count, lowest, sum));
}

} // namespace

void lowerSample(LaneBuilder &l, tile::SampleOp op, Share share) {
  onFirstWorker(l, share, [&] {
    Best best = emitArgmax(l, op.getLogits(), op.getRow(), op.getVocabulary());
    Value t = op.getTemperature();
    Value token = l.either(
        l.cmp(FPred::OGT, t, l.f(t, 0)),
        [&] { return Sampler(l, op).draw(best); }, [&] { return best.id; });
    l.store(token, op.getToken(), {l.index(0)});
  });
}

} // namespace sinter
