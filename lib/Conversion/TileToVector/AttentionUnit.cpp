// AttentionUnit.cpp - the innermost unit of attention.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of arithmetic is part of the op, for every row and head on its own:
// spans of 256 positions; in a span the maximum of the visible scores first,
// then l (sum of p) and o (sum of p v) key by key in rising position; spans
// fold from left to right.
#include "lib/Conversion/TileToVector/AttentionUnit.h"
#include "lib/Conversion/TileToVector/MathExpansion.h"

#include <algorithm>
#include <limits>

using namespace mlir;
using IPred = arith::CmpIPredicate;

namespace sinter {

AttentionUnit::AttentionUnit(LaneBuilder &l, tile::AttentionOp op,
                             RowMachine machine, int64_t rows, int64_t heads)
    : l(l), op(op), vec(VectorType::get({kLanes}, l.f32())), rows(rows),
      heads(heads), queries(rows * heads), dim(op.getHeadDim()),
      chunks((dim + kLanes - 1) / kLanes) {
  // Registers hold the accumulators, a few vectors of K or V, p and l. With
  // scores three quarters may be accumulators; values need more beside them.
  int64_t pageBudget = machine.registers >= 32 ? machine.registers * 3 / 4
                                               : machine.registers / 2;
  int64_t most = queries == 1 ? 8 : 4;
  pagesAtOnce = 1;
  while (pagesAtOnce < most && pagesAtOnce * 2 * queries <= pageBudget)
    pagesAtOnce *= 2;
  int64_t chunkBudget =
      queries > 4 ? machine.registers * 3 / 8 : machine.registers / 2;
  chunksAtOnce = std::clamp<int64_t>(chunkBudget / queries, 1, chunks);
  scaled = scratch(l, {queries, chunks * kLanes}, l.f32());
  scores = scratch(l, {queries, kSpan}, l.f32());
  spanM = scratch(l, {queries}, l.f32());
  spanL = scratch(l, {queries}, l.f32());
  spanO = scratch(l, {queries, chunks * kLanes}, l.f32());
  sumM = scratch(l, {queries}, l.f32());
  sumL = scratch(l, {queries}, l.f32());
  sumO = scratch(l, {queries, chunks * kLanes}, l.f32());
}

void AttentionUnit::emit(Value row, Value key, Value head) {
  firstRow = row;
  keyHead = key;
  firstHead = head;
  scaleQueries();
  Value visible = l.addi(l.addi(op.getAt(), firstRow), l.index(1));
  Value spans = l.divu(l.addi(visible, l.index(kSpan - 1)), kSpan);
  l.loop(l.index(0), spans, 1, [&](Value span) {
    Value here = l.subi(visible, l.muli(span, l.index(kSpan)));
    keys.clear();
    for (int64_t i = 0; i < rows; ++i)
      keys.push_back(l.mins(l.addi(here, l.index(i)), l.index(kSpan)));
    emitSpan(span);
  });
  finish();
}

Value AttentionUnit::queryRow(int64_t query) {
  return l.addi(firstRow, l.index(query / heads));
}

Value AttentionUnit::queryColumn(int64_t query) {
  return l.muli(l.addi(firstHead, l.index(query % heads)), l.index(dim));
}

/// Queries times scale * log2(e), so that scores are exponents of 2.
void AttentionUnit::scaleQueries() {
  double scale = op.getScale().convertToDouble() * 1.4426950408889634;
  for (int64_t q = 0; q < queries; ++q) {
    Value column = l.addi(queryColumn(q), l.index(op.getQCol()));
    for (int64_t c = 0; c < chunks; ++c) {
      int64_t count = std::min(kLanes, dim - c * kLanes);
      Value x = loadSome(l, op.getX(), {queryRow(q), l.addi(column, lane16(c))},
                         count);
      l.store(l.mul(x, l.f(x, scale)), scaled, {l.index(q), lane16(c)});
    }
  }
}

void AttentionUnit::emitSpan(Value span) {
  firstPage = l.muli(span, l.index(kSpan / kPage));
  pages = l.divu(l.addi(keys.back(), l.index(kPage - 1)), kPage);
  l.loop(l.index(0), pages, pagesAtOnce, [&](Value page) { scorePages(page); });
  for (int64_t q = 0; q < queries; ++q)
    softmax(q);
  for (chunk = 0; chunk < chunks; chunk += chunkCount) {
    chunkCount = std::min(chunksAtOnce, chunks - chunk);
    accumulate();
  }
  foldSpan(span);
}

/// Scores of `pagesAtOnce` pages from `page` on, one fma chain over the
/// dimensions each. Past the last page the last one is scored again: those
/// scores are never read.
void AttentionUnit::scorePages(Value page) {
  Value last = l.subi(pages, l.index(1));
  Values ids;
  for (int64_t p = 0; p < pagesAtOnce; ++p)
    ids.push_back(pageId(l.mins(l.addi(page, l.index(p)), last)));
  Values init(pagesAtOnce * queries, zeros());
  Values sums =
      l.loop(l.index(0), l.index(dim), 1, init, [&](Value d, ValueRange sum) {
        Values q, next;
        for (int64_t i = 0; i < queries; ++i)
          q.push_back(l.splat(l.load(scaled, {l.index(i), d}), kLanes));
        for (int64_t p = 0; p < pagesAtOnce; ++p) {
          Value k = widened(op.getK(), {ids[p], keyHead, d, l.index(0)});
          for (int64_t i = 0; i < queries; ++i)
            next.push_back(l.fma(k, q[i], sum[p * queries + i]));
        }
        return next;
      });
  for (int64_t p = 0; p < pagesAtOnce; ++p) {
    Value at = l.muli(l.addi(page, l.index(p)), l.index(kPage));
    for (int64_t i = 0; i < queries; ++i)
      l.store(sums[p * queries + i], scores, {l.index(i), at});
  }
}

/// The maximum of the visible scores, then p = 2^(score - maximum) in place.
/// Lanes beyond the last key become 0 whatever their slots hold.
void AttentionUnit::softmax(int64_t query) {
  Value q = l.index(query), end = keys[query / heads];
  Value low = l.constantF(vec, -std::numeric_limits<double>::infinity());
  Value end32 = l.splat(l.indexCast(end, l.i32()), kLanes);
  Value lanes = l.iota(kLanes, l.i32());
  Value maxima =
      l.loop(l.index(0), end, kLanes, {low}, [&](Value i, ValueRange m) {
        Value first = l.splat(l.indexCast(i, l.i32()), kLanes);
        Value visible = l.cmp(IPred::slt, l.addi(lanes, first), end32);
        Value s = l.select(visible, l.load(scores, {q, i}, kLanes), low);
        l.store(s, scores, {q, i});
        return Values{l.max(s, m[0])};
      })[0];
  Value m = l.reduce(maxima, [&](Value a, Value b) { return l.max(a, b); });
  l.store(m, spanM, {q});
  Value ms = l.splat(m, kLanes);
  l.loop(l.index(0), end, kLanes, [&](Value i) {
    Value s = l.load(scores, {q, i}, kLanes);
    l.store(emitExp2Low(l.b, l.loc, l.sub(s, ms)), scores, {q, i});
  });
}

/// One key more for the queries of rows from `fromRow` on. `sums` are the
/// `chunkCount` vectors of o of each query, then, with the first dimensions, l.
AttentionUnit::Values AttentionUnit::addKey(ValueRange sums, Value pageId,
                                            Value slot, Value key,
                                            int64_t fromRow) {
  Values next(sums), p(queries), v;
  for (int64_t i = fromRow * heads; i < queries; ++i)
    p[i] = l.load(scores, {l.index(i), key});
  for (int64_t c = 0; c < chunkCount; ++c)
    v.push_back(widened(op.getV(), {pageId, keyHead, slot, lane16(chunk + c)}));
  for (int64_t i = fromRow * heads; i < queries; ++i) {
    Value ps = l.splat(p[i], kLanes);
    for (int64_t c = 0; c < chunkCount; ++c) {
      Value &o = next[i * chunkCount + c];
      o = l.fma(ps, v[c], o);
    }
    if (chunk == 0) {
      Value &sum = next[queries * chunkCount + i];
      sum = l.add(sum, p[i]);
    }
  }
  return next;
}

/// The keys that all rows see.
AttentionUnit::Values AttentionUnit::addCommonKeys(ValueRange init) {
  Value common = keys.front();
  Value count = l.divu(l.addi(common, l.index(kPage - 1)), kPage);
  return l.loop(l.index(0), count, 1, init, [&](Value page, ValueRange outer) {
    Value id = pageId(page);
    Value first = l.muli(page, l.index(kPage));
    Value end = l.mins(l.subi(common, first), l.index(kPage));
    return l.loop(l.index(0), end, 1, outer, [&](Value slot, ValueRange sums) {
      return addKey(sums, id, slot, l.addi(first, slot), 0);
    });
  });
}

/// The keys that only later rows see: one, two, ... at the end of the last
/// span.
AttentionUnit::Values AttentionUnit::addOtherKeys(ValueRange sums) {
  Value more = l.cmp(IPred::slt, keys.front(), keys.back());
  auto branch =
      scf::IfOp::create(l.b, l.loc, TypeRange(sums), more, true, true);
  OpBuilder::InsertionGuard guard(l.b);
  l.b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(l.b, l.loc, sums);
  l.b.setInsertionPointToStart(branch.thenBlock());
  Values next(sums);
  for (int64_t i = 0; i + 1 < rows; ++i) {
    Value key = keys[i];
    next = addKey(next, pageId(l.divu(key, kPage)), l.remu(key, kPage), key,
                  i + 1);
  }
  scf::YieldOp::create(l.b, l.loc, next);
  return Values(branch.getResults());
}

/// o (and with the first dimensions l) of the span, key by key.
void AttentionUnit::accumulate() {
  Values sums(queries * chunkCount, zeros());
  if (chunk == 0)
    sums.append(queries, l.constantF(l.f32(), 0));
  sums = addCommonKeys(sums);
  if (rows > 1)
    sums = addOtherKeys(sums);
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t c = 0; c < chunkCount; ++c)
      l.store(sums[i * chunkCount + c], spanO, {l.index(i), lane16(chunk + c)});
  for (int64_t i = 0; chunk == 0 && i < queries; ++i)
    l.store(sums[queries * chunkCount + i], spanL, {l.index(i)});
}

/// (m, l, o) of the spans so far and of this one become one; the first span is
/// the start.
void AttentionUnit::foldSpan(Value span) {
  Value isFirst = l.cmp(IPred::eq, span, l.index(0));
  l.loop(l.index(0), l.index(queries), 1, [&](Value q) {
    auto branch = scf::IfOp::create(l.b, l.loc, isFirst, true);
    OpBuilder::InsertionGuard guard(l.b);
    l.b.setInsertionPointToStart(branch.thenBlock());
    l.store(l.load(spanM, {q}), sumM, {q});
    l.store(l.load(spanL, {q}), sumL, {q});
    for (int64_t c = 0; c < chunks; ++c)
      l.store(l.load(spanO, {q, lane16(c)}, kLanes), sumO, {q, lane16(c)});
    l.b.setInsertionPointToStart(branch.elseBlock());
    foldQuery(q);
  });
}

void AttentionUnit::foldQuery(Value q) {
  Value m1 = l.load(sumM, {q}), m2 = l.load(spanM, {q});
  Value m = l.max(m1, m2);
  Value a = emitExp2Low(l.b, l.loc, l.sub(m1, m));
  Value b = emitExp2Low(l.b, l.loc, l.sub(m2, m));
  l.store(m, sumM, {q});
  Value l1 = l.load(sumL, {q}), l2 = l.load(spanL, {q});
  l.store(l.fma(l2, b, l.mul(l1, a)), sumL, {q});
  Value as = l.splat(a, kLanes), bs = l.splat(b, kLanes);
  for (int64_t c = 0; c < chunks; ++c) {
    Value o1 = l.load(sumO, {q, lane16(c)}, kLanes);
    Value o2 = l.load(spanO, {q, lane16(c)}, kLanes);
    l.store(l.fma(o2, bs, l.mul(o1, as)), sumO, {q, lane16(c)});
  }
}

/// o / l, only the columns of the heads.
void AttentionUnit::finish() {
  for (int64_t q = 0; q < queries; ++q) {
    Value sum = l.splat(l.load(sumL, {l.index(q)}), kLanes);
    for (int64_t c = 0; c < chunks; ++c) {
      Value o = l.div(l.load(sumO, {l.index(q), lane16(c)}, kLanes), sum);
      storeSome(l, o, op.getOut(),
                {queryRow(q), l.addi(queryColumn(q), lane16(c))},
                std::min(kLanes, dim - c * kLanes));
    }
  }
}

} // namespace sinter
