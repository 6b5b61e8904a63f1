// AttentionBlocks.cpp - attention of many rows: work is dealt block by block.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A task is a block of rows of one key head. Span by span, K and V are widened
// once into panels of f32 (or pairs of bf16) that all queries of the block
// read; tiles of a few (row, head) queries then work as products of small
// matrices do. Keys that no row of a tile sees cost nothing.
#include "lib/Conversion/TileToVector/Attention.h"
#include "lib/Conversion/TileToVector/AttentionEmitter.h"
#include "lib/Conversion/TileToVector/MathExpansion.h"

#include <limits>

using namespace mlir;

namespace sinter {
namespace {

class BlockAttention : AttentionEmitter {
public:
  BlockAttention(LaneBuilder &l, tile::AttentionOp op, const Run &run,
                 Share share, RowMachine machine);
  void emit();

private:
  static constexpr int64_t kPanelKeys = tile::AttentionWork::kPanelKeys;
  static constexpr int64_t kPanelPages = kPanelKeys / kPage;

  Value rowsOfBlocks();
  void forTasks(Value tasks, llvm::function_ref<void(Value)> body);
  void emitTask(Value first, Value end, Value keyHead);
  void fillPanels(Value keyHead);
  void emitTile(Value firstQuery, int64_t count);
  Values scoreKeys(Value key, int64_t count, ValueRange maxima, bool ragged);
  Value rowOf(Value query) { return l.addi(firstRow, l.divu(query, ratio)); }
  Values masked(ValueRange scores, Value key, int64_t count);
  void exponentials(int64_t count);
  void addValues(int64_t count, int64_t chunk, int64_t some);
  Values addKey(ValueRange sums, Value key, Kept kept, int64_t from,
                int64_t end, int64_t chunk, int64_t some);

  int64_t tileQueries, keyVectors, chunksAtOnce;
  Value keyPanel, valuePanel, queries, parts; // this worker's memory
  Value scores, weights, tileParts;           // of a tile
  // Of the task and the span at hand.
  Value firstRow, endRow, span;
  // Of the tile at hand: its first query, and the keys that each query sees.
  Value firstQuery;
  llvm::SmallVector<Keys> keys;
};

BlockAttention::BlockAttention(LaneBuilder &l, tile::AttentionOp op,
                               const Run &run, Share share, RowMachine machine)
    : AttentionEmitter(l, op, run, share, machine) {
  // 5 x 4 accumulators, 4 vectors of the panel, p and l; with 16 registers of
  // half the size 4 x 1.
  tileQueries = wide ? 5 : 4;
  keyVectors = wide ? 4 : 1;
  int64_t most = wide ? 4 : 1, passes = (chunks + most - 1) / most;
  chunksAtOnce = (chunks + passes - 1) / passes;
}

void BlockAttention::emit() {
  int64_t count = work.blockRows * ratio;
  int64_t some = perLane();
  keyPanel =
      ownMemory(work.keyPanel,
                {kSpan / kPanelKeys, dim / some, kPanelKeys * some}, element());
  valuePanel = ownMemory(work.valuePanel, {kSpan / some, work.paddedDim * some},
                         element());
  queries = ownMemory(work.blockQueries, {count, work.paddedDim}, element());
  parts = ownMemory(work.blockParts, {count, work.part});
  scores = scratch(l, {tileQueries, work.kScoreStride}, l.f32());
  weights =
      pairs ? scratch(l, {tileQueries, work.kScoreStride}, element()) : scores;
  tileParts = scratch(l, {tileQueries, work.part}, l.f32());

  Value rows = run.rows, heads = l.index(kvHeads);
  Value blockRows = rowsOfBlocks();
  Value blocks = divu(l.subi(l.addi(rows, blockRows), l.index(1)), blockRows);
  forTasks(l.muli(blocks, heads), [&](Value task) {
    // The last rows see most keys: they come first.
    Value block = l.subi(l.subi(blocks, l.index(1)), divu(task, heads));
    Value first = l.muli(block, blockRows);
    emitTask(first, l.mins(l.addi(first, blockRows), rows), remu(task, heads));
  });
}

/// Blocks as large as they may be, but enough of them for all workers; of one
/// size, whole tiles, and their number such that each worker gets as many as
/// the others.
Value BlockAttention::rowsOfBlocks() {
  auto up = [&](Value x, Value y) {
    return divu(l.subi(l.addi(x, y), l.index(1)), y);
  };
  Value rows = run.rows, most = l.index(work.blockRows);
  Value rounds = l.muli(share.workers, l.index(2)); // 0 1 1 0
  Value fair = divu(l.muli(rows, l.index(kvHeads)), l.muli(rounds, l.index(2)));
  Value large = l.mins(l.maxs(fair, l.index(16)), most);
  Value blocks = l.muli(up(up(rows, large), rounds), rounds);
  Value even = up(rows, blocks), tile = l.index(tileQueries);
  return l.mins(l.maxs(l.muli(up(even, tile), tile), l.index(16)), most);
}

/// Tasks are dealt 0 1 1 0: each costs a little less than the one before.
void BlockAttention::forTasks(Value tasks,
                              llvm::function_ref<void(Value)> body) {
  Value one = l.index(1);
  Value last = l.subi(l.addi(tasks, turn.workers), one);
  Value mirrored = l.subi(l.subi(turn.workers, one), turn.worker);
  l.loop(l.index(0), divu(last, turn.workers), 1, [&](Value round) {
    Value odd = l.cmp(IPred::eq, l.remu(round, 2), one);
    Value task = l.addi(l.muli(round, turn.workers),
                        l.select(odd, mirrored, turn.worker));
    l.when(l.cmp(IPred::ult, task, tasks), [&] { body(task); });
  });
}

void BlockAttention::emitTask(Value first, Value end, Value keyHead) {
  firstRow = first;
  endRow = end;
  Value zero = l.index(0), perRow = l.index(ratio);
  Value count = l.muli(l.subi(end, first), perRow);
  Value firstHead = l.muli(keyHead, perRow);
  auto forQueries = [&](auto body) {
    l.loop(zero, count, 1, [&](Value q) {
      body(q, l.addi(first, divu(q, perRow)),
           l.addi(firstHead, remu(q, perRow)));
    });
  };
  forQueries([&](Value q, Value row, Value head) {
    scaleQuery(row, head, queries, q);
  });
  Spans live = spansOf(first, end);
  l.loop(zero, live.count, 1, [&](Value number) {
    span = spanAt(live, number);
    fillPanels(keyHead);
    Value whole = l.muli(l.divu(count, tileQueries), l.index(tileQueries));
    l.loop(zero, whole, tileQueries,
           [&](Value q) { emitTile(q, tileQueries); });
    l.loop(whole, count, 1, [&](Value q) { emitTile(q, 1); });
  });
  forQueries(
      [&](Value q, Value row, Value head) { finish(parts, q, row, head); });
}

/// The pages of a span: K as [keys / 64][dim][64], V as [keys][dim], with pairs
/// of dimensions and of keys in the place of one.
void BlockAttention::fillPanels(Value keyHead) {
  Value keys = keysOf(l.subi(endRow, l.index(1)), span).end;
  Value firstPage = l.muli(span, l.index(kSpan / kPage));
  int64_t some = perLane(), lanes = kLanes * some;
  l.loop(l.index(0), ceilDiv(keys, kPage), 1, [&](Value page) {
    Value id = cache.page(l.addi(firstPage, page));
    Value panel = l.divu(page, kPanelPages);
    Value column = l.muli(l.remu(page, kPanelPages), l.index(lanes));
    Value scales = cache.keyScales(id, keyHead);
    l.loop(l.index(0), l.index(dim), some, [&](Value d) {
      l.store(keyLanes(id, keyHead, d, scales), keyPanel,
              {panel, l.divu(d, some), column});
    });
    Value first = l.muli(page, l.index(kPage / some));
    l.loop(l.index(0), l.index(kPage), some, [&](Value slot) {
      for (int64_t c = 0; c < chunks; ++c)
        l.store(valueLanes(id, keyHead, slot, lane16(c)), valuePanel,
                {l.addi(first, l.divu(slot, some)), l.index(c * lanes)});
    });
  });
}

/// `count` queries over the span: later ones see as many keys or more.
void BlockAttention::emitTile(Value first, int64_t count) {
  firstQuery = first;
  keys.clear();
  for (int64_t i = 0; i < count; ++i)
    keys.push_back(keysOf(rowOf(l.addi(first, l.index(i))), span));
  Value zero = l.index(0), most = keys.back().end;
  l.when(l.cmp(IPred::sgt, most, zero), [&] {
    Values maxima(count,
                  l.constantF(vec, -std::numeric_limits<double>::infinity()));
    int64_t step = keyVectors * kLanes;
    // Up to here all queries see all keys.
    Value common = l.maxs(keys.front().end, zero);
    if (windowed())
      common = l.select(l.cmp(IPred::eq, keys.back().from, zero), common, zero);
    Value whole = l.muli(l.divu(common, step), l.index(step));
    maxima = l.loop(zero, whole, step, maxima, [&](Value key, ValueRange m) {
      return scoreKeys(key, count, m, /*ragged=*/false);
    });
    maxima = l.loop(whole, most, step, maxima, [&](Value key, ValueRange m) {
      return scoreKeys(key, count, m, /*ragged=*/true);
    });
    for (int64_t i = 0; i < count; ++i) {
      auto larger = [&](Value a, Value b) { return l.max(a, b); };
      storeM(l.reduce(maxima[i], larger), tileParts, l.index(i));
    }
    exponentials(count);
    for (int64_t c = 0, some; c < chunks; c += some) {
      some = std::min(chunksAtOnce, chunks - c);
      addValues(count, c, some);
    }
    for (int64_t i = 0; i < count; ++i) {
      Value q = l.addi(first, l.index(i)), from = l.index(i);
      Value isFirst = l.cmp(IPred::eq, span, firstSpan(rowOf(q)));
      l.when(isFirst, [&] { copyPart(parts, q, tileParts, from); });
      l.when(l.andi(negated(isFirst), seesAny(keys[i])),
             [&] { foldPart(parts, q, tileParts, from); });
    }
  });
}

/// Scores of the keys from `key` on, as many as stay in registers, and the
/// maxima with them.
BlockAttention::Values BlockAttention::scoreKeys(Value key, int64_t count,
                                                 ValueRange maxima,
                                                 bool ragged) {
  int64_t some = perLane(), lanes = kLanes * some;
  Value panel = l.divu(key, kPanelKeys);
  Value column = l.muli(l.remu(key, kPanelKeys), l.index(some));
  Values init(count * keyVectors, zeros());
  Values sums = l.loop(
      l.index(0), l.index(dim / some), 1, init, [&](Value d, ValueRange sum) {
        Values k, next;
        for (int64_t j = 0; j < keyVectors; ++j)
          k.push_back(l.load(
              keyPanel, {panel, d, l.addi(column, l.index(j * lanes))}, lanes));
        Value at = l.muli(d, l.index(some));
        for (int64_t i = 0; i < count; ++i) {
          Value q =
              splatAt(queries, {l.addi(firstQuery, l.index(i)), at}, kLanes);
          for (int64_t j = 0; j < keyVectors; ++j)
            next.push_back(dot(k[j], q, sum[i * keyVectors + j]));
        }
        return next;
      });
  if (ragged)
    sums = masked(sums, key, count);
  Values next(maxima);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < keyVectors; ++j) {
      Value s = sums[i * keyVectors + j];
      l.store(s, scores, {l.index(i), l.addi(key, lane16(j))});
      next[i] = l.max(s, next[i]);
    }
  return next;
}

/// Scores of keys that a query does not see become -infinity.
BlockAttention::Values BlockAttention::masked(ValueRange sums, Value key,
                                              int64_t count) {
  Value low = l.constantF(vec, -std::numeric_limits<double>::infinity());
  Values result;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < keyVectors; ++j)
      result.push_back(l.select(visible(keys[i], l.addi(key, lane16(j))),
                                sums[i * keyVectors + j], low));
  return result;
}

/// p = 2^(score - maximum), in place where it is f32. Where a query sees no key
/// its numbers are never used.
void BlockAttention::exponentials(int64_t count) {
  Values m;
  for (int64_t i = 0; i < count; ++i)
    m.push_back(l.splat(loadM(tileParts, l.index(i)), kLanes));
  Values sums(pairs ? count : 0, zeros());
  sums = l.loop(
      l.index(0), keys.back().end, kLanes, sums, [&](Value key, ValueRange in) {
        Values next(in);
        for (int64_t i = 0; i < count; ++i) {
          Value none, &sum = pairs ? next[i] : none;
          Value s = l.load(scores, {l.index(i), key}, kLanes);
          l.store(weigh(l.sub(s, m[i]), sum), weights, {l.index(i), key});
        }
        return next;
      });
  for (auto [i, sum] : llvm::enumerate(sums))
    storeL(sumOfLanes(sum), tileParts, l.index(i));
}

/// o (and with the first dimensions l), key by key: the keys that all queries
/// of the tile see together, and for each alone the few before and after them.
void BlockAttention::addValues(int64_t count, int64_t chunk, int64_t some) {
  Value zero = l.index(0), begin = zero;
  if (windowed())
    begin = laneEnd(keys.back().from);
  Value end = l.maxs(laneStart(keys.front().end), begin);
  Values sums(count * some, zeros());
  bool withL = chunk == 0 && !pairs;
  if (withL)
    sums.append(count, zeroL());
  // Only query i's sums change.
  auto alone = [&](int64_t i, Value from, Value to) {
    Values own(sums.begin() + i * some, sums.begin() + (i + 1) * some);
    if (withL)
      own.push_back(sums[count * some + i]);
    own = forKeys(from, to, own, [&](Value key, Kept kept, ValueRange in) {
      return addKey(in, key, kept, i, i + 1, chunk, some);
    });
    std::copy_n(own.begin(), some, sums.begin() + i * some);
    if (withL)
      sums[count * some + i] = own[some];
  };
  for (int64_t i = 0; windowed() && i < count; ++i) {
    alone(i, zero, keys[i].sinks);
    alone(i, keys[i].from, l.mins(begin, keys[i].end));
  }
  sums = l.loop(begin, end, perLane(), sums, [&](Value key, ValueRange in) {
    return addKey(in, key, {}, 0, count, chunk, some);
  });
  for (int64_t i = pairs ? 0 : 1; i < count; ++i)
    alone(i, end, keys[i].end);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < some; ++j)
      storeO(sums[i * some + j], tileParts, l.index(i), chunk + j);
    if (withL)
      storeL(l.extract(sums[count * some + i], 0), tileParts, l.index(i));
  }
}

/// One key more, or a pair, for queries [from, end) of the tile; `sums` are
/// theirs.
BlockAttention::Values BlockAttention::addKey(ValueRange sums, Value key,
                                              Kept kept, int64_t from,
                                              int64_t end, int64_t chunk,
                                              int64_t some) {
  int64_t lanes = kLanes * perLane();
  Values next(sums), v;
  Value row = l.divu(key, perLane());
  for (int64_t j = 0; j < some; ++j) {
    Value loaded =
        l.load(valuePanel, {row, l.index((chunk + j) * lanes)}, lanes);
    v.push_back(keep(loaded, kept));
  }
  for (int64_t i = from; i < end; ++i) {
    Value p = splatAt(weights, {l.index(i), key}, kLanes);
    for (int64_t j = 0; j < some; ++j) {
      Value &o = next[(i - from) * some + j];
      o = dot(v[j], p, o);
    }
    if (chunk == 0 && !pairs) {
      Value &sum = next[(end - from) * some + i - from];
      Value one = l.load(weights, {l.index(i), key});
      sum = l.add(sum, l.splat(one, lVec.getNumElements()));
    }
  }
  return next;
}

} // namespace

void emitAttentionByBlocks(LaneBuilder &l, tile::AttentionOp op, const Run &run,
                           Share share, RowMachine machine) {
  BlockAttention(l, op, run, share, machine).emit();
}

} // namespace sinter
