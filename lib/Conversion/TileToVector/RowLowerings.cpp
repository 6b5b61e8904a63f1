// RowLowerings.cpp - norms, gates and sums, and what all row lowerings share.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/RowLowerings.h"
#include "lib/Conversion/TileToVector/Bf16.h"
#include "lib/Conversion/TileToVector/MathExpansion.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace sinter {

//===----------------------------------------------------------------------===//
// Shared
//===----------------------------------------------------------------------===//

Value areFew(LaneBuilder &l, Value rows, Value workers) {
  auto atMost = [&](Value count, int64_t most) {
    return l.cmp(arith::CmpIPredicate::ule, count, l.index(most));
  };
  return l.andi(atMost(rows, tile::kFewRows),
                atMost(workers, tile::kOwnCopies));
}

std::pair<Value, Value> shareOf(LaneBuilder &l, Value count, Share share) {
  auto bound = [&](Value worker) -> Value {
    return arith::DivUIOp::create(l.b, l.loc, l.muli(count, worker),
                                  share.workers);
  };
  return {bound(share.worker), bound(l.addi(share.worker, l.index(1)))};
}

Part partOf(LaneBuilder &l, Value rows, tile::Split split, Share share) {
  Value zero = l.index(0);
  if (split == tile::Split::Columns)
    return {zero, rows, zero};
  auto [first, last] = shareOf(l, rows, share);
  if (split == tile::Split::Rows)
    return {first, last, zero};
  Value few = areFew(l, rows, share.workers);
  return {l.select(few, zero, first), l.select(few, rows, last),
          l.select(few, share.worker, zero)};
}

Area areaOf(LaneBuilder &l, Value rows, tile::ColumnsAttr columns,
            int64_t first, int64_t last, Share share) {
  auto [firstRow, lastRow] = shareOf(l, rows, share);
  Area area{firstRow, lastRow, l.index(first), l.index(last)};
  if (!columns)
    return area;
  auto [from, to] = shareOf(l, l.index(columns.units()), share);
  auto column = [&](Value unit) {
    return l.addi(l.muli(unit, l.index(columns.getUnit())),
                  l.index(columns.getFirst()));
  };
  Value few = areFew(l, rows, share.workers);
  return {l.select(few, l.index(0), area.firstRow),
          l.select(few, rows, area.lastRow),
          l.select(few, l.maxs(column(from), area.firstCol), area.firstCol),
          l.select(few, l.mins(column(to), area.lastCol), area.lastCol)};
}

void Area::forEach(LaneBuilder &l, int64_t step,
                   llvm::function_ref<void(Value, Value)> body) {
  l.loop(firstRow, lastRow, 1, [&](Value row) {
    l.loop(firstCol, lastCol, step, [&](Value column) { body(row, column); });
  });
}

void forRows(LaneBuilder &l, Value rows, Share share,
             llvm::function_ref<void(Value)> body) {
  auto [first, last] = shareOf(l, rows, share);
  l.loop(first, last, 1, body);
}

/// A constant mask whose first `count` lanes are set.
static Value maskOf(LaneBuilder &l, int64_t count, int64_t lanes) {
  SmallVector<bool> bits(lanes, false);
  std::fill_n(bits.begin(), count, true);
  auto type = VectorType::get({lanes}, l.b.getI1Type());
  return arith::ConstantOp::create(l.b, l.loc,
                                   DenseElementsAttr::get(type, bits));
}

Value loadSome(LaneBuilder &l, Value memref, ValueRange at, int64_t count,
               int64_t lanes) {
  if (count >= lanes)
    return l.load(memref, at, lanes);
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto type = VectorType::get({lanes}, element);
  return vector::MaskedLoadOp::create(l.b, l.loc, type, memref, at,
                                      maskOf(l, count, lanes),
                                      l.constantF(type, 0));
}

void storeSome(LaneBuilder &l, Value x, Value memref, ValueRange at,
               int64_t count) {
  int64_t lanes = cast<VectorType>(x.getType()).getNumElements();
  if (count >= lanes)
    return l.store(x, memref, at);
  vector::MaskedStoreOp::create(l.b, l.loc, memref, at, maskOf(l, count, lanes),
                                x);
}

SmallVector<Value> forColumns(
    LaneBuilder &l, int64_t cols, ValueRange init,
    llvm::function_ref<SmallVector<Value>(Value, int64_t, ValueRange)> body) {
  int64_t whole = cols / kLanes * kLanes;
  SmallVector<Value> values(init);
  if (whole > 0)
    values = l.loop(l.index(0), l.index(whole), kLanes, values,
                    [&](Value c, ValueRange v) { return body(c, kLanes, v); });
  if (whole < cols)
    values = body(l.index(whole), cols - whole, values);
  return values;
}

Value asElement(LaneBuilder &l, Value x, Value memref) {
  bool rounds = cast<MemRefType>(memref.getType()).getElementType().isBF16();
  return rounds ? Bf16(l, /*native=*/false).narrow(x) : x;
}

void writeRow(LaneBuilder &l, Value y, Value row, int64_t cols,
              llvm::function_ref<Value(Value, int64_t)> body) {
  Value zero = l.constantF(VectorType::get({kLanes}, l.f32()), 0);
  forColumns(l, cols, {}, [&](Value c, int64_t count, ValueRange) {
    Value x = body(c, count);
    if (count < kLanes)
      x = l.select(maskOf(l, count, kLanes), x, zero);
    l.store(asElement(l, x, y), y, {row, c});
    return SmallVector<Value>();
  });
  int64_t padded = cast<MemRefType>(y.getType()).getDimSize(1);
  for (int64_t c = roundUpTo(cols, kLanes); c < padded; c += kLanes)
    l.store(asElement(l, zero, y), y, {row, l.index(c)});
}

Value scratch(LaneBuilder &l, ArrayRef<int64_t> shape, Type element) {
  // In the entry block of the function: inside a loop it would eat the stack.
  Operation *parent = l.b.getInsertionBlock()->getParentOp();
  while (!isa<FunctionOpInterface>(parent))
    parent = parent->getParentOp();
  OpBuilder::InsertionGuard guard(l.b);
  l.b.setInsertionPointToStart(
      &cast<FunctionOpInterface>(parent).getFunctionBody().front());
  return memref::AllocaOp::create(l.b, l.loc, MemRefType::get(shape, element),
                                  l.b.getI64IntegerAttr(64));
}

//===----------------------------------------------------------------------===//
// Norms, gates and sums
//===----------------------------------------------------------------------===//

Value emitRmsScale(LaneBuilder &l, Value x, Value row, int64_t cols,
                   double eps) {
  auto vec = VectorType::get({kLanes}, l.f32());
  Value sums = forColumns(l, cols, {l.constantF(vec, 0)},
                          [&](Value c, int64_t count, ValueRange sum) {
                            Value v = loadSome(l, x, {row, c}, count);
                            return SmallVector<Value>{l.fma(v, v, sum[0])};
                          })[0];
  Value sum = l.reduce(sums, [&](Value a, Value b) { return l.add(a, b); });
  Value mean = l.div(sum, l.f(sum, double(cols)));
  return l.div(l.f(sum, 1), l.sqrt(l.add(mean, l.f(sum, eps))));
}

void lowerRmsNorm(LaneBuilder &l, tile::RmsNormOp op, Share share) {
  Value x = op.getX(), weight = op.getWeight();
  Part part = partOf(l, op.getRows(), op.getSplit(), share);
  Value shift = l.muli(part.copy, l.index(tile::kFewRows));
  l.loop(part.firstRow, part.lastRow, 1, [&](Value row) {
    Value from = op.getFirst() ? l.addi(row, op.getFirst()) : row;
    Value r =
        emitRmsScale(l, x, from, op.getCols(), op.getEps().convertToDouble());
    Value rs = l.splat(r, kLanes);
    writeRow(l, op.getY(), l.addi(row, shift), op.getCols(),
             [&](Value c, int64_t count) {
               Value v = loadSome(l, x, {from, c}, count);
               return l.mul(l.mul(v, rs), loadSome(l, weight, {c}, count));
             });
  });
}

void lowerSilu(LaneBuilder &l, tile::SiluOp op, Share share) {
  forRows(l, op.getRows(), share, [&](Value row) {
    writeRow(l, op.getY(), row, op.getCols(), [&](Value c, int64_t count) {
      return emitSilu(l.b, l.loc, loadSome(l, op.getX(), {row, c}, count));
    });
  });
}

void lowerGated(LaneBuilder &l, tile::GatedOp op, Share share) {
  forRows(l, op.getRows(), share, [&](Value row) {
    writeRow(l, op.getY(), row, op.getCols(), [&](Value c, int64_t count) {
      Value gc = l.addi(c, l.index(op.getGateCol()));
      Value uc = l.addi(c, l.index(op.getUpCol()));
      Value gate = loadSome(l, op.getGate(), {row, gc}, count);
      Value up = loadSome(l, op.getUp(), {row, uc}, count);
      return l.mul(emitSilu(l.b, l.loc, gate), up);
    });
  });
}

void lowerAdd(LaneBuilder &l, tile::AddOp op, Share share) {
  forRows(l, op.getRows(), share, [&](Value row) {
    writeRow(l, op.getY(), row, op.getCols(), [&](Value c, int64_t count) {
      return l.add(loadSome(l, op.getA(), {row, c}, count),
                   loadSome(l, op.getB(), {row, c}, count));
    });
  });
}

bool lowerRowOp(Operation *op, OpBuilder &b, Share share, RowMachine machine) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  LaneBuilder l(b, op->getLoc());
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](tile::RmsNormOp x) { return lowerRmsNorm(l, x, share), true; })
      .Case([&](tile::SiluOp x) { return lowerSilu(l, x, share), true; })
      .Case([&](tile::GatedOp x) { return lowerGated(l, x, share), true; })
      .Case([&](tile::AddOp x) { return lowerAdd(l, x, share), true; })
      .Case([&](tile::RopeTableOp x) {
        return lowerRopeTable(l, x, share), true;
      })
      .Case([&](tile::RopeOp x) { return lowerRope(l, x, share), true; })
      .Case(
          [&](tile::KvAppendOp x) { return lowerKvAppend(l, x, share), true; })
      .Case([&](tile::AttentionOp x) {
        return lowerAttention(l, x, share, machine), true;
      })
      .Case(
          [&](tile::PenalizeOp x) { return lowerPenalize(l, x, share), true; })
      .Case([&](tile::ArgmaxOp x) { return lowerArgmax(l, x, share), true; })
      .Case([&](tile::SampleOp x) { return lowerSample(l, x, share), true; })
      .Case([&](tile::SampleBestOp x) {
        return lowerSampleBest(l, x, share), true;
      })
      .Case([&](tile::SampleProposalOp x) {
        return lowerSampleProposal(l, x, share), true;
      })
      .Case([&](tile::SampleRejectOp x) {
        return lowerSampleReject(l, x, share), true;
      })
      .Case([&](tile::SampleTypicalOp x) {
        return lowerSampleTypical(l, x, share), true;
      })
      .Case([&](tile::SampleJudgedOp x) {
        return lowerSampleJudged(l, x, share), true;
      })
      .Case([&](tile::JudgeOp x) { return lowerJudge(l, x, share), true; })
      .Case([&](tile::SummarizeOp x) {
        return lowerSummarize(l, x, share), true;
      })
      .Case([&](tile::RankOp x) { return lowerRank(l, x, share), true; })
      .Case([&](tile::ReadHistoryOp x) {
        return lowerReadHistory(l, x, share), true;
      })
      .Case([&](tile::MapLogitsOp x) {
        return lowerMapLogits(l, x, share), true;
      })
      .Case(
          [&](tile::LogisticOp x) { return lowerLogistic(l, x, share), true; })
      .Case([&](tile::SimilarityOp x) {
        return lowerSimilarity(l, x, share), true;
      })
      .Case(
          [&](tile::MoveRowsOp x) { return lowerMoveRows(l, x, share), true; })
      .Case([&](tile::PoolOp x) { return lowerPool(l, x, share), true; })
      .Case([&](tile::CosinesOp x) { return lowerCosines(l, x, share), true; })
      .Case([&](tile::VoteOp x) { return lowerVote(l, x, share), true; })
      .Default(false);
}

} // namespace sinter
