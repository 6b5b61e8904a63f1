// Rank.cpp - the best ids of rows of logits.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Vocabulary.h"

#include <limits>

using namespace mlir;
using FPred = arith::CmpFPredicate;

namespace sinter {
namespace {

/// The best ids of a row so far, one a lane, the best one first.
class Ranking {
public:
  static_assert(tile::RankOp::kMostRanked == kLanes);

  Ranking(LaneBuilder &l, int64_t count) : l(l), count(count) {}

  SmallVector<Value> none() {
    constexpr double inf = std::numeric_limits<double>::infinity();
    return {l.constantF(VectorType::get({kLanes}, l.f32()), -inf),
            l.constantI(VectorType::get({kLanes}, l.i32()), -1)};
  }
  /// What a value must be more than; ids come in rising order.
  Value least(ValueRange best) { return l.extract(best[0], count - 1); }

  /// A value moves those below it one lane on.
  SmallVector<Value> insert(ValueRange best, Value x, Value id) {
    Value xs = l.splat(x, kLanes), ids = l.splat(id, kLanes);
    Value below = l.cmp(FPred::OGT, xs, best[0]);
    Value values = moved(best[0]), before = moved(best[1]);
    // Lane 0 has nobody before it, and gets itself: it is below or stays.
    Value first = l.cmp(FPred::OGT, xs, values);
    Value lanes = l.iota(kLanes, l.i32());
    first =
        l.andi(first, l.cmp(arith::CmpIPredicate::sgt, lanes, l.i(lanes, 0)));
    return {l.select(below, l.select(first, values, xs), best[0]),
            l.select(below, l.select(first, before, ids), best[1])};
  }

private:
  Value moved(Value v) {
    SmallVector<int64_t> order = {0};
    for (int64_t lane = 1; lane < kLanes; ++lane)
      order.push_back(lane - 1);
    return vector::ShuffleOp::create(l.b, l.loc, v, v, order);
  }

  LaneBuilder &l;
  int64_t count;
};

} // namespace

/// Few columns are more than the least one ranked: 16 are looked at together.
void lowerRank(LaneBuilder &l, tile::RankOp op, Share share) {
  const int64_t count = op.getCount();
  forRows(l, op.getRows(), share, [&](Value row) {
    Ranking ranking(l, count);
    auto best = forColumns(
        l, op.getVocabulary(), ranking.none(),
        [&](Value i, int64_t columns, ValueRange v) {
          Value x = loadSome(l, op.getLogits(), {row, i}, columns);
          Value more = l.cmp(FPred::OGT, x, l.splat(ranking.least(v), kLanes));
          auto branch = scf::IfOp::create(l.b, l.loc, v.getTypes(),
                                          anyLane(l, more), true);
          OpBuilder::InsertionGuard guard(l.b);
          l.b.setInsertionPointToStart(branch.thenBlock());
          auto found =
              l.loop(i, l.addi(i, l.index(columns)), 1, v,
                     [&](Value column, ValueRange known) {
                       Value id = l.indexCast(column, l.i32());
                       return ranking.insert(
                           known, l.load(op.getLogits(), {row, column}), id);
                     });
          scf::YieldOp::create(l.b, l.loc, found);
          l.b.setInsertionPointToStart(branch.elseBlock());
          scf::YieldOp::create(l.b, l.loc, v);
          return SmallVector<Value>(branch.getResults());
        });
    Value to = l.muli(row, l.index(count));
    storeSome(l, best[1], op.getIds(), {to}, count);
  });
}

} // namespace sinter
