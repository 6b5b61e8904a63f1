// AttentionSpans.cpp - attention of a few rows: work is dealt span by span.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A unit of work is one row over one span and a block of key heads. Every load
// of K and V serves all query heads of its key head, and pages are read whole,
// one after another. Where there is more than one span, workers leave the
// results of spans in shared memory, meet, and fold them head by head.
#include "lib/Conversion/TileToVector/Attention.h"
#include "lib/Conversion/TileToVector/AttentionEmitter.h"
#include "lib/Conversion/TileToVector/MathExpansion.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <limits>

using namespace mlir;

namespace sinter {
namespace {

constexpr int64_t kSpanPages = kSpan / kPage;
/// Pages that are fetched ahead: what memory needs, and no more than the
/// first-level cache can keep.
constexpr int64_t kPagesAhead = 4;
/// Results of spans: a bound, not a size.
constexpr int64_t kPartBound = int64_t(1) << 24;

class SpanAttention : AttentionEmitter {
public:
  SpanAttention(LaneBuilder &l, tile::AttentionOp op, const Run &run,
                Share share, RowMachine machine);
  void emit();

private:
  /// One row, one span (and its number among those of the call), key heads
  /// [head, head + heads).
  struct Unit {
    Value row, number, span, head, heads;
  };
  Unit unitAt(Value number);
  void emitUnit(Unit unit, Unit next);
  void listPages(Unit unit, Unit next);
  void forGroups(Value keyHead,
                 llvm::function_ref<void(Value query, int64_t count)> body);
  void scorePages(Value page, Value entry, Value head, Value first,
                  int64_t count);
  Values scoreDimension(Value d, ArrayRef<Value> pageIds,
                        ArrayRef<Value> scales, Value head, Value first,
                        int64_t count, ValueRange sums);
  void softmax(Value query);
  void addPage(Value page, Value entry, Value head, Value first, int64_t count);
  void prefetchSlot(Value start, Value slot);
  void leave(Unit unit);
  void foldSpans();
  Value sharedIndex(Value row, Value span, Value head);
  Values pagesAt(Value entry, int64_t count);
  void prefetch(Value start, Value offset);
  Value idOf(Value pageOfSpan) { return l.load(ids, {pageOfSpan}); }

  // Query heads of a key head that share loads: all, or nearly equal parts.
  int64_t groupHeads, largeHeads; // heads of large groups; small ones one less
  int64_t pagesAtOnce, chunksAtOnce;

  Spans live;
  Value spans, blocks, block; // of the run; key heads of a block
  Value queries, scores, parts, list, ids, shared;
  Value weights; // of keys, where their scores were
  // Of the unit at hand: visible keys, their end, and the pages up to it.
  Keys keys;
  Value keysEnd, pages;
};

SpanAttention::SpanAttention(LaneBuilder &l, tile::AttentionOp op,
                             const Run &run, Share share, RowMachine machine)
    : AttentionEmitter(l, op, run, share, machine) {
  int64_t most = wide ? 6 : 4;
  int64_t groups = (ratio + most - 1) / most;
  groupHeads = (ratio + groups - 1) / groups;
  largeHeads = (ratio - groups * (groupHeads - 1)) * groupHeads;
  // Three quarters of the registers may hold scores; values need more beside
  // them.
  pagesAtOnce = 1;
  while (pagesAtOnce < kPagesAhead &&
         pagesAtOnce * 2 * groupHeads <= machine.registers * (wide ? 3 : 2) / 4)
    pagesAtOnce *= 2;
  chunksAtOnce = std::clamp<int64_t>(
      (machine.registers * 3 / 4 - groupHeads) / (groupHeads + 1), 1, chunks);
}

void SpanAttention::emit() {
  int64_t count = work.blockHeads * ratio;
  queries = ownMemory(work.unitQueries, {count, work.paddedDim}, element());
  scores = ownMemory(work.unitScores, {count, work.kScoreStride});
  weights = ownMemory(work.unitScores, {count, work.kScoreStride * perLane()},
                      element());
  parts = ownMemory(work.unitParts, {count, work.part});
  list = ownMemory(work.unitPages, {work.listEntries()}, l.i64());
  ids = scratch(l, {kSpanPages}, l.b.getIndexType());
  Value own = l.muli(share.workers, l.index(work.bytesPerWorker));
  shared = workMemory(own, {kPartBound, work.part}, l.f32());

  Value rows = run.rows, one = l.index(1);
  live = spansOf(l.index(0), rows);
  spans = live.count;
  // Whole pages are best, but every worker shall have something to do.
  Value plenty = l.cmp(IPred::uge, spans, l.muli(share.workers, l.index(4)));
  block = l.select(plenty, l.index(work.blockHeads), one);
  blocks = divu(l.subi(l.addi(l.index(kvHeads), block), one), block);
  Value units = l.muli(l.muli(spans, blocks), rows);
  Value first = divu(l.muli(units, turn.worker), turn.workers);
  Value end = divu(l.muli(units, l.addi(turn.worker, one)), turn.workers);
  l.loop(first, end, 1, [&](Value u) {
    Value next = l.mins(l.addi(u, one), l.subi(end, one));
    emitUnit(unitAt(u), unitAt(next));
  });
  l.when(l.cmp(IPred::ugt, spans, one), [&] {
    tile::BarrierOp::create(l.b, l.loc);
    foldSpans();
    // The next run leaves its results where these are read.
    if (op.getRuns())
      l.when(l.cmp(IPred::ugt, op.getRuns(), one),
             [&] { tile::BarrierOp::create(l.b, l.loc); });
  });
}

/// Rows follow one another, so that a span is still in cache for the next one.
SpanAttention::Unit SpanAttention::unitAt(Value number) {
  Value rows = run.rows;
  Value place = divu(number, rows);
  Value head = l.muli(remu(place, blocks), block);
  Value span = divu(place, blocks);
  return {remu(number, rows), span, spanAt(live, span), head,
          l.mins(block, l.subi(l.index(kvHeads), head))};
}

void SpanAttention::emitUnit(Unit unit, Unit next) {
  keys = keysOf(unit.row, unit.span);
  // Spans are those of the whole run: one row may see none of their keys.
  l.when(seesAny(keys), [&] {
    keysEnd = keys.end;
    if (windowed()) // only sinks, where the window lies in later spans
      keysEnd = l.select(l.cmp(IPred::slt, keys.from, keys.end), keys.end,
                         keys.sinks);
    pages = ceilDiv(keysEnd, kPage);
    listPages(unit, next);
    Value zero = l.index(0), count = l.muli(unit.heads, l.index(ratio));
    Value firstHead = l.muli(unit.head, l.index(ratio));
    l.loop(zero, count, 1, [&](Value q) {
      scaleQuery(unit.row, l.addi(firstHead, q), queries, q);
      storeL(l.constantF(l.f32(), 0), parts, q);
      for (int64_t c = 0; c < chunks; ++c)
        storeO(zeros(), parts, q, c);
    });
    l.loop(zero, pages, pagesAtOnce, [&](Value page) {
      l.loop(zero, unit.heads, 1, [&](Value g) {
        Value entry =
            l.addi(l.muli(page, unit.heads), l.muli(g, l.index(pagesAtOnce)));
        forGroups(g, [&](Value query, int64_t heads) {
          scorePages(page, entry, l.addi(unit.head, g), query, heads);
        });
      });
    });
    l.loop(zero, count, 1, [&](Value q) { softmax(q); });
    Value keyEntries = l.muli(
        l.muli(ceilDiv(pages, pagesAtOnce), l.index(pagesAtOnce)), unit.heads);
    l.loop(zero, pages, 1, [&](Value page) {
      l.loop(zero, unit.heads, 1, [&](Value g) {
        Value entry = l.addi(l.addi(keyEntries, l.muli(page, unit.heads)), g);
        forGroups(g, [&](Value query, int64_t heads) {
          addPage(page, entry, l.addi(unit.head, g), query, heads);
        });
      });
    });
    leave(unit);
  });
}

/// Addresses of the pages in the order of use: keys, values, then the first
/// keys of the next unit.
void SpanAttention::listPages(Unit unit, Unit next) {
  Value zero = l.index(0), last = l.subi(pages, l.index(1));
  Value firstPage = l.muli(unit.span, l.index(kSpanPages));
  l.loop(zero, pages, 1, [&](Value page) {
    l.store(cache.page(l.addi(firstPage, page)), ids, {page});
  });
  auto place = [&](Value address, Value entry) {
    l.store(address, list, {entry});
  };
  Value end = l.loop(
      zero, pages, pagesAtOnce, {zero}, [&](Value page, ValueRange outer) {
        return l.loop(
            zero, unit.heads, 1, outer, [&](Value g, ValueRange entry) {
              Value head = l.addi(unit.head, g);
              for (int64_t p = 0; p < pagesAtOnce; ++p) {
                Value id = idOf(l.mins(l.addi(page, l.index(p)), last));
                place(cache.keyAddress(id, head), l.addi(entry[0], l.index(p)));
              }
              return Values{l.addi(entry[0], l.index(pagesAtOnce))};
            });
      })[0];
  end = l.loop(zero, pages, 1, {end}, [&](Value page, ValueRange outer) {
    Value id = idOf(page);
    return l.loop(zero, unit.heads, 1, outer, [&](Value g, ValueRange entry) {
      place(cache.valueAddress(id, l.addi(unit.head, g)), entry[0]);
      return Values{l.addi(entry[0], l.index(1))};
    });
  })[0];
  Value nextPage = l.muli(next.span, l.index(kSpanPages));
  Value lastPage = l.divu(l.addi(run.at, next.row), kPage);
  for (int64_t p = 0; p < 2 * kPagesAhead; ++p) {
    Value id = cache.page(
        l.mins(l.addi(nextPage, l.index(p % kPagesAhead)), lastPage));
    place(cache.keyAddress(id, next.head), l.addi(end, l.index(p)));
  }
}

/// Where the pages at `entry` of the list and after it begin.
SpanAttention::Values SpanAttention::pagesAt(Value entry, int64_t count) {
  Type pointer = LLVM::LLVMPointerType::get(l.b.getContext());
  Values starts;
  for (int64_t p = 0; p < count; ++p)
    starts.push_back(LLVM::IntToPtrOp::create(
        l.b, l.loc, pointer, l.load(list, {l.addi(entry, l.index(p))})));
  return starts;
}

/// The line at byte `offset` of something that is read soon.
void SpanAttention::prefetch(Value start, Value offset) {
  Value address =
      LLVM::GEPOp::create(l.b, l.loc, start.getType(), l.b.getI8Type(), start,
                          ValueRange{l.indexCast(offset, l.i64())});
  LLVM::Prefetch::create(l.b, l.loc, address, /*rw=*/0, /*hint=*/3,
                         /*cache=*/1);
}

/// The query heads of key head `keyHead` of the unit, group by group.
void SpanAttention::forGroups(
    Value keyHead, llvm::function_ref<void(Value query, int64_t count)> body) {
  Value first = l.muli(keyHead, l.index(ratio));
  auto some = [&](int64_t from, int64_t to, int64_t heads) {
    if (from + heads == to)
      body(l.addi(first, l.index(from)), heads);
    else if (from < to)
      l.loop(l.index(from), l.index(to), heads,
             [&](Value h) { body(l.addi(first, h), heads); });
  };
  some(0, largeHeads, groupHeads);
  some(largeHeads, ratio, groupHeads - 1);
}

/// Scores of `pagesAtOnce` pages from `page` on, one fma chain over the
/// dimensions each. Past the last page the last one is scored again: those
/// scores are never read.
void SpanAttention::scorePages(Value page, Value entry, Value head, Value first,
                               int64_t count) {
  Value last = l.subi(pages, l.index(1));
  Values pageIds, scales;
  for (int64_t p = 0; p < pagesAtOnce; ++p) {
    pageIds.push_back(idOf(l.mins(l.addi(page, l.index(p)), last)));
    scales.push_back(cache.keyScales(pageIds.back(), head));
  }
  Values ahead = pagesAt(l.addi(entry, l.index(kPagesAhead)), pagesAtOnce);
  // One step reads a line of each page, where dimensions come out even.
  int64_t bytes = kPage * cache.keyElementBytes();
  int64_t step = std::max<int64_t>(64 / bytes, 1);
  if (dim % step != 0)
    step = 1;
  step = std::max(step, perLane());
  Values init(pagesAtOnce * count, zeros());
  Values sums =
      l.loop(l.index(0), l.index(dim), step, init, [&](Value d, ValueRange in) {
        for (Value start : ahead)
          prefetch(start, l.muli(d, l.index(bytes)));
        Values sum(in);
        for (int64_t i = 0; i < step; i += perLane())
          sum = scoreDimension(l.addi(d, l.index(i)), pageIds, scales, head,
                               first, count, sum);
        return sum;
      });
  for (int64_t p = 0; p < pagesAtOnce; ++p) {
    Value at = l.muli(l.addi(page, l.index(p)), l.index(kPage));
    for (int64_t i = 0; i < count; ++i)
      l.store(sums[p * count + i], scores, {l.addi(first, l.index(i)), at});
  }
}

SpanAttention::Values
SpanAttention::scoreDimension(Value d, ArrayRef<Value> pageIds,
                              ArrayRef<Value> scales, Value head, Value first,
                              int64_t count, ValueRange sums) {
  Values q, next;
  for (int64_t i = 0; i < count; ++i)
    q.push_back(splatAt(queries, {l.addi(first, l.index(i)), d}, kLanes));
  for (auto [p, id] : llvm::enumerate(pageIds)) {
    Value k = keyLanes(id, head, d, scales[p]);
    for (int64_t i = 0; i < count; ++i)
      next.push_back(dot(k, q[i], sums[p * count + i]));
  }
  return next;
}

/// The maximum of the visible scores, then p = 2^(score - maximum) in place.
/// Lanes beyond the last key become 0 whatever their slots hold.
void SpanAttention::softmax(Value q) {
  Value low = l.constantF(vec, -std::numeric_limits<double>::infinity());
  Value maxima =
      l.loop(l.index(0), keysEnd, kLanes, {low}, [&](Value i, ValueRange m) {
        Value s =
            l.select(visible(keys, i), l.load(scores, {q, i}, kLanes), low);
        l.store(s, scores, {q, i});
        return Values{l.max(s, m[0])};
      })[0];
  Value m = l.reduce(maxima, [&](Value a, Value b) { return l.max(a, b); });
  storeM(m, parts, q);
  Value ms = l.splat(m, kLanes);
  Values sums(pairs ? 1 : 0, zeros());
  sums = l.loop(l.index(0), keysEnd, kLanes, sums, [&](Value i, ValueRange in) {
    Value none, s = l.load(scores, {q, i}, kLanes);
    Values next(in);
    l.store(weigh(l.sub(s, ms), pairs ? next[0] : none), weights, {q, i});
    return next;
  });
  if (pairs)
    storeL(sumOfLanes(sums[0]), parts, q);
}

/// The keys of one page for `count` query heads, key by key. l rides with the
/// first dimensions.
void SpanAttention::addPage(Value page, Value entry, Value head, Value first,
                            int64_t count) {
  Value id = idOf(page), begin = l.muli(page, l.index(kPage));
  auto slotOf = [&](Value key) {
    Value slot = l.maxs(l.subi(key, begin), l.index(0));
    return l.mins(slot, l.index(kPage));
  };
  Value ahead = pagesAt(l.addi(entry, l.index(kPagesAhead)), 1)[0];
  for (int64_t c = 0, some; c < chunks; c += some) {
    some = std::min(chunksAtOnce, chunks - c);
    auto query = [&](int64_t i) { return l.addi(first, l.index(i)); };
    Values init;
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < some; ++j)
        init.push_back(loadO(parts, query(i), c + j));
    bool withL = c == 0 && !pairs;
    for (int64_t i = 0; withL && i < count; ++i)
      init.push_back(l.splat(loadL(parts, query(i)), lVec.getNumElements()));
    auto addSlot = [&](Value slot, Kept kept, ValueRange in) {
      for (int64_t i = 0; c == 0 && i < perLane(); ++i)
        prefetchSlot(ahead, l.addi(slot, l.index(i)));
      Values next(in), v;
      for (int64_t j = 0; j < some; ++j)
        v.push_back(keep(valueLanes(id, head, slot, lane16(c + j)), kept));
      Value key = l.addi(begin, slot);
      for (int64_t i = 0; i < count; ++i) {
        Value p = splatAt(weights, {query(i), key}, kLanes);
        for (int64_t j = 0; j < some; ++j)
          next[i * some + j] = dot(v[j], p, next[i * some + j]);
        if (withL)
          next[count * some + i] = l.add(
              next[count * some + i],
              l.splat(l.load(weights, {query(i), key}), lVec.getNumElements()));
      }
      return next;
    };
    Values sums = init;
    if (windowed())
      sums = forKeys(l.index(0), slotOf(keys.sinks), sums, addSlot);
    Value from = windowed() ? slotOf(keys.from) : l.index(0);
    sums = forKeys(from, slotOf(keysEnd), sums, addSlot);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < some; ++j)
        storeO(sums[i * some + j], parts, query(i), c + j);
    for (int64_t i = 0; withL && i < count; ++i)
      storeL(l.extract(sums[count * some + i], 0), parts, query(i));
  }
}

/// The part of a page's bytes that corresponds to one slot.
void SpanAttention::prefetchSlot(Value start, Value slot) {
  int64_t bytes = cache.valueBytes() / kPage;
  Value first = l.muli(slot, l.index(bytes));
  for (int64_t line = 0; line < bytes; line += 64)
    prefetch(start, l.addi(first, l.index(line)));
}

/// The unit's results: to the other workers, or, where its span is the only
/// one, to where they belong.
void SpanAttention::leave(Unit unit) {
  Value firstHead = l.muli(unit.head, l.index(ratio));
  Value alone = l.cmp(IPred::eq, spans, l.index(1));
  l.loop(l.index(0), l.muli(unit.heads, l.index(ratio)), 1, [&](Value q) {
    Value head = l.addi(firstHead, q);
    l.when(alone, [&] { finish(parts, q, unit.row, head); });
    l.when(l.xori(alone, l.i(alone, 1)), [&] {
      copyPart(shared, sharedIndex(unit.row, unit.number, head), parts, q);
    });
  });
}

Value SpanAttention::sharedIndex(Value row, Value span, Value head) {
  Value place = l.addi(l.muli(row, spans), span);
  return l.addi(l.muli(place, l.index(op.getHeads())), head);
}

/// Each worker folds the spans of its share of (row, head).
void SpanAttention::foldSpans() {
  Value heads = l.index(op.getHeads()), zero = l.index(0);
  forRows(l, l.muli(run.rows, heads), share, [&](Value unit) {
    Value row = divu(unit, heads), head = remu(unit, heads);
    Value first = firstSpan(row);
    l.loop(zero, spans, 1, [&](Value number) {
      Value span = spanAt(live, number);
      Value from = sharedIndex(row, number, head);
      Value isFirst = l.cmp(IPred::eq, span, first);
      l.when(isFirst, [&] { copyPart(parts, zero, shared, from); });
      l.when(l.andi(negated(isFirst), seesAny(keysOf(row, span))),
             [&] { foldPart(parts, zero, shared, from); });
    });
    finish(parts, zero, row, head);
  });
}

} // namespace

void emitAttentionBySpans(LaneBuilder &l, tile::AttentionOp op, const Run &run,
                          Share share, RowMachine machine) {
  SpanAttention(l, op, run, share, machine).emit();
}

} // namespace sinter
