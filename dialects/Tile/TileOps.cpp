// Verifiers of the `tile` dialect.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/OperandChecks.h"
#include "dialects/Tile/StripLayout.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace sinter::tile;

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Module-level ops
//===----------------------------------------------------------------------===//

LogicalResult PackedOp::verify() {
  return checkInterleaving(*this, getPacked().getArrange(),
                           getSources().size());
}

LogicalResult VectorOp::verify() {
  if (getSize() <= 0)
    return emitOpError() << "size must be positive";
  return checkInterleaving(*this, getArrange(), getSources().size());
}

LogicalResult TokensOp::verify() {
  llvm::SmallBitVector taken(std::max<int64_t>(getVocabulary(), 0));
  for (auto [token, id] : llvm::enumerate(getIds())) {
    int32_t known = id < 0 ? ~id : id;
    if (known >= getVocabulary())
      return emitOpError() << "token " << token << " has the id " << known
                           << " in a vocabulary of " << getVocabulary();
    if (id < 0)
      continue;
    if (taken.test(id))
      return emitOpError() << "two tokens have the id " << id;
    taken.set(id);
  }
  return success();
}

LogicalResult BufferOp::verify() {
  if (getBytes() < 0 || getBytesPerPosition() < 0 || getBytesPerWorker() < 0)
    return emitOpError() << "sizes must not be negative";
  return success();
}

LogicalResult StateOp::verify() {
  if (!isKvType(elementType(0)) || !isKvType(elementType(1)))
    return emitOpError() << "element types must be f32, f16, bf16 or i8";
  if (getValueType() && getValueType() == getKeyType())
    return emitOpError() << "names one type twice";
  if (getWindow() < 0 || getSinks() < 0 || getSlack() < 0 ||
      (getWindow() == 0 && (getSinks() > 0 || getSlack() > 0)))
    return emitOpError()
           << "sinks and slack need a window, and none is negative";
  if (getOf() && getWindow() > 0)
    return emitOpError() << "is a view, which keeps what '" << *getOf()
                         << "' does, and has a window";
  return checkHeads(*this, {getLayers(), getKvHeads(), getHeadDim()});
}

LogicalResult StateOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (!getOfAttr())
    return success();
  auto leader = tables.lookupNearestSymbolFrom<StateOp>(*this, getOfAttr());
  if (!leader || leader.getOfAttr() || !leader->isBeforeInBlock(*this))
    return emitOpError() << "is a view of '" << *getOf()
                         << "', which is no earlier state with pages";
  if (getLayers() > leader.getLayers() || getKvHeads() != leader.getKvHeads() ||
      getHeadDim() != leader.getHeadDim() ||
      elementType(0) != leader.elementType(0) ||
      elementType(1) != leader.elementType(1))
    return emitOpError() << "is a view of '" << *getOf()
                         << "', whose pages have another form";
  return success();
}

LogicalResult RecurrenceOp::verify() {
  if (getLayers() <= 0 || getStateBytes() <= 0 || getInputBytes() <= 0)
    return emitOpError() << "layers and bytes must be positive";
  if (getStateBytes() % 64 || getInputBytes() % 64)
    return emitOpError() << "has " << getStateBytes() << " bytes of state and "
                         << getInputBytes()
                         << " of inputs; expected multiples of 64";
  return success();
}

static LogicalResult verifyRecurrence(Operation *op, FlatSymbolRefAttr state,
                                      SymbolTableCollection &tables) {
  if (tables.lookupNearestSymbolFrom<RecurrenceOp>(op, state))
    return success();
  return op->emitOpError() << "no recurrent state named '" << state.getValue()
                           << "'";
}
LogicalResult HalfOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyRecurrence(*this, getStateAttr(), tables);
}
LogicalResult UnplayedOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyRecurrence(*this, getStateAttr(), tables);
}

Type StateOp::elementType(int plane) {
  return plane == 1 ? getValueType().value_or(getKeyType()) : getKeyType();
}

int64_t StateOp::keyPageBytes() {
  Type type = elementType(0);
  return kvPageBytes(type, keyPageShape(type, getKvHeads(), getHeadDim()));
}

int64_t StateOp::valuePageBytes() {
  Type type = elementType(1);
  return kvPageBytes(type, valuePageShape(type, getKvHeads(), getHeadDim()));
}

LogicalResult LaunchOp::verify() {
  for (Attribute binding : getBindings())
    if (!isa<ArenaAttr, BufferAttr, WeightAttr, StateAttr, PagesAttr>(binding))
      return emitOpError() << "no binding: " << binding;
  return success();
}

/// A view has no pages of its own.
static LogicalResult verifyPages(LaunchOp op, SymbolTableCollection &tables) {
  for (Attribute binding : op.getBindings()) {
    FlatSymbolRefAttr name;
    if (auto plane = dyn_cast<StateAttr>(binding))
      name = plane.getSymbol();
    if (auto pages = dyn_cast<PagesAttr>(binding))
      name = pages.getSymbol();
    auto state =
        name ? tables.lookupNearestSymbolFrom<StateOp>(op, name) : StateOp();
    if (state && state.getOf())
      return op.emitOpError()
             << "works on '" << name.getValue() << "', a view of '"
             << *state.getOf() << "', which has the pages";
  }
  return success();
}

/// A state that gives pages back has all that attention sees.
static LogicalResult verifyWindow(LaunchOp op, AttentionOp attention,
                                  StateOp state) {
  if (state.getWindow() == 0 || (attention.getWindow() > 0 &&
                                 attention.getWindow() <= state.getWindow() &&
                                 attention.getSinks() <= state.getSinks()))
    return success();
  InFlightDiagnostic error = op.emitOpError()
                             << "attends to '" << state.getSymName()
                             << "', which keeps the last " << state.getWindow()
                             << " positions and the first " << state.getSinks();
  error.attachNote(attention.getLoc())
      << "sees the last " << attention.getWindow() << " and the first "
      << attention.getSinks() << " (0: all)";
  return error;
}

static LogicalResult verifyWindows(LaunchOp op, func::FuncOp region,
                                   SymbolTableCollection &tables) {
  for (auto [index, binding] : llvm::enumerate(op.getBindings())) {
    auto plane = dyn_cast<StateAttr>(binding);
    if (!plane || index >= region.getNumArguments() || region.isExternal())
      continue;
    auto state = tables.lookupNearestSymbolFrom<StateOp>(op, plane.getSymbol());
    for (Operation *user : region.getArgument(index).getUsers())
      if (auto attention = dyn_cast<AttentionOp>(user);
          attention && state && failed(verifyWindow(op, attention, state)))
        return failure();
  }
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  if (failed(verifyPages(*this, symbolTable)))
    return failure();
  auto region =
      symbolTable.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!region)
    return emitOpError() << "there is no function " << getCalleeAttr();
  if (failed(verifyWindows(*this, region, symbolTable)))
    return failure();
  SmallVector<Type> scalars;
  size_t buffers = 0;
  for (Type type : region.getArgumentTypes()) {
    if (isa<MemRefType>(type))
      ++buffers;
    else
      scalars.push_back(type);
  }
  if (buffers != getBindings().size())
    return emitOpError() << getBindings().size() << " bindings, but "
                         << getCalleeAttr() << " takes " << buffers
                         << " buffers";
  if (TypeRange(scalars) != getScalars().getTypes())
    return emitOpError() << "scalars (" << getScalars().getTypes() << "), but "
                         << getCalleeAttr() << " takes (" << TypeRange(scalars)
                         << ")";
  return success();
}
