// Entries.cpp - the exported face of a kernel.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A region is a function over bare pointers and numbers. Its entry takes the
// `sinter_call` of runtime/schema/KernelAbi.h, loads them and calls it.
#include "lib/Conversion/TileToVector/TileLowering.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "runtime/schema/KernelAbi.h"
#include <cstddef>

using namespace mlir;
using namespace sinter;

namespace {

class EntryBuilder {
public:
  EntryBuilder(LLVM::LLVMFuncOp kernel)
      : kernel(kernel), b(kernel->getContext()), loc(kernel.getLoc()),
        pointer(LLVM::LLVMPointerType::get(kernel->getContext())) {}

  LogicalResult build() {
    b.setInsertionPointAfter(kernel);
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(b.getContext()), {pointer, b.getI32Type()});
    auto entry =
        LLVM::LLVMFuncOp::create(b, loc, entryName(kernel.getName()), type);
    Block *body = entry.addEntryBlock(b);
    b.setInsertionPointToStart(body);
    call = body->getArgument(0);
    if (failed(loadArguments(body->getArgument(1))))
      return failure();
    LLVM::CallOp::create(b, loc, kernel, arguments);
    LLVM::ReturnOp::create(b, loc, ValueRange{});
    return success();
  }

private:
  Value load(Type type, Value base, size_t offset) {
    Value address =
        LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), base,
                            ArrayRef<LLVM::GEPArg>{int32_t(offset)});
    return LLVM::LoadOp::create(b, loc, type, address);
  }

  /// A scalar travels as an i64; a float as its bits in the low half. Null: no
  /// such type may be passed.
  Value narrow(Value wide, Type type) {
    if (type.isInteger(64))
      return wide;
    Value low = LLVM::TruncOp::create(b, loc, b.getI32Type(), wide);
    if (type.isInteger(32))
      return low;
    if (type.isF32())
      return LLVM::BitcastOp::create(b, loc, type, low);
    kernel.emitError() << "a kernel cannot take an argument of type " << type;
    return {};
  }

  LogicalResult loadArguments(Value workerIndex) {
    Value buffers = load(pointer, call, offsetof(sinter_call, buffers));
    Value scalars = load(pointer, call, offsetof(sinter_call, scalars));
    size_t buffer = 0, scalar = 0;
    // The last three are the worker, the workers, and the call itself.
    for (Type type : kernel.getArgumentTypes().drop_back(3)) {
      if (isa<LLVM::LLVMPointerType>(type)) {
        arguments.push_back(load(pointer, buffers, 8 * buffer++));
        continue;
      }
      Value value = narrow(load(b.getI64Type(), scalars, 8 * scalar++), type);
      if (!value)
        return failure();
      arguments.push_back(value);
    }
    Value workers = load(b.getI32Type(), call, offsetof(sinter_call, workers));
    for (Value narrowValue : {workerIndex, workers})
      arguments.push_back(
          LLVM::ZExtOp::create(b, loc, b.getI64Type(), narrowValue));
    arguments.push_back(call);
    return success();
  }

  LLVM::LLVMFuncOp kernel;
  OpBuilder b;
  Location loc;
  Type pointer;
  Value call;
  SmallVector<Value> arguments;
};

} // namespace

LogicalResult sinter::emitEntries(ModuleOp module) {
  SmallVector<LLVM::LLVMFuncOp> kernels;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function->hasAttr(tile::kRegionAttr))
      kernels.push_back(function);
  for (LLVM::LLVMFuncOp kernel : kernels) {
    kernel->removeAttr(tile::kRegionAttr);
    kernel.setLinkage(LLVM::Linkage::Internal);
    if (failed(EntryBuilder(kernel).build()))
      return failure();
  }
  return success();
}
