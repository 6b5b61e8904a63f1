// Attention.cpp - causal attention over a paged cache.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of arithmetic is part of the op, for every row and head on its own:
// spans of 256 positions; in a span the maximum of the visible scores first,
// then l (sum of p) and o (sum of p v) key by key in rising position; spans
// fold from left to right. What is free is blocking: one unit of work is a row
// and a key head; the query heads that share it also share every load of K and
// V.
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "lib/Conversion/TileToVector/RowLowerings.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace sinter {
namespace {

/// Emits one unit: all spans of a row for some of the heads of one key head.
class UnitEmitter {
public:
  UnitEmitter(LaneBuilder &l, tile::AttentionOp op, RowMachine machine,
              int64_t queries);

  /// `firstHead` is the first query head of the unit.
  void emit(Value row, Value keyHead, Value firstHead);

private:
  void scaleQueries();
  void emitSpan(Value span, Value keys);
  void scorePages(Value firstPage, Value page, Value lastPage);
  void softmax(int64_t query, Value keys);
  void accumulate(Value firstPage, Value keys, int64_t chunk, int64_t chunks);
  void foldSpan(Value span);
  void finish();

  Value pageId(Value page) {
    return l.indexCast(l.load(op.getPages(), {page}), l.b.getIndexType());
  }
  /// 16 elements of a plane, widened.
  Value widened(Value plane, ValueRange at) {
    Value x = l.load(plane, at, kLanes);
    return x.getType() == vec ? x : l.extf(x, l.f32());
  }
  Value zeros() { return l.constantF(vec, 0); }
  Value lane16(int64_t i) { return l.index(i * kLanes); }

  LaneBuilder &l;
  tile::AttentionOp op;
  VectorType vec;
  int64_t queries; // query heads of a unit
  int64_t dim;     // of a head
  int64_t chunks;  // vectors of 16 dimensions
  int64_t pagesAtOnce, chunksAtOnce;
  Value row, keyHead, firstHead;
  // Scratch: scaled queries, scores (then probabilities) of a span, and the
  // m, l, o of this span and of all spans up to here.
  Value scaled, scores, spanM, spanL, spanO, sumM, sumL, sumO;
};

UnitEmitter::UnitEmitter(LaneBuilder &l, tile::AttentionOp op,
                         RowMachine machine, int64_t queries)
    : l(l), op(op), vec(VectorType::get({kLanes}, l.f32())), queries(queries),
      dim(op.getHeadDim()), chunks((dim + kLanes - 1) / kLanes) {
  // Registers hold the accumulators, a few vectors of K or V, and l.
  int64_t budget = machine.registers / 2;
  pagesAtOnce = 1;
  while (pagesAtOnce < 8 && pagesAtOnce * 2 * queries <= budget)
    pagesAtOnce *= 2;
  chunksAtOnce = std::clamp<int64_t>(budget / queries, 1, chunks);
  scaled = scratch(l, {queries, chunks * kLanes}, l.f32());
  scores = scratch(l, {queries, kSpan}, l.f32());
  spanM = scratch(l, {queries}, l.f32());
  spanL = scratch(l, {queries}, l.f32());
  spanO = scratch(l, {queries, chunks * kLanes}, l.f32());
  sumM = scratch(l, {queries}, l.f32());
  sumL = scratch(l, {queries}, l.f32());
  sumO = scratch(l, {queries, chunks * kLanes}, l.f32());
}

/// Queries times scale * log2(e), so that scores are exponents of 2.
void UnitEmitter::scaleQueries() {
  double scale = op.getScale().convertToDouble() * 1.4426950408889634;
  for (int64_t q = 0; q < queries; ++q) {
    Value head = l.muli(l.addi(firstHead, l.index(q)), l.index(dim));
    Value column = l.addi(head, l.index(op.getQCol()));
    for (int64_t c = 0; c < chunks; ++c) {
      int64_t count = std::min(kLanes, dim - c * kLanes);
      Value x = loadSome(l, op.getX(), {row, l.addi(column, lane16(c))}, count);
      l.store(l.mul(x, l.f(x, scale)), scaled, {l.index(q), lane16(c)});
    }
  }
}

/// Scores of `pagesAtOnce` pages from `page` on (pages of this span), one fma
/// chain over the dimensions each. Past the last page the last one is scored
/// again: its scores are never read.
void UnitEmitter::scorePages(Value firstPage, Value page, Value lastPage) {
  SmallVector<Value> ids;
  for (int64_t p = 0; p < pagesAtOnce; ++p)
    ids.push_back(
        pageId(l.addi(firstPage, l.mins(l.addi(page, l.index(p)), lastPage))));
  SmallVector<Value> init(pagesAtOnce * queries, zeros());
  SmallVector<Value> sums =
      l.loop(l.index(0), l.index(dim), 1, init, [&](Value d, ValueRange sum) {
        SmallVector<Value> q, next;
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

/// The maximum of the `keys` visible scores, then p = 2^(score - maximum) in
/// place. Lanes beyond the last key become 0 whatever their slots hold.
void UnitEmitter::softmax(int64_t query, Value keys) {
  Value q = l.index(query);
  double inf = std::numeric_limits<double>::infinity();
  Value keys32 = l.splat(l.indexCast(keys, l.i32()), kLanes);
  Value lanes = l.iota(kLanes, l.i32());
  Value low = l.constantF(vec, -inf);
  Value maxima =
      l.loop(l.index(0), keys, kLanes, {low}, [&](Value i, ValueRange m) {
        Value first = l.splat(l.indexCast(i, l.i32()), kLanes);
        Value visible =
            l.cmp(arith::CmpIPredicate::slt, l.addi(lanes, first), keys32);
        Value s = l.select(visible, l.load(scores, {q, i}, kLanes), low);
        l.store(s, scores, {q, i});
        return SmallVector<Value>{l.max(s, m[0])};
      })[0];
  Value m = l.reduce(maxima, [&](Value a, Value b) { return l.max(a, b); });
  l.store(m, spanM, {q});
  Value ms = l.splat(m, kLanes);
  l.loop(l.index(0), keys, kLanes, [&](Value i) {
    Value s = l.load(scores, {q, i}, kLanes);
    l.store(emitExp2Low(l.b, l.loc, l.sub(s, ms)), scores, {q, i});
  });
}

/// o (and with the first dimensions l) of the span, key by key.
void UnitEmitter::accumulate(Value firstPage, Value keys, int64_t chunk,
                             int64_t count) {
  bool withL = chunk == 0;
  SmallVector<Value> init(queries * count, zeros());
  if (withL)
    init.append(queries, l.constantF(l.f32(), 0));
  Value pages = l.divu(l.addi(keys, l.index(kPage - 1)), kPage);
  auto sums =
      l.loop(l.index(0), pages, 1, init, [&](Value page, ValueRange outer) {
        Value id = pageId(l.addi(firstPage, page));
        Value first = l.muli(page, l.index(kPage));
        Value end = l.mins(l.subi(keys, first), l.index(kPage));
        return l.loop(
            l.index(0), end, 1, outer, [&](Value slot, ValueRange sum) {
              SmallVector<Value> p, next;
              Value at = l.addi(first, slot);
              for (int64_t i = 0; i < queries; ++i)
                p.push_back(l.load(scores, {l.index(i), at}));
              SmallVector<Value> v;
              for (int64_t c = 0; c < count; ++c)
                v.push_back(
                    widened(op.getV(), {id, keyHead, slot, lane16(chunk + c)}));
              for (int64_t i = 0; i < queries; ++i) {
                Value ps = l.splat(p[i], kLanes);
                for (int64_t c = 0; c < count; ++c)
                  next.push_back(l.fma(ps, v[c], sum[i * count + c]));
              }
              for (int64_t i = 0; withL && i < queries; ++i)
                next.push_back(l.add(sum[queries * count + i], p[i]));
              return next;
            });
      });
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t c = 0; c < count; ++c)
      l.store(sums[i * count + c], spanO, {l.index(i), lane16(chunk + c)});
  for (int64_t i = 0; withL && i < queries; ++i)
    l.store(sums[queries * count + i], spanL, {l.index(i)});
}

/// (m, l, o) of the spans so far and of this one become one; the first span is
/// the start.
void UnitEmitter::foldSpan(Value span) {
  Value isFirst = l.cmp(arith::CmpIPredicate::eq, span, l.index(0));
  l.loop(l.index(0), l.index(queries), 1, [&](Value q) {
    Value m2 = l.load(spanM, {q}), l2 = l.load(spanL, {q});
    auto branch = scf::IfOp::create(l.b, l.loc, isFirst, true);
    {
      OpBuilder::InsertionGuard guard(l.b);
      l.b.setInsertionPointToStart(branch.thenBlock());
      l.store(m2, sumM, {q});
      l.store(l2, sumL, {q});
      for (int64_t c = 0; c < chunks; ++c)
        l.store(l.load(spanO, {q, lane16(c)}, kLanes), sumO, {q, lane16(c)});
      l.b.setInsertionPointToStart(branch.elseBlock());
      Value m1 = l.load(sumM, {q}), l1 = l.load(sumL, {q});
      Value m = l.max(m1, m2);
      Value a = emitExp2Low(l.b, l.loc, l.sub(m1, m));
      Value b = emitExp2Low(l.b, l.loc, l.sub(m2, m));
      l.store(m, sumM, {q});
      l.store(l.fma(l2, b, l.mul(l1, a)), sumL, {q});
      Value as = l.splat(a, kLanes), bs = l.splat(b, kLanes);
      for (int64_t c = 0; c < chunks; ++c) {
        Value o1 = l.load(sumO, {q, lane16(c)}, kLanes);
        Value o2 = l.load(spanO, {q, lane16(c)}, kLanes);
        l.store(l.fma(o2, bs, l.mul(o1, as)), sumO, {q, lane16(c)});
      }
    }
  });
}

void UnitEmitter::emitSpan(Value span, Value keys) {
  Value firstPage = l.muli(span, l.index(kSpan / kPage));
  Value pages = l.divu(l.addi(keys, l.index(kPage - 1)), kPage);
  Value lastPage = l.subi(pages, l.index(1));
  l.loop(l.index(0), pages, pagesAtOnce,
         [&](Value page) { scorePages(firstPage, page, lastPage); });
  for (int64_t q = 0; q < queries; ++q)
    softmax(q, keys);
  for (int64_t c = 0; c < chunks; c += chunksAtOnce)
    accumulate(firstPage, keys, c, std::min(chunksAtOnce, chunks - c));
  foldSpan(span);
}

/// o / l, only the columns of the head.
void UnitEmitter::finish() {
  for (int64_t q = 0; q < queries; ++q) {
    Value column = l.muli(l.addi(firstHead, l.index(q)), l.index(dim));
    Value sum = l.splat(l.load(sumL, {l.index(q)}), kLanes);
    for (int64_t c = 0; c < chunks; ++c) {
      Value o = l.div(l.load(sumO, {l.index(q), lane16(c)}, kLanes), sum);
      storeSome(l, o, op.getOut(), {row, l.addi(column, lane16(c))},
                std::min(kLanes, dim - c * kLanes));
    }
  }
}

void UnitEmitter::emit(Value r, Value k, Value h) {
  row = r;
  keyHead = k;
  firstHead = h;
  scaleQueries();
  Value visible = l.addi(l.addi(op.getAt(), row), l.index(1));
  Value spans = l.divu(l.addi(visible, l.index(kSpan - 1)), kSpan);
  l.loop(l.index(0), spans, 1, [&](Value span) {
    Value before = l.muli(span, l.index(kSpan));
    emitSpan(span, l.mins(l.subi(visible, before), l.index(kSpan)));
  });
  finish();
}

/// Calls body(u) for this worker's units. Units are dealt 0 1 1 0: later rows
/// cost more, and any two neighbours cost about the same.
void dealUnits(LaneBuilder &l, Value units, Share share,
               llvm::function_ref<void(Value)> body) {
  Value one = l.index(1);
  Value last = l.subi(l.addi(units, share.workers), one);
  Value rounds = arith::DivUIOp::create(l.b, l.loc, last, share.workers);
  Value mirrored = l.subi(l.subi(share.workers, one), share.worker);
  l.loop(l.index(0), rounds, 1, [&](Value round) {
    Value odd = l.cmp(arith::CmpIPredicate::eq, l.remu(round, 2), one);
    Value unit = l.addi(l.muli(round, share.workers),
                        l.select(odd, mirrored, share.worker));
    l.when(l.cmp(arith::CmpIPredicate::ult, unit, units), [&] { body(unit); });
  });
}

} // namespace

void lowerAttention(LaneBuilder &l, tile::AttentionOp op, Share share,
                    RowMachine machine) {
  // The query heads of a key head in the fewest groups of at most 4: `large`
  // groups of `size`, then groups of one less.
  int64_t ratio = op.getHeads() / op.getKvHeads();
  int64_t groups = (ratio + 3) / 4, size = (ratio + groups - 1) / groups;
  int64_t large = ratio - groups * (size - 1);
  // All rows of one key head after another: its pages stay in cache.
  Value units = l.muli(op.getRows(), l.index(op.getKvHeads()));
  dealUnits(l, units, share, [&](Value u) {
    Value keyHead = arith::DivUIOp::create(l.b, l.loc, u, op.getRows());
    Value row = arith::RemUIOp::create(l.b, l.loc, u, op.getRows());
    Value first = l.muli(keyHead, l.index(ratio));
    auto emitGroups = [&](int64_t from, int64_t to, int64_t queries) {
      UnitEmitter unit(l, op, machine, queries);
      l.loop(l.index(from), l.index(to), queries, [&](Value offset) {
        unit.emit(row, keyHead, l.addi(first, offset));
      });
    };
    emitGroups(0, large * size, size);
    if (large < groups)
      emitGroups(large * size, ratio, size - 1);
  });
  // Columns behind the last head.
  int64_t cols = op.getHeads() * op.getHeadDim();
  int64_t padded = cast<MemRefType>(op.getOut().getType()).getDimSize(1);
  if (cols == padded)
    return;
  forRows(l, op.getRows(), share, [&](Value row) {
    for (int64_t c = cols; c < padded; c += kLanes) {
      Value zero = l.constantF(VectorType::get({kLanes}, l.f32()), 0);
      storeSome(l, zero, op.getOut(), {row, l.index(c)},
                std::min(kLanes, padded - c));
    }
  });
}

} // namespace sinter
