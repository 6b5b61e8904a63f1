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
#include "llvm/ADT/TypeSwitch.h"

namespace sinter {
#define GEN_PASS_DEF_PLACEBARRIERS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

/// Which part of a buffer belongs to a worker: nobody knows, its share of the
/// rows, its copy of all rows, or its share of the columns.
struct Part {
  enum Kind { Any, Rows, Copy, Columns } kind = Any;
  tile::ColumnsAttr columns = nullptr; // of Columns

  static Part of(tile::ColumnsAttr columns) { return {Columns, columns}; }
};

/// The same for few rows and for many: see tile::kFewRows.
struct Parts {
  Part few, many;

  static Parts both(Part part) { return {part, part}; }
};

/// Bytes that a stage touches: an argument of the region, or a part of one.
struct Access {
  Value base;
  int64_t begin = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
  Type type; // of the buffer: its rows
  int64_t firstCol = 0;
  bool write = false;
  Parts parts;

  bool conflicts(const Access &other, Part Parts::*part) const {
    bool overlap = base == other.base && begin < other.end && other.begin < end;
    return overlap && (write || other.write) && !apart(other, part);
  }

private:
  /// What worker w touches here, no other worker touches there. Parts are the
  /// same bytes only in the same buffer.
  bool apart(const Access &other, Part Parts::*part) const {
    const Part &mine = parts.*part, &theirs = other.parts.*part;
    if (begin != other.begin || type != other.type || mine.kind == Part::Any ||
        mine.kind != theirs.kind)
      return false;
    if (mine.kind != Part::Columns || mine.columns == theirs.columns)
      return true;
    return mine.columns.getLast() <= theirs.columns.getFirst() ||
           theirs.columns.getLast() <= mine.columns.getFirst();
  }
};

/// Follows views to the argument or allocation they look at.
Access locate(Value buffer) {
  Access access;
  while (auto part = buffer.getDefiningOp<memref::SubViewOp>()) {
    access.firstCol += part.getStaticOffset(part.getType().getRank() - 1);
    buffer = part.getSource();
  }
  access.type = buffer.getType();
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

//===----------------------------------------------------------------------===//
// How each op shares its work
//===----------------------------------------------------------------------===//

Parts partsOf(tile::RmsNormOp op, Value buffer) {
  bool written = buffer == op.getY();
  if (!written && (op.getFirst() || buffer != op.getX()))
    return {};
  Part few{Part::Rows}, many{Part::Rows};
  if (op.getSplit() == tile::Split::Own)
    few.kind = written ? Part::Copy : Part::Any;
  return {few, many};
}

Parts partsOf(tile::QuantizeOp op, Value buffer) {
  bool written = buffer != op.getX() && buffer != op.getNorm();
  if (!written && (op.getFirst() || buffer != op.getX()))
    return {};
  if (op.getSplit() == tile::Split::Columns) {
    int64_t cols = cast<MemRefType>(op.getX().getType()).getDimSize(1);
    return Parts::both(
        Part::of(tile::ColumnsAttr::get(op.getContext(), 0, cols, 32)));
  }
  Part few{Part::Rows}, many{Part::Rows};
  if (op.getSplit() == tile::Split::Own)
    few.kind = written ? Part::Copy : Part::Any;
  return {few, many};
}

Parts partsOf(tile::ContractOp op, Value buffer) {
  if (buffer == op.getOut() || buffer == op.getResidual())
    return Parts::both(Part::of(op.columnsOf(locate(buffer).firstCol)));
  bool input = llvm::is_contained({op.getCodes(), op.getScale(), op.getStart(),
                                   op.getSsum(), op.getX(), op.getX16()},
                                  buffer);
  if (input && op.getOwn())
    return {{Part::Copy}, {}};
  return {};
}

Parts partsOf(tile::RopeOp op, Value buffer) {
  Part rows{Part::Rows};
  if (!op.getColumnsAttr())
    return Parts::both(rows);
  return {buffer == op.getX() ? Part::of(op.getColumnsAttr()) : Part(), rows};
}

/// The rows whose number decides how workers share the op; null where it
/// decides nothing.
Value decidingRows(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<tile::RmsNormOp, tile::QuantizeOp, tile::ContractOp, tile::RopeOp,
            tile::KvAppendOp>([](auto typed) { return typed.getRows(); })
      .Default(Value());
}

SmallVector<Access> accessesOf(Operation *op) {
  SmallVector<MemoryEffects::EffectInstance> effects;
  cast<MemoryEffectOpInterface>(op).getEffects(effects);
  SmallVector<Access> accesses;
  for (const MemoryEffects::EffectInstance &effect : effects) {
    Value buffer = effect.getValue();
    if (!buffer)
      continue;
    Access access = locate(buffer);
    access.write = isa<MemoryEffects::Write>(effect.getEffect());
    access.parts = llvm::TypeSwitch<Operation *, Parts>(op)
                       .Case<tile::RmsNormOp, tile::QuantizeOp,
                             tile::ContractOp, tile::RopeOp>(
                           [&](auto typed) { return partsOf(typed, buffer); })
                       .Case<tile::EmbedOp, tile::SiluOp, tile::GatedOp,
                             tile::AddOp, tile::RopeTableOp, tile::KvAppendOp>(
                           [](auto) { return Parts::both({Part::Rows}); })
                       .Default(Parts());
    auto append = dyn_cast<tile::KvAppendOp>(op);
    if (!append || !append.getKColumns()) {
      accesses.push_back(access);
      continue;
    }
    // Few rows: keys and values may be shared in different ways.
    for (auto columns : {append.getKColumnsAttr(), append.getVColumnsAttr()}) {
      access.parts.few = buffer == append.getX() ? Part::of(columns) : Part();
      accesses.push_back(access);
    }
  }
  return accesses;
}

/// Accesses since the last barrier, of few rows or of many.
class Open {
public:
  explicit Open(Part Parts::*part) : part(part) {}

  bool conflicts(ArrayRef<Access> accesses) const {
    return llvm::any_of(accesses, [&](const Access &access) {
      return llvm::any_of(open, [&](const Access &other) {
        return access.conflicts(other, part);
      });
    });
  }
  void add(ArrayRef<Access> accesses) { llvm::append_range(open, accesses); }
  void close() { open.clear(); }

private:
  Part Parts::*part;
  SmallVector<Access> open;
};

class PlaceBarriersPass
    : public sinter::impl::PlaceBarriersBase<PlaceBarriersPass> {
  void runOnOperation() override {
    func::FuncOp region = getOperation();
    if (!region->hasAttr("tile.region") || region.isDeclaration())
      return;
    Open few(&Parts::few), many(&Parts::many);
    Value rows;
    for (Operation &op : llvm::make_early_inc_range(region.getBody().front())) {
      if (auto barrier = dyn_cast<tile::BarrierOp>(op)) {
        many.close();
        if (!barrier.getMany())
          few.close();
        continue;
      }
      if (!isa_and_nonnull<tile::TileDialect>(op.getDialect()) ||
          !isa<MemoryEffectOpInterface>(op))
        continue;
      if (Value deciding = decidingRows(&op))
        rows = deciding;
      SmallVector<Access> accesses = accessesOf(&op);
      bool always = few.conflicts(accesses);
      if (always || many.conflicts(accesses)) {
        OpBuilder builder(&op);
        tile::BarrierOp::create(builder, op.getLoc(), always ? Value() : rows);
        ++(always ? numBarriers : numForMany);
        many.close();
        if (always)
          few.close();
      }
      few.add(accesses);
      many.add(accesses);
    }
  }
};

} // namespace
