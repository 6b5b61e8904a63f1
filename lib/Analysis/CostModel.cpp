//===- CostModel.cpp - what an op moves and computes ----------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/CostModel.h"
#include "dialects/Tile/StripLayout.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::analysis;

//===-- bytes of operands -------------------------------------------------===//

static int64_t bytesOf(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

static int64_t countOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getNumElements();
}

static int64_t elementBytes(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementTypeBitWidth() / 8;
}

/// Codes and their sides hold four rows in each element of the first dimension.
static int64_t bytesPerRow(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t rows = type.getDimSize(0);
  bool byFours =
      type.getRank() == 4 || (type.getRank() == 3 && type.getDimSize(2) == 4);
  return bytesOf(buffer) / (byFours ? 4 * rows : rows);
}

/// Of K or V; a page holds 16 positions.
static int64_t bytesPerPosition(Value plane) {
  int64_t pages = cast<MemRefType>(plane.getType()).getDimSize(0);
  return bytesOf(plane) / pages / tile::StateOp::kPageTokens;
}

//===-- each op -----------------------------------------------------------===//

namespace {

constexpr int64_t kF32 = 4, kId = 4;

OpCost cost(tile::EmbedOp op) {
  OpCost c;
  c.weight = op.getTable();
  c.rows = op.getRows();
  c.weightBytes.perRow =
      bytesOf(op.getTable()) /
      llvm::alignTo(op.getWeight().getRows(), tile::StripLayout::kStripRows);
  c.activationBytes.perRow = kF32 * op.getWeight().getCols();
  return c;
}

OpCost cost(tile::RmsNormOp op) {
  OpCost c;
  c.rows = op.getRows();
  c.weightBytes.constant = bytesOf(op.getWeight());
  c.activationBytes.perRow = (kF32 + elementBytes(op.getY())) * op.getCols();
  c.f32Ops.perRow = 4 * op.getCols(); // square and add, two multiplies
  return c;
}

OpCost cost(tile::QuantizeOp op) {
  OpCost c;
  c.rows = op.getRows();
  int64_t cols = cast<MemRefType>(op.getX().getType()).getDimSize(1);
  c.activationBytes.perRow = kF32 * cols;
  for (Value out : {op.getCodes(), op.getScale(), op.getStart(), op.getSsum()})
    c.activationBytes.perRow += op.getTerms() * bytesPerRow(out);
  c.f32Ops.perRow = 2 * op.getTerms() * cols; // maximum, multiply
  if (op.getNorm()) {
    c.weightBytes.constant = bytesOf(op.getNorm());
    c.f32Ops.perRow += 4 * cols;
  }
  return c;
}

OpCost cost(tile::ContractOp op) {
  OpCost c;
  c.weight = op.getW();
  c.rows = op.getRows();
  c.weightBytes.constant = bytesOf(op.getW());
  int64_t products = 2 * op.getWeight().getRows() * op.getWeight().getCols();
  int64_t &moved = c.activationBytes.perRow;
  if (Value x = op.getX() ? op.getX() : op.getX16()) {
    (op.getX() ? c.f32Ops : c.bf16Ops).perRow = products;
    moved += elementBytes(x) * op.getWeight().getCols();
  } else {
    c.int8Ops.perRow = op.getTerms() * products;
    for (Value in : {op.getCodes(), op.getScale(), op.getStart(), op.getSsum()})
      moved += op.getTerms() * bytesPerRow(in);
  }
  bool gated = op.getGate() != tile::Gate::None;
  int64_t outputs = op.getWeight().getRows() / (gated ? 2 : 1);
  moved += elementBytes(op.getOut()) * outputs;
  if (op.getResidual())
    moved += kF32 * outputs;
  if (op.getBias())
    c.weightBytes.constant += bytesOf(op.getBias());
  return c;
}

OpCost cost(tile::RopeTableOp op) {
  OpCost c;
  c.rows = op.getRows();
  c.at = op.getAt();
  c.weightBytes.constant = bytesOf(op.getFreqs());
  c.activationBytes.perRow = bytesPerRow(op.getTable());
  return c;
}

OpCost cost(tile::RopeOp op) {
  OpCost c;
  c.rows = op.getRows();
  int64_t turned = op.getHeads() * op.getRot();
  c.activationBytes.perRow = 2 * kF32 * turned + bytesPerRow(op.getTable());
  c.f32Ops.perRow = 3 * turned; // a pair: four multiplies and two adds
  return c;
}

OpCost cost(tile::KvAppendOp op) {
  OpCost c;
  c.rows = op.getRows();
  c.at = op.getAt();
  c.stateBytes.perRow =
      bytesPerPosition(op.getK()) + bytesPerPosition(op.getV());
  c.activationBytes.perRow = 2 * kF32 * op.getKvHeads() * op.getHeadDim();
  return c;
}

OpCost cost(tile::AttentionOp op) {
  OpCost c;
  c.rows = op.getRows();
  c.at = op.getAt();
  c.stateBytes.perPosition =
      bytesPerPosition(op.getK()) + bytesPerPosition(op.getV());
  int64_t width = op.getHeads() * op.getHeadDim();
  c.activationBytes.perRow = (kF32 + elementBytes(op.getOut())) * width;
  // Query times key, weight times value.
  (op.getDots16() ? c.bf16Ops : c.f32Ops).perPair = 4 * width;
  if (op.getWindow() > 0) {
    c.seenFirst = op.getSinks();
    c.seenLast = op.getWindow();
  }
  return c;
}

OpCost cost(tile::ReadHistoryOp op) {
  OpCost c;
  c.rows = op.getRows();
  c.at = op.getAt();
  c.activationBytes.perRow = (op.getTokens() ? 3 : 2) * kId;
  return c;
}

OpCost cost(tile::MapLogitsOp op) {
  OpCost c;
  c.weightBytes.constant = bytesOf(op.getTokens());
  c.activationBytes.constant = bytesPerRow(op.getX()) + bytesPerRow(op.getY());
  return c;
}

OpCost cost(tile::MoveRowsOp op) {
  OpCost c;
  c.rows = op.getRows();
  c.activationBytes.perRow = 2 * bytesPerRow(op.getX());
  return c;
}

OpCost cost(tile::SiluOp op) {
  OpCost c;
  c.rows = op.getRows();
  c.activationBytes.perRow = (kF32 + elementBytes(op.getY())) * op.getCols();
  c.f32Ops.perRow = 3 * op.getCols();
  return c;
}

OpCost cost(tile::JudgeOp op) {
  OpCost c;
  c.rows = op.getRows();
  int64_t cols = op.getWeights().getNumElements();
  c.weightBytes.constant = kF32 * cols;
  c.activationBytes.perRow = kF32 * (cols + 1);
  c.f32Ops.perRow = 2 * cols;
  return c;
}

OpCost cost(tile::LogisticOp op) {
  OpCost c;
  auto cols = int64_t(op.getWeights().size());
  c.weightBytes.constant = kF32 * cols;
  c.activationBytes.constant = bytesPerRow(op.getX());
  c.f32Ops.constant = 4 * cols;
  return c;
}

OpCost cost(tile::SimilarityOp op) {
  OpCost c;
  c.activationBytes.constant = bytesPerRow(op.getX()) + bytesPerRow(op.getY());
  c.f32Ops.constant = 6 * op.getCols();
  return c;
}

/// Rows of f32, each element read once.
OpCost readOnce(Value rows, int64_t cols) {
  OpCost c;
  c.rows = rows;
  c.activationBytes.perRow = kF32 * cols;
  c.f32Ops.perRow = cols;
  return c;
}

OpCost cost(tile::PoolOp op) { return readOnce(op.getRows(), op.getCols()); }

OpCost cost(tile::CosinesOp op) {
  OpCost c;
  int64_t cols = op.getCols(), count = countOf(op.getNear());
  c.weightBytes.constant = kF32 * cols * count;
  c.activationBytes.constant = kF32 * (cols + count);
  c.f32Ops.constant = 2 * cols * count;
  return c;
}

/// The nearest one is looked for as often as there are neighbours.
OpCost cost(tile::VoteOp op) {
  OpCost c;
  int64_t count = countOf(op.getNear());
  int64_t laws = countOf(op.getLaws());
  c.weightBytes.constant = kF32 * laws;
  c.activationBytes.constant = kF32 * count;
  c.f32Ops.constant = op.getNearest() * (count + 2 * (laws / count));
  return c;
}

/// Row by row: two rows of `cols` and one written.
OpCost elementwise(Value rows, int64_t cols, Value out, int64_t ops) {
  OpCost c;
  c.rows = rows;
  c.activationBytes.perRow = (2 * kF32 + elementBytes(out)) * cols;
  c.f32Ops.perRow = ops * cols;
  return c;
}

/// What no rule above knows: each operand once.
OpCost operandsOf(Operation *op) {
  OpCost c;
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<MemRefType>(operand.getType()))
      if (type.getRank() != 4) // a bound, not a size
        c.activationBytes.constant += bytesOf(operand);
  return c;
}

OpCost cost(tile::RankOp op) {
  return readOnce(op.getRows(), op.getVocabulary());
}

/// The first row of logits, read once.
OpCost vocabularyPass(int64_t vocabulary) {
  OpCost c;
  c.activationBytes.constant = kF32 * vocabulary;
  c.f32Ops.constant = vocabulary;
  return c;
}

} // namespace

OpCost sinter::analysis::costOf(Operation *op) {
  OpCost c =
      TypeSwitch<Operation *, OpCost>(op)
          .Case<tile::EmbedOp, tile::RmsNormOp, tile::QuantizeOp,
                tile::ContractOp, tile::RopeTableOp, tile::RopeOp,
                tile::KvAppendOp, tile::AttentionOp, tile::ReadHistoryOp,
                tile::MapLogitsOp, tile::MoveRowsOp, tile::SimilarityOp,
                tile::LogisticOp, tile::SiluOp, tile::JudgeOp, tile::RankOp,
                tile::PoolOp, tile::CosinesOp, tile::VoteOp>(
              [](auto known) { return cost(known); })
          .Case([](tile::GatedOp op) {
            return elementwise(op.getRows(), op.getCols(), op.getY(), 4);
          })
          .Case([](tile::AddOp op) {
            return elementwise(op.getRows(), op.getCols(), op.getY(), 1);
          })
          .Case<tile::SampleOp, tile::ArgmaxOp, tile::PenalizeOp,
                tile::SampleBestOp, tile::SampleProposalOp,
                tile::SampleRejectOp, tile::SampleTypicalOp,
                tile::SampleJudgedOp, tile::SummarizeOp>(
              [](auto pass) { return vocabularyPass(pass.getVocabulary()); })
          .Default([](Operation *other) { return operandsOf(other); });
  c.name = op->getName().stripDialect();
  return c;
}

SmallVector<StageOp> sinter::analysis::stagesOf(func::FuncOp region) {
  SmallVector<StageOp> ops;
  unsigned stage = 0;
  region.walk([&](Operation *op) {
    if (auto barrier = dyn_cast<tile::BarrierOp>(op)) {
      for (StageOp &before : llvm::reverse(ops)) {
        if (before.stage != stage)
          break;
        before.end = barrier;
      }
      ++stage;
    } else if (isa_and_nonnull<tile::TileDialect>(op->getDialect())) {
      ops.push_back({op, stage, nullptr});
    }
  });
  return ops;
}
