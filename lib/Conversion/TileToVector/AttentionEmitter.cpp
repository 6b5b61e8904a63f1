// AttentionEmitter.cpp - what all lowerings of attention share.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/AttentionEmitter.h"
#include "lib/Conversion/TileToVector/MathExpansion.h"

using namespace mlir;

namespace sinter {

AttentionEmitter::AttentionEmitter(LaneBuilder &l, tile::AttentionOp op,
                                   const Run &run, Share share,
                                   RowMachine machine)
    : l(l), op(op), work(op.getHeads(), op.getKvHeads(), op.getHeadDim()),
      run(run), share(share),
      turn{remu(l.addi(share.worker, run.number), share.workers),
           share.workers},
      cache(l, op, run.pages), bf16(l, machine.bf16), pairs(op.getDots16()),
      wide(machine.registers >= 32), vec(VectorType::get({kLanes}, l.f32())),
      lVec(VectorType::get({wide ? 16 : 8}, l.f32())), ratio(work.ratio),
      kvHeads(op.getKvHeads()), dim(work.dim), chunks(work.paddedDim / kLanes) {
}

Value AttentionEmitter::workMemory(Value offset, ArrayRef<int64_t> shape,
                                   Type element) {
  return memref::ViewOp::create(l.b, l.loc, MemRefType::get(shape, element),
                                op.getWork(), offset, ValueRange());
}

Value AttentionEmitter::ownMemory(int64_t offset, ArrayRef<int64_t> shape,
                                  Type element) {
  Value own = l.muli(share.worker, l.index(work.bytesPerWorker));
  return workMemory(l.addi(own, l.index(offset)), shape,
                    element ? element : l.f32());
}

void AttentionEmitter::scaleQuery(Value row, Value head, Value scaled,
                                  Value query) {
  double scale = op.getScale().convertToDouble() * 1.4426950408889634;
  Value first = l.addi(l.muli(head, l.index(dim)), l.index(op.getQCol()));
  for (int64_t c = 0; c < chunks; ++c) {
    Value x = loadSome(l, op.getX(),
                       {l.addi(run.firstRow, row), l.addi(first, lane16(c))},
                       std::min(kLanes, dim - c * kLanes));
    x = l.mul(x, l.f(x, scale));
    l.store(pairs ? bf16.narrow(x) : x, scaled, {query, lane16(c)});
  }
}

Value AttentionEmitter::weigh(Value x, Value &sum) {
  if (!pairs)
    return emitExp2Low(l.b, l.loc, x);
  Value p = emitExp2Bf16(l.b, l.loc, x);
  sum = l.add(sum, p);
  return bf16.narrow(p, Bf16::Size::NotTiny);
}

Value AttentionEmitter::keyLanes(Value page, Value head, Value d,
                                 Value scales) {
  if (!pairs)
    return cache.keys(page, head, d, scales);
  Value next = l.addi(d, l.index(1));
  if (cache.keysAreBf16())
    return bf16.zipRounded(cache.rawKeys(page, head, d),
                           cache.rawKeys(page, head, next));
  return bf16.zip(cache.keys(page, head, d, scales),
                  cache.keys(page, head, next, scales));
}

Value AttentionEmitter::valueLanes(Value page, Value head, Value slot,
                                   Value column) {
  auto load = [&](Value at) {
    return cache.values(page, head, at, column,
                        cache.valueScale(page, head, at));
  };
  if (!pairs)
    return load(slot);
  Value next = l.addi(slot, l.index(1));
  if (cache.valuesAreBf16())
    return bf16.zipRounded(cache.rawValues(page, head, slot, column),
                           cache.rawValues(page, head, next, column));
  return bf16.zip(load(slot), load(next));
}

AttentionEmitter::Values AttentionEmitter::forKeys(Value from, Value end,
                                                   ValueRange init,
                                                   KeyBody body) {
  auto whole = [&](Value key, ValueRange in) { return body(key, {}, in); };
  if (!pairs)
    return l.loop(from, end, 1, init, whole);
  auto part = [&](Value key, ValueRange in) {
    Value next = l.addi(key, l.index(1));
    return body(
        key, {l.cmp(IPred::sge, key, from), l.cmp(IPred::slt, next, end)}, in);
  };
  // No more than one pair at either end.
  Value first = laneEnd(from), last = l.maxs(laneStart(end), first);
  Values sums = l.loop(laneStart(from), l.mins(first, end), 2, init, part);
  sums = l.loop(first, last, 2, sums, whole);
  return l.loop(last, end, 2, sums, part);
}

AttentionEmitter::Keys AttentionEmitter::keysOf(Value row, Value span) {
  Value zero = l.index(0), limit = l.index(kSpan);
  Value position = l.addi(run.at, row), base = l.muli(span, limit);
  Value ahead = l.subi(l.addi(position, l.index(1)), base);
  Keys keys = {zero, zero, l.mins(ahead, limit)};
  if (!windowed())
    return keys;
  keys.from = l.maxs(l.subi(ahead, l.index(op.getWindow())), zero);
  Value sinks = l.maxs(l.subi(l.index(op.getSinks()), base), zero);
  keys.sinks = l.mins(l.mins(sinks, keys.from), l.maxs(keys.end, zero));
  return keys;
}

Value AttentionEmitter::seesAny(const Keys &keys) {
  Value any = l.cmp(IPred::slt, keys.from, keys.end);
  if (!windowed())
    return any;
  return l.ori(any, l.cmp(IPred::sgt, keys.sinks, l.index(0)));
}

Value AttentionEmitter::visible(const Keys &keys, Value key) {
  Value lanes = l.iota(kLanes, l.i32());
  auto before = [&](Value bound) {
    Value left = l.indexCast(l.subi(bound, key), l.i32());
    return l.cmp(IPred::slt, lanes, l.splat(left, kLanes));
  };
  if (!windowed())
    return before(keys.end);
  Value inWindow = l.andi(before(keys.end), negated(before(keys.from)));
  return l.ori(inWindow, before(keys.sinks));
}

AttentionEmitter::Spans AttentionEmitter::spansOf(Value firstRow,
                                                  Value endRow) {
  Value all = ceilDiv(l.addi(run.at, endRow), kSpan), zero = l.index(0);
  if (!windowed())
    return {all, zero, zero};
  Value sinks = l.index((op.getSinks() + kSpan - 1) / kSpan);
  Value window = l.divu(windowStart(firstRow), kSpan);
  Value skipped = l.maxs(l.subi(window, sinks), zero);
  return {l.subi(all, skipped), sinks, skipped};
}

Value AttentionEmitter::spanAt(const Spans &spans, Value number) {
  if (!windowed())
    return number;
  Value behind = l.cmp(IPred::uge, number, spans.skipFrom);
  return l.select(behind, l.addi(number, spans.skipped), number);
}

/// The first position of a row's window.
Value AttentionEmitter::windowStart(Value row) {
  Value next = l.addi(l.addi(run.at, row), l.index(1));
  return l.maxs(l.subi(next, l.index(op.getWindow())), l.index(0));
}

Value AttentionEmitter::firstSpan(Value row) {
  if (!windowed() || op.getSinks() > 0)
    return l.index(0);
  return l.divu(windowStart(row), kSpan);
}

void AttentionEmitter::copyPart(Value to, Value i, Value from, Value j) {
  storeM(loadM(from, j), to, i);
  storeL(loadL(from, j), to, i);
  for (int64_t c = 0; c < chunks; ++c)
    storeO(loadO(from, j, c), to, i, c);
}

void AttentionEmitter::foldPart(Value into, Value i, Value from, Value j) {
  Value m1 = loadM(into, i), m2 = loadM(from, j);
  Value m = l.max(m1, m2);
  Value a = emitExp2Low(l.b, l.loc, l.sub(m1, m));
  Value b = emitExp2Low(l.b, l.loc, l.sub(m2, m));
  storeM(m, into, i);
  storeL(l.fma(loadL(from, j), b, l.mul(loadL(into, i), a)), into, i);
  Value as = l.splat(a, kLanes), bs = l.splat(b, kLanes);
  for (int64_t c = 0; c < chunks; ++c)
    storeO(l.fma(loadO(from, j, c), bs, l.mul(loadO(into, i, c), as)), into, i,
           c);
}

void AttentionEmitter::finish(Value parts, Value i, Value row, Value head) {
  Value sum = l.splat(loadL(parts, i), kLanes);
  Value column = l.muli(head, l.index(dim));
  for (int64_t c = 0; c < chunks; ++c)
    storeSome(l, asElement(l, l.div(loadO(parts, i, c), sum), op.getOut()),
              op.getOut(),
              {l.addi(run.firstRow, row), l.addi(column, lane16(c))},
              std::min(kLanes, dim - c * kLanes));
}

} // namespace sinter
