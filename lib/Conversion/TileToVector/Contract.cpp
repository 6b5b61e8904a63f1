// Contract.cpp - the schedule and the epilogue of contractions.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chunks of rows outside (so that their activations stay in the second-level
// cache), then the strips of this worker, then passes of 4 rows (of floating
// point 8, where there are registers) over a strip, then the loop over k. The
// rows that are left have copies of their own for each number. So have 5 to 8
// rows of codes that are all there are, where there are registers: in a second
// pass over a strip memory would rest.
// Many rows of floating point go another way (ContractPanel.cpp).
#include "lib/Conversion/TileToVector/Contract.h"
#include "lib/Conversion/TileToVector/KvStore.h"
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "lib/Conversion/TileToVector/RowLowerings.h"
#include "runtime/schema/KernelAbi.h"

using namespace mlir;
using namespace sinter;
using tile::StripLayout;

namespace {

StripLayout layoutOf(tile::ContractOp op) {
  tile::PackedAttr weight = op.getWeight();
  return StripLayout::getVerified(weight.getEncoding(), weight.getRows(),
                                  weight.getCols());
}

class ContractEmitter {
public:
  ContractEmitter(tile::ContractOp op, TileLowering &t)
      : op(op), t(t), l(t.b, op.getLoc()), layout(layoutOf(op)),
        loop(op.getCodes() ? emitDotLoop
             : op.getX()   ? emitFmaLoop
                           : emitBf16Loop),
        passGroups(op.getCodes() ? 1 : t.level.fmaTokens / kTokens),
        gated(op.getGate() != tile::Gate::None) {
    orderGroups();
  }

  void emit();

private:
  void orderGroups();
  int64_t chunkGroups();
  int64_t directRows();
  std::pair<Value, Value> shareStrips(tile::ContractOp op);
  void fetchAhead(Value lastStrip);
  Value ownGroup();
  void emitPasses(Value first, Value last);
  void emitPanels(Value first, Value last);
  void whenPadding(Value strip, llvm::function_ref<void()> body);
  void emitStrip(Value strip, Value from, Value to, Value isLast,
                 Value tokenGroups, Value remainder);
  void emitOnePass(Value strip, Value tokenGroup, Value count, int64_t fewest,
                   int64_t most);
  void emitPass(Value strip, Value tokenGroup, int64_t tokens, bool prefetch);
  void emitEpilogues(Value strip, Value tokenGroup, ArrayRef<int64_t> groups,
                     ArrayRef<SmallVector<Value>> sums);
  void emitEpilogue(Value strip, Value row, ArrayRef<int64_t> unit,
                    ArrayRef<Value> sums);
  void emitPadding(Value strip, Value row);

  static constexpr int64_t kTokens = 4; // rows of a token group in memory

  tile::ContractOp op;
  TileLowering &t;
  LaneBuilder l;
  StripLayout layout;
  ContractLoop loop;
  int64_t passGroups; // token groups of a full pass
  bool gated;
  /// Groups of outputs in the order of work: those that meet in a gate's
  /// epilogue follow one another.
  SmallVector<int64_t> order;
  Value firstGroup; // of the input
  FetchAhead ahead;
};

/// With a gate, rows i and i + 16 of a strip meet in the epilogue.
void ContractEmitter::orderGroups() {
  int64_t groups = StripLayout::kStripRows / t.level.lanes();
  for (int64_t i = 0; i < groups / 2; ++i) {
    order.push_back(gated ? i : 2 * i);
    order.push_back(gated ? i + groups / 2 : 2 * i + 1);
  }
}

/// Token groups whose activations fit the cache.
int64_t ContractEmitter::chunkGroups() {
  int64_t bytesPerBlock = op.getCodes() ? 32 + 3 * 4 : 32 * (op.getX() ? 4 : 2);
  int64_t bytes = layout.blocks * bytesPerBlock * kTokens;
  return std::max<int64_t>(1, t.level.tileBytes / bytes / passGroups) *
         passGroups;
}

/// Up to so many rows weights are decoded where they are used. Floats take
/// little to decode: a panel of them pays where several passes read it, or
/// where the rows are several chunks, each of which reads all weights.
int64_t ContractEmitter::directRows() {
  constexpr int64_t kCoded = 8;
  if (!op.getX() || !layout.isFloat())
    return kCoded;
  return std::min(4 * t.level.fmaTokens,
                  std::max(kCoded, kTokens * chunkGroups()));
}

void ContractEmitter::emit() {
  auto [first, last] = shareStrips(op);
  fetchAhead(last);
  if (op.getCodes())
    return emitPasses(first, last);
  Value few =
      l.cmp(arith::CmpIPredicate::ule, op.getRows(), l.index(directRows()));
  l.when(few, [&] { emitPasses(first, last); });
  l.when(l.xori(few, l.i(few, 1)), [&] { emitPanels(first, last); });
}

void ContractEmitter::emitPanels(Value first, Value last) {
  emitPanelContract(
      op, layout, t, first, last,
      [&](Value strip, Value row, ArrayRef<Value> sums) {
        size_t unit = gated ? 2 : order.size();
        for (size_t i = 0; i < order.size(); i += unit) {
          ArrayRef<int64_t> groups = ArrayRef(order).slice(i, unit);
          emitEpilogue(strip, row, groups,
                       llvm::map_to_vector(
                           groups, [&](int64_t group) { return sums[group]; }));
        }
        whenPadding(strip, [&] { emitPadding(strip, row); });
      });
}

void ContractEmitter::emitPasses(Value first, Value last) {
  Value rows = l.muli(op.getRows(), l.index(op.getTerms())); // of codes
  int64_t tokens = passGroups * kTokens;
  Value full = l.muli(l.divu(rows, tokens), l.index(passGroups));
  Value remainder = l.remu(rows, tokens);
  Value all = l.divu(l.addi(rows, l.index(kTokens - 1)), kTokens);
  firstGroup = ownGroup();
  int64_t chunk = chunkGroups();
  auto inChunks = [&] {
    l.loop(l.index(0), all, chunk, [&](Value from) {
      Value end = l.addi(from, l.index(chunk));
      Value to = l.mins(end, full);
      Value isLast = l.cmp(arith::CmpIPredicate::sge, end, all);
      l.loop(first, last, 1, [&](Value strip) {
        emitStrip(strip, from, to, isLast, full, remainder);
      });
    });
  };
  if (!op.getCodes() || t.level.dotTokens <= tokens)
    return inChunks();
  Value alone = l.andi(
      l.cmp(arith::CmpIPredicate::ugt, rows, l.index(tokens)),
      l.cmp(arith::CmpIPredicate::ule, rows, l.index(t.level.dotTokens)));
  l.when(alone, [&] {
    l.loop(first, last, 1, [&](Value strip) {
      emitOnePass(strip, l.index(0), rows, tokens + 1, t.level.dotTokens);
    });
  });
  l.when(l.xori(alone, l.i(alone, 1)), inChunks);
}

/// Workers share the strips in units that stay together.
std::pair<Value, Value> ContractEmitter::shareStrips(tile::ContractOp op) {
  int64_t unit = op.getShare();
  int64_t strips = layoutOf(op).strips;
  auto [first, last] =
      t.share(op.getLoc(), l.index((strips + unit - 1) / unit));
  if (unit == 1)
    return {first, last};
  return {l.muli(first, l.index(unit)),
          l.mins(l.muli(last, l.index(unit)), l.index(strips))};
}

/// Behind this worker's last strip comes its first one of the next
/// contraction: memory works on while the workers wait for one another. So it
/// does where the KV cache will be written.
void ContractEmitter::fetchAhead(Value lastStrip) {
  ahead.bytes = t.level.prefetchBytes;
  ahead.streams = t.hasTrait(op.getLoc(), SINTER_TRAIT_STREAMS);
  Operation *next = op->getNextNode();
  for (; next && !isa<tile::ContractOp>(next); next = next->getNextNode())
    if (auto append = dyn_cast<tile::KvAppendOp>(next))
      l.when(areFew(l, op.getRows(), t.workers),
             [&] { fetchKvSlots(l, append, {t.worker, t.workers}); });
  if (!next)
    return;
  auto following = cast<tile::ContractOp>(next);
  ahead.end = l.muli(lastStrip, l.index(layout.stripBytes));
  Value first = shareStrips(following).first;
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(l.b, l.loc,
                                                              following.getW());
  ahead.next = l.indexCast(
      l.addi(base, l.muli(first, l.index(layoutOf(following).stripBytes))),
      l.i64());
}

/// Where this worker's copy of the input begins.
Value ContractEmitter::ownGroup() {
  if (!op.getOwn())
    return l.index(0);
  int64_t step = op.getCodes()
                     ? tile::ownGroupStep(layout.blocks, op.getTerms())
                     : tile::kFewRows / kTokens;
  return l.select(areFew(l, op.getRows(), t.workers),
                  l.muli(t.worker, l.index(step)), l.index(0));
}

void ContractEmitter::emitStrip(Value strip, Value from, Value to, Value isLast,
                                Value tokenGroups, Value remainder) {
  int64_t tokens = passGroups * kTokens;
  Value second = l.addi(from, l.index(passGroups));
  l.when(l.cmp(arith::CmpIPredicate::sle, second, to),
         [&] { emitPass(strip, from, tokens, /*prefetch=*/true); });
  l.loop(second, to, passGroups, [&](Value group) {
    emitPass(strip, group, tokens, /*prefetch=*/false);
  });
  l.when(isLast,
         [&] { emitOnePass(strip, tokenGroups, remainder, 1, tokens - 1); });
}

/// `count` rows, if they are `fewest` to `most`; no code for others.
void ContractEmitter::emitOnePass(Value strip, Value tokenGroup, Value count,
                                  int64_t fewest, int64_t most) {
  for (int64_t tokens = llvm::alignTo(fewest, op.getTerms()); tokens <= most;
       tokens += op.getTerms())
    l.when(l.cmp(arith::CmpIPredicate::eq, count, l.index(tokens)),
           [&] { emitPass(strip, tokenGroup, tokens, /*prefetch=*/true); });
}

void ContractEmitter::emitPass(Value strip, Value tokenGroup, int64_t tokens,
                               bool prefetch) {
  // Where the registers hold fewer groups than an epilogue needs, the loops
  // follow one another.
  size_t atOnce = op.getCodes() ? dotGroups(layout, t.level, tokens)
                                : t.level.groupsOf(tokens);
  size_t step = std::max<size_t>(atOnce, gated ? 2 : 1);
  FetchAhead fetch = ahead;
  fetch.waits = tokens <= 2;
  for (size_t i = 0; i < order.size(); i += step) {
    ArrayRef<int64_t> groups = ArrayRef(order).slice(i, step);
    SmallVector<SmallVector<Value>> sums(tokens);
    for (size_t j = 0; j < step; j += atOnce) {
      ContractPass pass{strip, l.addi(firstGroup, tokenGroup), tokens,
                        SmallVector<int64_t>(groups.slice(j, atOnce)),
                        prefetch && i + j == 0 ? fetch : FetchAhead()};
      SmallVector<Value> part = loop(op, layout, t, pass);
      for (int64_t token = 0; token < tokens; ++token)
        llvm::append_range(sums[token],
                           ArrayRef(part).slice(token * atOnce, atOnce));
    }
    emitEpilogues(strip, tokenGroup, groups, sums);
  }
  int64_t terms = op.getTerms();
  Value firstRow = l.muli(tokenGroup, l.index(kTokens / terms));
  whenPadding(strip, [&] {
    for (int64_t token = 0; token < tokens / terms; ++token)
      emitPadding(strip, l.addi(firstRow, l.index(token)));
  });
}

/// Runs `body` with the last strip where there are columns to pad behind it.
void ContractEmitter::whenPadding(Value strip,
                                  llvm::function_ref<void()> body) {
  if (gated && layout.strips % 2 != 0)
    l.when(l.cmp(arith::CmpIPredicate::eq, strip, l.index(layout.strips - 1)),
           body);
}

/// The rows of a pass; a row of two terms is the sum of two code rows.
void ContractEmitter::emitEpilogues(Value strip, Value tokenGroup,
                                    ArrayRef<int64_t> groups,
                                    ArrayRef<SmallVector<Value>> sums) {
  size_t terms = op.getTerms();
  size_t unit = gated ? 2 : groups.size(); // groups that one epilogue takes
  Value firstRow = l.muli(tokenGroup, l.index(kTokens / terms));
  for (size_t token = 0; token < sums.size(); token += terms) {
    SmallVector<Value> row = sums[token];
    for (size_t term = 1; term < terms; ++term)
      for (size_t i = 0; i < row.size(); ++i)
        row[i] = l.add(row[i], sums[token + term][i]);
    for (size_t i = 0; i < groups.size(); i += unit)
      emitEpilogue(strip, l.addi(firstRow, l.index(token / terms)),
                   groups.slice(i, unit), ArrayRef(row).slice(i, unit));
  }
}

void ContractEmitter::emitEpilogue(Value strip, Value row,
                                   ArrayRef<int64_t> unit,
                                   ArrayRef<Value> sums) {
  int64_t lanes = t.level.lanes();
  if (gated) {
    Value column = l.addi(l.muli(strip, l.index(16)), l.index(unit[0] * lanes));
    Value product = l.mul(emitSilu(l.b, l.loc, sums[0]), sums[1]);
    return l.store(asElement(l, product, op.getOut()), op.getOut(),
                   {row, column});
  }
  for (auto [group, sum] : llvm::zip(unit, sums)) {
    Value column = l.addi(l.muli(strip, l.index(32)), l.index(group * lanes));
    Value result = sum;
    if (op.getBias())
      result = l.add(result, l.load(op.getBias(), {column}, lanes));
    if (op.getResidual())
      result = l.add(result, l.load(op.getResidual(), {row, column}, lanes));
    l.store(asElement(l, result, op.getOut()), op.getOut(), {row, column});
  }
}

/// The 16 columns behind an odd number of strips of a gated product.
void ContractEmitter::emitPadding(Value strip, Value row) {
  int64_t lanes = t.level.lanes();
  auto type = VectorType::get({lanes}, l.f32());
  for (int64_t c = 0; c < 16; c += lanes)
    l.store(asElement(l, l.constantF(type, 0), op.getOut()), op.getOut(),
            {row, l.index(layout.strips * 16 + c)});
}

LogicalResult lowerContract(tile::ContractOp op, TileLowering &t) {
  ContractEmitter(op, t).emit();
  return success();
}

} // namespace

void sinter::registerContractLowerings(TileLoweringRegistry &registry) {
  registry.add(lowerContract);
}
