// TileLowering.cpp - what lowerings share.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/TileLowering.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "runtime/schema/KernelAbi.h"
#include <cstddef>

using namespace mlir;
using namespace sinter;

TileLowering::TileLowering(OpBuilder &builder, func::FuncOp region,
                           const CpuLevel &level)
    : b(builder), region(region), level(level) {
  unsigned first = region.getNumArguments();
  Location loc = region.getLoc();
  Type index = b.getIndexType();
  SmallVector<Type> types = {index, index,
                             LLVM::LLVMPointerType::get(b.getContext())};
  SmallVector<unsigned> positions(types.size(), first);
  SmallVector<DictionaryAttr> attributes(types.size(), b.getDictionaryAttr({}));
  SmallVector<Location> locations(types.size(), loc);
  (void)region.insertArguments(positions, types, attributes, locations);
  worker = region.getArgument(first);
  workers = region.getArgument(first + 1);
  call = region.getArgument(first + 2);
}

std::pair<Value, Value> TileLowering::share(Location loc, Value count) {
  LaneBuilder l(b, loc);
  auto cut = [&](Value w) -> Value {
    return arith::DivUIOp::create(b, loc, l.muli(count, w), workers);
  };
  Value first = cut(worker);
  Value last = cut(l.addi(worker, l.index(1)));
  return {first, last};
}

void TileLowering::barrier(Location loc) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto field = [&](size_t offset) -> Value {
    Value address =
        LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), call,
                            ArrayRef<LLVM::GEPArg>{int32_t(offset)});
    return LLVM::LoadOp::create(b, loc, pointer, address);
  };
  Value function = field(offsetof(sinter_call, barrier));
  Value context = field(offsetof(sinter_call, ctx));
  Value self = arith::IndexCastOp::create(b, loc, b.getI32Type(), worker);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()), {pointer, b.getI32Type()});
  LLVM::CallOp::create(b, loc, type, ValueRange{function, context, self});
}

std::string sinter::entryName(StringRef region) {
  return (region + "_entry").str();
}
