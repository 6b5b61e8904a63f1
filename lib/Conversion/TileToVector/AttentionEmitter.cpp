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
      cache(l, op, run.pages), wide(machine.registers >= 32),
      vec(VectorType::get({kLanes}, l.f32())),
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
    l.store(l.mul(x, l.f(x, scale)), scaled, {query, lane16(c)});
  }
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
    storeSome(l, l.div(loadO(parts, i, c), sum), op.getOut(),
              {l.addi(run.firstRow, row), l.addi(column, lane16(c))},
              std::min(kLanes, dim - c * kLanes));
}

} // namespace sinter
