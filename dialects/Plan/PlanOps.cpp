// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of declarations and of the ops that name them.

#include "dialects/Plan/PlanOps.h"
#include "dialects/Common/CostTable.h"
#include "dialects/Common/NumberFunction.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter::planir;

#define GET_OP_CLASSES
#include "dialects/Plan/PlanOps.cpp.inc"

/// The declaration `symbol` of kind `Decl`, or an error at `op`.
template <typename Decl>
static Decl lookUp(SymbolTableCollection &tables, Operation *op,
                   FlatSymbolRefAttr symbol) {
  auto found = tables.lookupNearestSymbolFrom<Decl>(op, symbol);
  if (!found)
    op->emitOpError("no ") << Decl::getOperationName() << " named '"
                           << symbol.getValue() << "'";
  return found;
}

/// True when `bytes` bytes at `offset` surely lie outside `buffer`; a buffer
/// that grows with the context is checked when a session exists.
static bool isOutside(BufferOp buffer, uint64_t offset, uint64_t bytes) {
  return buffer.getPerPosition() == 0 &&
         (offset > buffer.getBytes() || bytes > buffer.getBytes() - offset);
}

static LogicalResult verifyAccess(SymbolTableCollection &tables, Operation *op,
                                  FlatSymbolRefAttr symbol, int64_t offset,
                                  int64_t bytes) {
  auto buffer = lookUp<BufferOp>(tables, op, symbol);
  if (!buffer)
    return failure();
  if (isOutside(buffer, offset, bytes))
    return op->emitOpError("reaches byte ")
           << offset + bytes << " of buffer '" << symbol.getValue()
           << "', which holds " << buffer.getBytes();
  return success();
}

//===-- declarations ------------------------------------------------------===//

LogicalResult ModelOp::verifySymbolUses(SymbolTableCollection &tables) {
  // Programs forget rows of a forward.
  for (auto state : (*this)->getParentOfType<ModuleOp>().getOps<StateOp>())
    if (state.getWindow() > 0 && state.getSlack() < getMaxRows())
      return state.emitOpError("keeps a slack of ")
             << state.getSlack() << " positions, expected at least the "
             << getMaxRows() << " rows of a forward";
  int64_t inputBytes = 4 * static_cast<int64_t>(getMaxRows());
  return success(succeeded(verifyAccess(tables, *this, getInputBufferAttr(), 0,
                                        inputBytes)) &&
                 lookUp<BufferOp>(tables, *this, getHistoryBufferAttr()));
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto section = lookUp<SectionOp>(tables, *this, getSectionAttr());
  if (!section)
    return failure();
  if (section.getKind() != SectionKind::Weights)
    return emitOpError("must lie in a weights section");
  if (getOffset() % 64 != 0)
    return emitOpError("offset ") << getOffset() << " is no multiple of 64";
  if (getOffset() > section.getBytes() ||
      getBytes() > section.getBytes() - getOffset())
    return emitOpError("ends outside section '")
           << getSection() << "' of " << section.getBytes() << " bytes";
  return success();
}

LogicalResult CodeOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto section = lookUp<SectionOp>(tables, *this, getSectionAttr());
  if (!section)
    return failure();
  if (section.getKind() != SectionKind::Code)
    return emitOpError("must lie in a code section");
  for (auto segment : getSegments().getAsRange<SegmentAttr>()) {
    if (segment.getOffset() < 0 || segment.getBytes() < 0 ||
        segment.getOffset() + segment.getBytes() >
            static_cast<int64_t>(section.getBytes()))
      return emitOpError("segment ends outside section '")
             << getSection() << "'";
    if (segment.getAddress() < 0 || segment.getAddress() + segment.getBytes() >
                                        static_cast<int64_t>(getImageBytes()))
      return emitOpError("segment ends outside the image");
  }
  auto module = cast<ModuleOp>((*this)->getParentOp());
  size_t kernels = llvm::range_size(module.getOps<KernelOp>());
  if (getEntries().size() != kernels)
    return emitOpError("has ")
           << getEntries().size() << " entries for " << kernels << " kernels";
  for (int64_t entry : getEntries())
    if (entry < 0 || entry >= static_cast<int64_t>(getImageBytes()))
      return emitOpError("entry ") << entry << " lies outside the image";
  return success();
}

LogicalResult ModelSwitchOp::verify() {
  // Written so that no number is refused, too.
  if (!(getThreshold().convertToFloat() >= 0) || getWindow() > 64 ||
      getLeast() > INT32_MAX)
    return emitOpError("switches at ")
           << getThreshold().convertToFloat() << " bits of " << getWindow()
           << " rows, for " << getLeast()
           << " tokens; expected 0 or more, at most 64 and at most "
           << INT32_MAX;
  return success();
}

LogicalResult StateOp::verify() {
  if (getPageBytes().size() != 2)
    return emitOpError("needs the bytes of a K page and of a V page");
  for (int64_t bytes : getPageBytes())
    if (getText() ? bytes != 0 : bytes <= 0)
      return emitOpError("page of ") << bytes << " bytes";
  if (getText() && (getRecurrent() || getOfAttr()))
    return emitOpError("is a text, which is no other kind of state");
  for (uint64_t positions : {getWindow(), getSinks(), getSlack()})
    if (positions > INT32_MAX)
      return emitOpError("keeps ") << positions << " positions";
  if ((getWindow() > 0 || getSinks() > 0 || getSlack() > 0) &&
      (getWindow() == 0 || getRecurrent() || getOfAttr() || getText()))
    return emitOpError("keeps a part of its positions: expected a window, and "
                       "pages of its own");
  return success();
}

LogicalResult StateOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (StateOp other : (*this)->getParentOfType<ModuleOp>().getOps<StateOp>())
    if (getText() && other != *this && other->isBeforeInBlock(*this))
      return emitOpError("is a text, which comes before states that follow it, "
                         "as '")
             << other.getSymName() << "' does";
  if (!getOfAttr())
    return success();
  auto leader = lookUp<StateOp>(tables, *this, getOfAttr());
  if (!leader)
    return failure();
  if (getRecurrent() || leader.getRecurrent() || leader.getOfAttr() ||
      leader.getText() || !leader->isBeforeInBlock(*this))
    return emitOpError("is a view of '")
           << *getOf() << "', expected an earlier state that has pages";
  return success();
}

//===-- users -------------------------------------------------------------===//

LogicalResult LoadI32Op::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), getOffset(), 4);
}
LogicalResult StoreI32Op::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), getOffset(), 4);
}
LogicalResult TakeInputOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), getOffset(), 4);
}
LogicalResult EmitLogitsOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), getOffset(), 4);
}

template <typename Op>
static LogicalResult verifyState(Op op, SymbolTableCollection &tables) {
  return success(lookUp<StateOp>(tables, op, op.getStateAttr()) != nullptr);
}
LogicalResult LengthOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
template <typename Op>
static LogicalResult verifyRecurrent(Op op, SymbolTableCollection &tables) {
  auto state = lookUp<StateOp>(tables, op, op.getStateAttr());
  if (!state || state.getRecurrent())
    return success(bool(state));
  return op.emitOpError("state '") << op.getState() << "' is not recurrent";
}
LogicalResult HalfOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyRecurrent(*this, tables);
}
LogicalResult UnplayedOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyRecurrent(*this, tables);
}
LogicalResult CapacityOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
LogicalResult ReserveOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
LogicalResult CommitOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
LogicalResult KeepOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
LogicalResult FfnsOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), 0, 20);
}
LogicalResult RetrievalOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (getEntries() > 0 && !getKeys())
    return emitOpError("has ") << getEntries() << " entries, but no keys";
  if (getKeys() && (!lookUp<WeightOp>(tables, *this, getKeysAttr()) ||
                    !lookUp<WeightOp>(tables, *this, getLawsAttr())))
    return failure();
  if (failed(verifyAccess(tables, *this, getKeyAttr(), 0,
                          4 * int64_t(getWidth()))))
    return failure();
  return verifyAccess(tables, *this, getChoiceAttr(), 0, 256);
}
LogicalResult PeekInputOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), 0, 4);
}
LogicalResult ChooseDepthOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), 0, 4);
}
LogicalResult KeepRowOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
LogicalResult TruncateOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}

LogicalResult ReserveRowsOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
LogicalResult CommitRowsOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
/// Room for the ids of a draft, and for the rows that hold them.
LogicalResult RecycleOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), 0, 4);
}
LogicalResult ChildrenOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), 0, 128);
}
LogicalResult ProposeWhileOp::verify() {
  if (getGiven().size() != 3)
    return emitOpError("is given ")
           << getGiven().size() << " numbers, expected three";
  return success();
}
LogicalResult DraftOp::verifySymbolUses(SymbolTableCollection &tables) {
  return success(lookUp<DrafterOp>(tables, *this, getDrafterAttr()) != nullptr);
}
LogicalResult DrafterOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (getBufferAttr() && !lookUp<BufferOp>(tables, *this, getBufferAttr()))
    return failure();
  if ((getKind() == DrafterKind::Recycle) != (getBufferAttr() != nullptr))
    return emitOpError("of kind ")
           << stringifyDrafterKind(getKind())
           << (getBufferAttr() ? " keeps nothing in a buffer"
                               : " needs a buffer for what it learns");
  if (getKeeps() > 0 && getKind() != DrafterKind::Recycle)
    return emitOpError("of kind ")
           << stringifyDrafterKind(getKind()) << " keeps no ids";
  if (!getParts())
    return success();
  for (auto part : getParts()->getAsRange<FlatSymbolRefAttr>()) {
    auto drafter = lookUp<DrafterOp>(tables, *this, part);
    if (!drafter)
      return failure();
    if (!drafter->isBeforeInBlock(*this))
      return emitOpError("has the part '")
             << part.getValue() << "', which must be declared before";
  }
  return success();
}
LogicalResult FillOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
LogicalResult DecideOp::verifySymbolUses(SymbolTableCollection &tables) {
  return success(lookUp<ExitOp>(tables, *this, getExitAttr()) != nullptr);
}
/// Room for where each row stands.
template <typename Op>
static LogicalResult verifyPlaces(Op op, SymbolTableCollection &tables) {
  int64_t rows = 1;
  for (auto model :
       op->template getParentOfType<ModuleOp>().template getOps<ModelOp>())
    rows = model.getMaxRows();
  return verifyAccess(tables, op, op.getBufferAttr(), op.getOffset(),
                      16 * rows);
}
LogicalResult TakeRowsOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyPlaces(*this, tables);
}
LogicalResult ExpandOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyState(*this, tables);
}
LogicalResult ProposeBestOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getBufferAttr(), 0, 8);
}
LogicalResult PlaceDraftOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyState(*this, tables)))
    return failure();
  return verifyPlaces(*this, tables);
}

/// A view has none of its own.
static LogicalResult verifyPages(SymbolTableCollection &tables, DispatchOp op,
                                 FlatSymbolRefAttr name) {
  auto state = lookUp<StateOp>(tables, op, name);
  if (state && state.getOf())
    return op.emitOpError("works on '")
           << name.getValue() << "', a view of '" << *state.getOf()
           << "', which has the pages";
  if (state && state.getText())
    return op.emitOpError("works on '")
           << name.getValue() << "', a text, which has no memory";
  return success(bool(state));
}

static LogicalResult verifyBinding(DispatchOp op, Attribute binding,
                                   SymbolTableCollection &tables) {
  return TypeSwitch<Attribute, LogicalResult>(binding)
      .Case([&](BufferBindingAttr attr) -> LogicalResult {
        return verifyAccess(tables, op, attr.getBuffer(), attr.getOffset(), 0);
      })
      .Case([&](WeightBindingAttr attr) -> LogicalResult {
        return success(lookUp<WeightOp>(tables, op, attr.getWeight()) !=
                       nullptr);
      })
      .Case([&](SectionBindingAttr attr) -> LogicalResult {
        auto section = lookUp<SectionOp>(tables, op, attr.getSection());
        if (!section)
          return failure();
        if (attr.getOffset() < 0 ||
            attr.getOffset() >= static_cast<int64_t>(section.getBytes()))
          return op.emitOpError("offset ")
                 << attr.getOffset() << " lies outside section '"
                 << attr.getSection().getValue() << "'";
        return success();
      })
      .Case([&](PlaneBindingAttr attr) -> LogicalResult {
        if (failed(verifyPages(tables, op, attr.getState())))
          return failure();
        auto state = lookUp<StateOp>(tables, op, attr.getState());
        if (attr.getLayer() < 0 ||
            attr.getLayer() >= static_cast<int64_t>(state.getLayers()) ||
            attr.getPlane() < 0 || attr.getPlane() > 1)
          return op.emitOpError("state '")
                 << attr.getState().getValue() << "' has no layer "
                 << attr.getLayer() << ", plane " << attr.getPlane();
        return success();
      })
      .Case([&](PagesBindingAttr attr) -> LogicalResult {
        return verifyPages(tables, op, attr.getState());
      })
      .Default([&](Attribute attr) -> LogicalResult {
        return op.emitOpError("cannot bind ") << attr;
      });
}

LogicalResult DispatchOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = lookUp<KernelOp>(tables, *this, getKernelAttr());
  if (!kernel)
    return failure();
  if (kernel.getBindings().size() != getBindings().size() ||
      kernel.getScalars().size() != getScalars().size())
    return emitOpError("hands over ")
           << getBindings().size() << " bindings and " << getScalars().size()
           << " scalars; kernel '" << getKernel() << "' takes "
           << kernel.getBindings().size() << " and "
           << kernel.getScalars().size();
  for (Attribute binding : getBindings())
    if (failed(verifyBinding(*this, binding, tables)))
      return failure();
  return success();
}
