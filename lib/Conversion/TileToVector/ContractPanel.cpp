// ContractPanel.cpp - contraction of many rows with decoded weights.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 128 or 256 columns of a strip are decoded once into a panel that stays in the
// first-level cache while tiles of rows pass over it. Sums wait in memory from
// panel to panel: their order is that of the loops for a few rows, and so are
// their bits.
#include "lib/Conversion/TileToVector/Bf16.h"
#include "lib/Conversion/TileToVector/Contract.h"
#include "lib/Conversion/TileToVector/StripReader.h"

using namespace mlir;
using namespace sinter;
using tile::StripLayout;

namespace {

class PanelEmitter {
public:
  PanelEmitter(tile::ContractOp op, const StripLayout &layout, TileLowering &t)
      : op(op), layout(layout), t(t), l(t.b, op.getLoc()),
        bf16(l, t.level.bf16), x(op.getX() ? op.getX() : op.getX16()),
        rounds(!op.getX()), lanes(t.level.lanes()),
        blocks(rounds || layout.headerBytes ? StripLayout::kHeaderBlocks
                                            : StripLayout::kHeaderBlocks / 2),
        tileRows(rounds || lanes < 16 ? t.level.fmaTokens : 6) {}

  void emit(Value firstStrip, Value lastStrip, RowEpilogue epilogue);

private:
  static constexpr int64_t kRows = StripLayout::kStripRows;
  static constexpr int64_t kCols = StripLayout::kBlockCols;
  /// Columns in one piece of the innermost loop.
  static constexpr int64_t kUnroll = 8;

  bool readsInPlace() { return !rounds && layout.code == tile::StripCode::F32; }
  int64_t chunkRows();
  void emitPanel(Value strip, Value from, Value count);
  void decode(Value strip);
  void fetchOutputs(Value strip, Value row);
  void prefetchNext(Value strip, Value row);
  void multiply(Value from, Value row, int64_t tokens);
  void multiplyGroups(Value from, Value row, int64_t tokens, int64_t group,
                      int64_t groups);
  SmallVector<Value> addColumns(Value column, ArrayRef<Value> rows,
                                int64_t group, int64_t groups, ValueRange sums);
  Value weights(Value column, int64_t group);

  tile::ContractOp op;
  const StripLayout &layout;
  TileLowering &t;
  LaneBuilder l;
  Bf16 bf16;
  Value x;
  bool rounds; // activations and weights are bf16
  int64_t lanes;
  int64_t blocks; // of a panel: 16 KiB, or all that share a header
  /// Rows of a tile. Registers hold the sums of a block, and those of the
  /// blocks before it.
  int64_t tileRows;
  Value panel, sums;
  Value firstBlock, lastBlock; // of the panel at hand
};

/// As many as leave room in the second-level cache.
int64_t PanelEmitter::chunkRows() {
  int64_t bytes = layout.blocks * kCols * (rounds ? 2 : 4);
  int64_t rows = std::clamp<int64_t>(t.level.panelBytes / bytes, 16, 256);
  return rows / tileRows * tileRows;
}

void PanelEmitter::emit(Value firstStrip, Value lastStrip,
                        RowEpilogue epilogue) {
  int64_t chunk = chunkRows();
  auto memory = [&](StringRef name, ArrayRef<int64_t> shape, Type element) {
    return t.scratch(op.getLoc(), name, MemRefType::get(shape, element));
  };
  sums = memory("sums", {chunk, kRows}, l.f32());
  int64_t columns = blocks * kCols;
  panel = rounds ? memory("panel", {columns / 2, 2 * kRows}, l.b.getBF16Type())
                 : memory("panel", {columns, kRows}, l.f32());
  // Equal chunks: each reads all weights.
  Value zero = l.index(0), rows = op.getRows();
  Value chunks = l.divu(l.addi(rows, l.index(chunk - 1)), chunk);
  Value fair = arith::DivUIOp::create(
      l.b, l.loc, l.addi(rows, l.subi(chunks, l.index(1))), chunks);
  Value most = l.muli(l.divu(l.addi(fair, l.index(tileRows - 1)), tileRows),
                      l.index(tileRows));
  l.loop(zero, chunks, 1, [&](Value number) {
    Value from = l.muli(number, most);
    Value count = l.mins(most, l.subi(rows, from));
    l.loop(firstStrip, lastStrip, 1, [&](Value strip) {
      Value none = l.constantF(VectorType::get({lanes}, l.f32()), 0);
      l.loop(zero, count, 1, [&](Value row) {
        for (int64_t c = 0; c < kRows; c += lanes)
          l.store(none, sums, {row, l.index(c)});
      });
      l.loop(zero, l.index(layout.blocks), blocks, [&](Value block) {
        firstBlock = block;
        lastBlock =
            l.mins(l.addi(block, l.index(blocks)), l.index(layout.blocks));
        emitPanel(strip, from, count);
      });
      l.loop(zero, count, 1, [&](Value row) {
        SmallVector<Value> result;
        for (int64_t c = 0; c < kRows; c += lanes)
          result.push_back(l.load(sums, {row, l.index(c)}, lanes));
        epilogue(strip, l.addi(from, row), result);
      });
    });
  });
}

void PanelEmitter::emitPanel(Value strip, Value from, Value count) {
  decode(strip);
  Value whole = l.muli(l.divu(count, tileRows), l.index(tileRows));
  l.loop(l.index(0), whole, tileRows, [&](Value row) {
    prefetchNext(strip, row);
    fetchOutputs(strip, l.addi(from, row));
    multiply(from, row, tileRows);
  });
  // 4, 2 and 1 make up the rest.
  Value rest = l.subi(count, whole);
  for (int64_t some = llvm::bit_floor(uint64_t(tileRows - 1)); some > 0;
       some /= 2) {
    Value bit = l.andi(rest, l.index(some));
    l.when(l.cmp(arith::CmpIPredicate::ne, bit, l.index(0)),
           [&] { multiply(from, whole, some); });
    whole = l.addi(whole, bit);
  }
}

/// The lines that the epilogue of a tile writes, while its last panel is at
/// work.
void PanelEmitter::fetchOutputs(Value strip, Value row) {
  int64_t columns = op.getGate() == tile::Gate::None ? kRows : kRows / 2;
  Value isLast =
      l.cmp(arith::CmpIPredicate::eq, lastBlock, l.index(layout.blocks));
  l.when(isLast, [&] {
    Value first = l.muli(strip, l.index(columns));
    for (int64_t i = 0; i < tileRows; ++i)
      for (int64_t c = 0; c < columns; c += 16)
        memref::PrefetchOp::create(
            l.b, l.loc, op.getOut(),
            {l.addi(row, l.index(i)), l.addi(first, l.index(c))},
            /*isWrite=*/true, /*localityHint=*/3, /*isDataCache=*/true);
  });
}

/// The bytes of the next panel, a few with each tile of rows.
void PanelEmitter::prefetchNext(Value strip, Value row) {
  constexpr int64_t kBytes = 1024;
  int64_t bytes = blocks * layout.blockBytes;
  Value part = l.muli(l.divu(row, tileRows), l.index(kBytes));
  l.when(l.cmp(arith::CmpIPredicate::ult, part, l.index(bytes)), [&] {
    Value panelStart = l.addi(l.muli(strip, l.index(layout.stripBytes)),
                              l.muli(firstBlock, l.index(layout.blockBytes)));
    StripReader(l, layout, op.getW(), lanes, {bytes})
        .prefetch(l.addi(panelStart, part), kBytes, readsInPlace() ? 1 : 2);
  });
}

void PanelEmitter::decode(Value strip) {
  StripReader reader(l, layout, op.getW(), lanes, {t.level.prefetchBytes});
  reader.only(firstBlock, lastBlock);
  SmallVector<Value> groups;
  for (int64_t c = 0; c < kRows; c += lanes)
    groups.push_back(l.index(c));
  Value firstColumn = l.muli(firstBlock, l.index(kCols));
  if (!rounds)
    return reader.forEachColumn(
        strip, groups, [&](Value k, ArrayRef<Value> weights) {
          for (auto [group, weight] : llvm::zip(groups, weights))
            l.store(weight, panel, {l.subi(k, firstColumn), group});
        });
  reader.forPairs(
      strip, groups, {},
      [&](Value k, ArrayRef<Value> even, ArrayRef<Value> odd, ValueRange) {
        Value pair = l.divu(l.subi(k, firstColumn), 2);
        for (size_t i = 0; i < groups.size(); ++i)
          l.store(bf16.zip(even[i], odd[i], weightSize(layout)), panel,
                  {pair, l.index(2 * i * lanes)});
        return SmallVector<Value>();
      });
}

void PanelEmitter::multiply(Value from, Value row, int64_t tokens) {
  int64_t all = kRows / lanes;
  for (int64_t group = 0; group < all; group += t.level.groups)
    multiplyGroups(from, row, tokens, group, t.level.groups);
}

void PanelEmitter::multiplyGroups(Value from, Value row, int64_t tokens,
                                  int64_t group, int64_t groups) {
  SmallVector<Value> rows;
  for (int64_t i = 0; i < tokens; ++i)
    rows.push_back(l.addi(l.addi(from, row), l.index(i)));
  auto place = [&](int64_t i) {
    return SmallVector<Value>{l.addi(row, l.index(i / groups)),
                              l.index((group + i % groups) * lanes)};
  };
  Value firstColumn = l.muli(firstBlock, l.index(kCols));
  auto columns = [&](Value from, Value to, ValueRange init) {
    return l.loop(from, to, kUnroll, init, [&](Value k, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t j = 0; j < kUnroll; j += rounds ? 2 : 1)
        next = addColumns(l.addi(k, l.index(j)), rows, group, groups, next);
      return next;
    });
  };
  int64_t count = tokens * groups;
  // The sum of 32 columns begins at zero.
  Value none = l.constantF(VectorType::get({lanes}, l.f32()), 0);
  auto addBlock = [&](Value block, ValueRange carried) {
    Value first = l.muli(block, l.index(kCols));
    SmallVector<Value> part = columns(first, l.addi(first, l.index(kCols)),
                                      SmallVector<Value>(count, none));
    for (int64_t i = 0; i < count; ++i)
      part[i] = l.add(carried[i], part[i]);
    return part;
  };
  SmallVector<Value> totals;
  for (int64_t i = 0; i < count; ++i)
    totals.push_back(l.load(sums, place(i), lanes));
  totals = rounds
               ? columns(firstColumn, l.muli(lastBlock, l.index(kCols)), totals)
               : l.loop(firstBlock, lastBlock, 1, totals, addBlock);
  for (int64_t i = 0; i < count; ++i)
    l.store(totals[i], sums, place(i));
}

/// One column, or a pair of them, for `groups` groups of outputs.
SmallVector<Value> PanelEmitter::addColumns(Value column, ArrayRef<Value> rows,
                                            int64_t group, int64_t groups,
                                            ValueRange sums) {
  SmallVector<Value> w, next;
  for (int64_t g = group; g < group + groups; ++g)
    w.push_back(weights(column, g));
  for (Value row : rows) {
    Value activation = rounds ? bf16.splatPair(x, {row, column}, lanes)
                              : l.splat(l.load(x, {row, column}), lanes);
    for (Value weight : w) {
      Value sum = sums[next.size()];
      next.push_back(rounds ? bf16.dot(weight, activation, sum)
                            : l.fma(weight, activation, sum));
    }
  }
  return next;
}

Value PanelEmitter::weights(Value column, int64_t group) {
  Value k = l.subi(column, l.muli(firstBlock, l.index(kCols)));
  if (rounds)
    return l.load(panel, {l.divu(k, 2), l.index(2 * group * lanes)}, 2 * lanes);
  return l.load(panel, {k, l.index(group * lanes)}, lanes);
}

} // namespace

void sinter::emitPanelContract(tile::ContractOp op, const StripLayout &layout,
                               TileLowering &t, Value firstStrip,
                               Value lastStrip, RowEpilogue epilogue) {
  PanelEmitter(op, layout, t).emit(firstStrip, lastStrip, epilogue);
}
