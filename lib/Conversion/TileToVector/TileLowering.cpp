// TileLowering.cpp - what lowerings share.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/TileLowering.h"
#include "lib/Conversion/TileToVector/RowLowerings.h"
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
  return shareOf(l, count, {worker, workers});
}

Value TileLowering::scratch(Location loc, StringRef name, MemRefType type) {
  Value &memory = scratches[name][type];
  if (!memory) {
    LaneBuilder l(b, loc);
    memory = sinter::scratch(l, type.getShape(), type.getElementType());
  }
  return memory;
}

Value TileLowering::hasTrait(Location loc, uint32_t trait) {
  if (!traits) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&region.getBody().front());
    LaneBuilder l(b, loc);
    Type pointer = call.getType();
    auto field = [&](size_t offset) -> Value {
      Value address =
          LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), call,
                              ArrayRef<LLVM::GEPArg>{int32_t(offset)});
      return LLVM::LoadOp::create(b, loc, l.i32(), address);
    };
    Value abi = field(offsetof(sinter_call, abi));
    traits = l.either(
        l.cmp(arith::CmpIPredicate::uge, abi,
              l.constantI(l.i32(), SINTER_KERNEL_ABI_TRAITS)),
        [&] { return field(offsetof(sinter_call, traits)); },
        [&] { return l.constantI(l.i32(), 0); });
  }
  LaneBuilder l(b, loc);
  Value bit = l.andi(traits, l.i(traits, trait));
  return l.cmp(arith::CmpIPredicate::ne, bit, l.i(bit, 0));
}

void TileLowering::barrier(Location loc, Value many) {
  // The stage that ends here, for who measures it (runtime/plan/Recorder.cpp).
  int64_t stage = 0;
  if (auto number =
          b.getInsertionPoint()->getAttrOfType<IntegerAttr>("tile.stage"))
    stage = number.getInt();
  OpBuilder::InsertionGuard guard(b);
  if (many) {
    LaneBuilder l(b, loc);
    Value few = areFew(l, many, workers);
    auto wait = scf::IfOp::create(b, loc, l.xori(few, l.i(few, 1)));
    b.setInsertionPointToStart(wait.thenBlock());
  }
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
  Value number = arith::ConstantIntOp::create(b, loc, b.getI32Type(), stage);
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                  {pointer, b.getI32Type(), b.getI32Type()});
  LLVM::CallOp::create(b, loc, type,
                       ValueRange{function, context, self, number});
}

std::string sinter::entryName(StringRef region) {
  return (region + "_entry").str();
}
