// Embed.cpp - rows of a packed table as f32.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/StripReader.h"
#include "lib/Conversion/TileToVector/TileLowering.h"

using namespace mlir;
using namespace sinter;
using tile::StripLayout;

/// Writes zeros over row `row` of `x`.
static void clearRow(LaneBuilder &l, Value x, Value row) {
  auto type = VectorType::get({16}, l.f32());
  int64_t cols = cast<MemRefType>(x.getType()).getDimSize(1);
  l.loop(l.index(0), l.index(cols), 16,
         [&](Value c) { l.store(l.constantF(type, 0), x, {row, c}); });
}

static LogicalResult lowerEmbed(tile::EmbedOp op, TileLowering &t) {
  LaneBuilder l(t.b, op.getLoc());
  tile::PackedAttr weight = op.getWeight();
  StripLayout layout = StripLayout::getVerified(
      weight.getEncoding(), weight.getRows(), weight.getCols());
  auto [first, last] = t.share(op.getLoc(), op.getRows());
  l.loop(first, last, 1, [&](Value row) {
    Value from = op.getFirst() ? l.addi(row, op.getFirst()) : row;
    Value id = arith::IndexCastUIOp::create(l.b, l.loc, l.b.getIndexType(),
                                            l.load(op.getIds(), {from}));
    // An id that is negative or too large is no row of the table.
    Value known = l.cmp(arith::CmpIPredicate::ult, id, l.index(layout.rows));
    auto branch = scf::IfOp::create(l.b, l.loc, known, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(l.b);
    l.b.setInsertionPointToStart(branch.elseBlock());
    clearRow(l, op.getX(), row);
    l.b.setInsertionPointToStart(branch.thenBlock());
    StripReader reader(l, layout, op.getTable(), /*lanes=*/1);
    reader.forColumns(l.divu(id, 32), {l.remu(id, 32)}, {},
                      [&](Value k, ArrayRef<Value> weights, ValueRange) {
                        l.store(l.extract(weights[0], 0), op.getX(), {row, k});
                        return SmallVector<Value>();
                      });
  });
  return success();
}

void sinter::registerEmbedLowerings(TileLoweringRegistry &registry) {
  registry.add(lowerEmbed);
}
