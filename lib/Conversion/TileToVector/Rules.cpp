// Rules.cpp - the draws of verifier rules.
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

static Value isPositive(LaneBuilder &l, Value x) {
  return l.cmp(FPred::OGT, x, l.f(x, 0));
}

static Value isId(LaneBuilder &l, Value token) {
  return l.cmp(IPred::sge, token, l.i(token, 0));
}

/// The id of tile.sample.
static Value emitPlain(LaneBuilder &l, const Draw &op, Best best) {
  return l.either(
      isPositive(l, op.temperature),
      [&] {
        Sampler sampler(l, op, best);
        sampler.keep();
        return sampler.choose();
      },
      [&] { return best.id; });
}

/// The first of the drafted ids that `decide` answers with an id; -1: none.
template <typename Op>
static Value emitFirst(LaneBuilder &l, Op op,
                       llvm::function_ref<Value(Value at, Value id)> decide) {
  Value none = l.constantI(l.i32(), -1);
  return l.loop(l.index(0), op.getCount(), 1, {none},
                [&](Value at, ValueRange token) {
                  Value found = l.either(
                      isId(l, token[0]), [&] { return token[0]; },
                      [&] { return decide(at, l.load(op.getIds(), {at})); });
                  return SmallVector<Value>{found};
                })[0];
}

/// `found`, or else another one.
static Value emitOr(LaneBuilder &l, Value found,
                    llvm::function_ref<Value()> other) {
  return l.either(isId(l, found), [&] { return found; }, other);
}

//===----------------------------------------------------------------------===//
// Rule reject
//===----------------------------------------------------------------------===//

namespace {

/// The probabilities q that the drafted ids were drawn from.
class Proposals {
public:
  Proposals(LaneBuilder &l, Value rows, Value position)
      : l(l), rows(rows), type(cast<MemRefType>(rows.getType())),
        row(arith::RemUIOp::create(l.b, l.loc, position,
                                   l.index(type.getDimSize(0)))) {}

  Value at(Value id) {
    return l.load(rows, {row, l.indexCast(id, l.b.getIndexType())});
  }
  void set(Value id, Value q) {
    l.store(q, rows, {row, l.indexCast(id, l.b.getIndexType())});
  }
  Value gather(Value ids) {
    auto vec = VectorType::get({kLanes}, l.f32());
    auto mask = VectorType::get({kLanes}, l.b.getI1Type());
    return vector::GatherOp::create(l.b, l.loc, vec, rows,
                                    ValueRange{row, l.index(0)}, ids,
                                    l.constantI(mask, 1), l.constantF(vec, 0));
  }
  Value sum() {
    auto vec = VectorType::get({kLanes}, l.f32());
    Value lanes = l.loop(l.index(0), l.index(type.getDimSize(1)), kLanes,
                         {l.constantF(vec, 0)}, [&](Value i, ValueRange s) {
                           Value q = l.load(rows, {row, i}, kLanes);
                           return SmallVector<Value>{l.add(s[0], q)};
                         })[0];
    return l.reduce(lanes, [&](Value a, Value b) { return l.add(a, b); });
  }
  void clear() {
    auto vec = VectorType::get({kLanes}, l.f32());
    l.loop(l.index(0), l.index(type.getDimSize(1)), kLanes,
           [&](Value i) { l.store(l.constantF(vec, 0), rows, {row, i}); });
  }

private:
  LaneBuilder &l;
  Value rows;
  MemRefType type;
  Value row;
};

/// Weights of the sampler are R, but for a factor; they change with each id
/// that is refused.
class Rejection {
public:
  Rejection(LaneBuilder &l, tile::SampleRejectOp op, Best best)
      : l(l), op(op), sampler(l, Draw::of(op), best) {}

  Value draw();

private:
  Value decide(Value id);
  /// Whether q is the proposals of the position.
  Value dense() { return l.cmp(IPred::ne, op.getDense(), l.index(0)); }
  Value chanceOf(Value id);
  Value refuse(Value id, Value mass);
  Proposals proposals() { return {l, op.getProposals(), op.getPosition()}; }

  LaneBuilder &l;
  tile::SampleRejectOp op;
  Sampler sampler;
};

} // namespace

Value Rejection::draw() {
  sampler.keep();
  return l.either(
      l.cmp(IPred::sgt, op.getCount(), l.index(0)),
      [&] {
        sampler.dropOthers();
        Value kept =
            emitFirst(l, op, [&](Value, Value id) { return decide(id); });
        return emitOr(l, kept,
                      [&] { return sampler.chooseByWeight(Purpose::Token); });
      },
      [&] { return sampler.choose(); });
}

/// q[x].
Value Rejection::chanceOf(Value id) {
  Value one = l.constantF(l.f32(), 1);
  if (!op.getDense())
    return one;
  return l.either(
      dense(),
      [&] {
        Proposals q = proposals();
        return l.div(q.at(id), q.sum());
      },
      [&] { return one; });
}

Value Rejection::decide(Value id) {
  Value mass = sampler.sum([](Value weights, Value) { return weights; });
  Value weight = sampler.weightOf(id);
  Value u = sampler.uniform(id, Purpose::Accept);
  Value wanted = l.mul(l.mul(u, chanceOf(id)), mass);
  return l.either(
      l.cmp(FPred::OLT, wanted, weight), [&] { return id; },
      [&] {
        Value rest = refuse(id, mass);
        // Rounding alone refused it, and nothing else may be drawn.
        Value only = l.andi(isPositive(l, weight),
                            l.cmp(FPred::OEQ, rest, l.f(rest, 0)));
        return l.select(only, id, l.i(id, -1));
      });
}

/// R becomes R - q where that is above 0, and the id leaves q. Returns the sum
/// of R.
Value Rejection::refuse(Value id, Value mass) {
  auto withoutId = [&] {
    Value wanted = l.splat(id, kLanes);
    return sampler.replace([&](Value w, Value ids) {
      return l.select(l.cmp(IPred::eq, ids, wanted), l.f(w, 0), w);
    });
  };
  if (!op.getDense())
    return withoutId();
  return l.either(
      dense(),
      [&] {
        Proposals q = proposals();
        Value masses = l.splat(mass, kLanes), sums = l.splat(q.sum(), kLanes);
        Value rest = sampler.replace([&](Value w, Value ids) {
          Value above = l.sub(l.div(w, masses), l.div(q.gather(ids), sums));
          return l.max(above, l.f(above, 0));
        });
        q.set(id, l.constantF(l.f32(), 0));
        return rest;
      },
      withoutId);
}

void lowerSampleReject(LaneBuilder &l, tile::SampleRejectOp op, Share share) {
  onFirstWorker(l, share, [&] {
    Best best = emitArgmax(l, op.getLogits(), op.getRow(), op.getVocabulary());
    Value token = l.either(
        isPositive(l, op.getTemperature()),
        [&] { return Rejection(l, op, best).draw(); }, [&] { return best.id; });
    l.store(token, op.getToken(), {l.index(0)});
  });
}

void lowerSampleProposal(LaneBuilder &l, tile::SampleProposalOp op,
                         Share share) {
  onFirstWorker(l, share, [&] {
    Best best = emitArgmax(l, op.getLogits(), op.getRow(), op.getVocabulary());
    Value token = l.either(
        isPositive(l, op.getTemperature()),
        [&] {
          Sampler sampler(l, Draw::of(op), best);
          sampler.keep();
          Value mass = sampler.dropOthers();
          Proposals q(l, op.getProposals(), op.getPosition());
          q.clear();
          sampler.forEach(
              [&](Value weight, Value id) { q.set(id, l.div(weight, mass)); });
          return sampler.chooseByWeight(Purpose::Proposal);
        },
        [&] { return best.id; });
    l.store(token, op.getToken(), {l.index(0)});
  });
}

//===----------------------------------------------------------------------===//
// Rules typical and judge
//===----------------------------------------------------------------------===//

/// The draw that rule typical looks at: for temperature 0 nothing is cut.
static Draw warmed(LaneBuilder &l, tile::SampleTypicalOp op) {
  Draw draw = Draw::of(op);
  Value warm = isPositive(l, draw.temperature);
  auto orElse = [&](Value value, double other) {
    return l.select(warm, value, l.f(value, other));
  };
  draw.temperature = orElse(draw.temperature, 1);
  draw.topP = orElse(draw.topP, 1);
  draw.minP = orElse(draw.minP, 0);
  draw.topK = l.select(warm, draw.topK, l.index(0));
  return draw;
}

/// min(epsilon, delta e^-H), times the sum of the weights.
static Value typicalBound(LaneBuilder &l, tile::SampleTypicalOp op,
                          Sampler &sampler, Value mass) {
  Value surprise = sampler.sum([&](Value w, Value) {
    return l.select(isPositive(l, w), l.mul(w, emitLog(l.b, l.loc, w)),
                    l.f(w, 0));
  });
  Value entropy = l.sub(emitLog(l.b, l.loc, mass), l.div(surprise, mass));
  Value byEntropy = l.mul(l.f(mass, op.getDelta().convertToDouble()),
                          emitExp(l.b, l.loc, l.neg(entropy)));
  Value epsilon = l.f(mass, op.getEpsilon().convertToDouble());
  Value bound =
      l.select(l.cmp(FPred::OLT, byEntropy, epsilon), byEntropy, epsilon);
  return l.mul(bound, mass);
}

static Value emitTypical(LaneBuilder &l, tile::SampleTypicalOp op, Best best) {
  Sampler sampler(l, warmed(l, op), best);
  sampler.keep();
  Value bound = typicalBound(l, op, sampler, sampler.dropOthers());
  Value kept = emitFirst(l, op, [&](Value, Value id) {
    Value likely = l.cmp(FPred::OGT, sampler.weightOf(id), bound);
    return l.select(likely, id, l.i(id, -1));
  });
  return emitOr(l, kept, [&] {
    return l.either(
        isPositive(l, op.getTemperature()), [&] { return sampler.choose(); },
        [&] { return best.id; });
  });
}

void lowerSampleTypical(LaneBuilder &l, tile::SampleTypicalOp op, Share share) {
  onFirstWorker(l, share, [&] {
    Best best = emitArgmax(l, op.getLogits(), op.getRow(), op.getVocabulary());
    Value token = l.either(
        l.cmp(IPred::sgt, op.getCount(), l.index(0)),
        [&] { return emitTypical(l, op, best); },
        [&] { return emitPlain(l, Draw::of(op), best); });
    l.store(token, op.getToken(), {l.index(0)});
  });
}

void lowerSampleJudged(LaneBuilder &l, tile::SampleJudgedOp op, Share share) {
  onFirstWorker(l, share, [&] {
    Best best = emitArgmax(l, op.getLogits(), op.getRow(), op.getVocabulary());
    Value drawn = emitPlain(l, Draw::of(op), best);
    Value none = l.i(drawn, -1);
    Value drafted = emitFirst(l, op, [&](Value, Value id) {
      return l.select(l.cmp(IPred::eq, id, drawn), id, none);
    });
    Value token = emitOr(l, drafted, [&] {
      Value good = emitFirst(l, op, [&](Value at, Value id) {
        int64_t rows =
            cast<MemRefType>(op.getIds().getType()).getDimSize(0) / 2;
        Value row = l.load(op.getIds(), {l.addi(at, l.index(rows))});
        Value score =
            l.load(op.getScores(), {l.indexCast(row, l.b.getIndexType())});
        return l.select(isPositive(l, score), id, none);
      });
      return emitOr(l, good, [&] { return drawn; });
    });
    l.store(token, op.getToken(), {l.index(0)});
    l.store(drawn, op.getToken(), {l.index(1)});
  });
}

void lowerJudge(LaneBuilder &l, tile::JudgeOp op, Share share) {
  auto weights = cast<DenseFPElementsAttr>(op.getWeights());
  auto values = llvm::to_vector(weights.getValues<float>());
  const int64_t columns = values.size();
  values.resize(roundUpTo(columns, kLanes));
  auto vec = VectorType::get({kLanes}, l.f32());
  forRows(l, op.getRows(), share, [&](Value row) {
    Value sum = l.constantF(vec, 0);
    for (int64_t at = 0; at < columns; at += kLanes) {
      Value x = loadSome(l, op.getX(), {row, l.index(at)},
                         std::min(kLanes, columns - at));
      auto part =
          DenseElementsAttr::get(vec, ArrayRef(values).slice(at, kLanes));
      sum = l.fma(x, arith::ConstantOp::create(l.b, l.loc, part), sum);
    }
    Value score = l.reduce(sum, [&](Value a, Value b) { return l.add(a, b); });
    score = l.add(score, l.f(score, op.getBias().convertToDouble()));
    l.store(score, op.getScores(), {row});
  });
}

//===----------------------------------------------------------------------===//
// What policies look at
//===----------------------------------------------------------------------===//

void lowerSummarize(LaneBuilder &l, tile::SummarizeOp op, Share share) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  auto vec = VectorType::get({kLanes}, l.f32());
  onFirstWorker(l, share, [&] {
    Value logits = op.getLogits(), row = op.getRow();
    Best best = emitArgmax(l, logits, row, op.getVocabulary());
    Value most = l.splat(best.value, kLanes), none = l.constantF(vec, -inf);
    Value lanes = l.iota(kLanes, l.i32()), zero = l.constantF(vec, 0);
    // Sum of weights, of weights times distances, and the second best.
    auto sums = forColumns(
        l, op.getVocabulary(), {zero, zero, none},
        [&](Value i, int64_t count, ValueRange v) {
          Value x = loadSome(l, logits, {row, i}, count);
          Value ids = l.addi(lanes, l.splat(l.indexCast(i, l.i32()), kLanes));
          if (count < kLanes)
            x = l.select(l.cmp(IPred::slt, lanes, l.i(lanes, count)), x, none);
          Value away = l.sub(x, most), weight = emitExp(l.b, l.loc, away);
          Value term = l.select(isPositive(l, weight), l.mul(weight, away),
                                l.f(weight, 0));
          Value other = l.select(
              l.cmp(IPred::eq, ids, l.splat(best.id, kLanes)), none, x);
          return SmallVector<Value>{l.add(v[0], weight), l.add(v[1], term),
                                    l.max(other, v[2])};
        });
    auto plus = [&](Value a, Value b) { return l.add(a, b); };
    Value sum = l.reduce(sums[0], plus), term = l.reduce(sums[1], plus);
    Value second =
        l.reduce(sums[2], [&](Value a, Value b) { return l.max(a, b); });
    Value entropy = l.sub(emitLog(l.b, l.loc, sum), l.div(term, sum));
    Value figures[] = {
        entropy, l.div(l.f(sum, 1), sum),
        l.div(emitExp(l.b, l.loc, l.sub(second, best.value)), sum)};
    for (auto [place, figure] : llvm::enumerate(figures))
      l.store(figure, op.getSummary(), {l.index(int64_t(place))});
  });
}

} // namespace sinter
