//===- PlaceBarriers.cpp - barriers between stages ------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace sinter {
#define GEN_PASS_DEF_PLACEBARRIERS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

/// Bytes that a stage touches: an argument of the region, or a part of one.
struct Access {
  Value base;
  int64_t begin = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
  Type type; // of the buffer: its rows
  bool write = false;
  bool byRows = false;

  bool conflicts(const Access &other) const {
    bool overlap = base == other.base && begin < other.end && other.begin < end;
    // The same worker has the same rows only if the rows are the same bytes.
    bool sameRows =
        byRows && other.byRows && begin == other.begin && type == other.type;
    return overlap && (write || other.write) && !sameRows;
  }
};

/// True if worker w of the op owns the rows that worker w of every other such
/// op owns, and reads and writes no other row.
bool splitsByRows(Operation *op) {
  if (auto norm = dyn_cast<tile::RmsNormOp>(op))
    return !norm.getFirst();
  return isa<tile::EmbedOp, tile::QuantizeOp, tile::GatedOp, tile::AddOp,
             tile::RopeTableOp, tile::RopeOp, tile::KvAppendOp>(op);
}

/// Follows views to the argument or allocation they look at.
Access locate(Value buffer) {
  Access access;
  access.type = buffer.getType();
  while (auto part = buffer.getDefiningOp<memref::SubViewOp>())
    buffer = part.getSource();
  if (auto view = buffer.getDefiningOp<memref::ViewOp>()) {
    access.base = view.getSource();
    APInt shift;
    auto type = cast<MemRefType>(buffer.getType());
    if (matchPattern(view.getByteShift(), m_ConstantInt(&shift))) {
      access.begin = shift.getSExtValue();
      access.end = access.begin + type.getNumElements() *
                                      ((type.getElementTypeBitWidth() + 7) / 8);
    }
    return access;
  }
  access.base = buffer;
  return access;
}

SmallVector<Access> accessesOf(Operation *op) {
  SmallVector<MemoryEffects::EffectInstance> effects;
  cast<MemoryEffectOpInterface>(op).getEffects(effects);
  SmallVector<Access> accesses;
  bool byRows = splitsByRows(op);
  for (const MemoryEffects::EffectInstance &effect : effects) {
    if (!effect.getValue())
      continue;
    Access access = locate(effect.getValue());
    access.write = isa<MemoryEffects::Write>(effect.getEffect());
    access.byRows = byRows;
    accesses.push_back(access);
  }
  return accesses;
}

class PlaceBarriersPass
    : public sinter::impl::PlaceBarriersBase<PlaceBarriersPass> {
  void runOnOperation() override {
    func::FuncOp region = getOperation();
    if (!region->hasAttr("tile.region") || region.isDeclaration())
      return;
    SmallVector<Access> open;
    for (Operation &op : llvm::make_early_inc_range(region.getBody().front())) {
      if (isa<tile::BarrierOp>(op)) {
        open.clear();
        continue;
      }
      if (!isa_and_nonnull<tile::TileDialect>(op.getDialect()) ||
          !isa<MemoryEffectOpInterface>(op))
        continue;
      SmallVector<Access> accesses = accessesOf(&op);
      bool conflict = llvm::any_of(accesses, [&](const Access &access) {
        return llvm::any_of(
            open, [&](const Access &other) { return access.conflicts(other); });
      });
      if (conflict) {
        OpBuilder builder(&op);
        tile::BarrierOp::create(builder, op.getLoc());
        ++numBarriers;
        open.clear();
      }
      llvm::append_range(open, accesses);
    }
  }
};

} // namespace
