// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function of a plan as it is read back into the plan dialect.
#ifndef SINTER_LIB_TARGET_PLAN_FUNCTIONDECODER_H
#define SINTER_LIB_TARGET_PLAN_FUNCTIONDECODER_H

#include "lib/Target/Plan/Liveness.h"
#include "lib/Target/Plan/PlanError.h"
#include "lib/Target/Plan/Tables.h"
#include "mlir/IR/Builders.h"

namespace sinter {

/// Structured control flow needs no general SSA construction:
/// DecodeFunction.cpp says why.
class FunctionDecoder {
public:
  FunctionDecoder(const plan::Plan &plan, const PlanNames &names,
                  mlir::OpBuilder &builder)
      : plan(plan), names(names), builder(builder),
        loc(builder.getUnknownLoc()), i64(builder.getI64Type()) {}

  llvm::Error run(uint32_t index);

private:
  /// Values that the registers hold here.
  using Values = mlir::DenseMap<uint32_t, mlir::Value>;

  llvm::Error block(const plan::Block *block, const RegisterSet &after,
                    Values &values, unsigned depth);
  llvm::Error op(const plan::Op &op, const RegisterSet &after, Values &values,
                 unsigned depth);
  llvm::Error branch(const plan::If &op, const RegisterSet &after,
                     Values &values, unsigned depth);
  llvm::Error loop(const plan::While &op, const RegisterSet &after,
                   Values &values, unsigned depth);
  llvm::Error call(const plan::Call &op, Values &values);
  llvm::Error dispatch(const plan::Dispatch &op, Values &values);
  llvm::Expected<mlir::Attribute> binding(const plan::Binding &binding);
  llvm::Error stateOp(const plan::StateOp &op, Values &values);
  llvm::Error service(const plan::Service &op, Values &values);
  void ofNumbers(const plan::Service &op, Values &values);
  llvm::Error asking(const plan::Service &op, Values &values);
  llvm::Error withBuffer(const plan::Service &op, Values &values);
  llvm::Error takeRows(const plan::Service &op, Values &values);
  llvm::Error expand(const plan::Service &op, Values &values);
  llvm::Error placeDraft(const plan::Service &op, Values &values);

  llvm::Error bad(const llvm::Twine &what) {
    return planError("plan function '" + function.getSymName() + "' " + what);
  }
  llvm::Error checkRegisters(const plan::Op &op, uint32_t count);
  llvm::Error checkRegisters(const plan::Block *block, uint32_t count,
                             unsigned depth);
  llvm::Expected<mlir::FlatSymbolRefAttr>
  symbol(mlir::ArrayRef<std::string> all, uint32_t index, const char *what) {
    if (index >= all.size())
      return bad("names " + llvm::Twine(what) + " " + llvm::Twine(index) +
                 " of " + llvm::Twine(all.size()));
    return mlir::FlatSymbolRefAttr::get(builder.getContext(), all[index]);
  }
  mlir::Value get(uint32_t index, Values &values);
  mlir::SmallVector<mlir::Value>
  get(const flatbuffers::Vector<uint32_t> *indices, Values &values) {
    mlir::SmallVector<mlir::Value> found;
    for (uint32_t i = 0; indices && i < indices->size(); ++i)
      found.push_back(get(indices->Get(i), values));
    return found;
  }
  mlir::SmallVector<mlir::Value> get(const RegisterSet &set, Values &values) {
    mlir::SmallVector<mlir::Value> found;
    for (uint32_t index : set)
      found.push_back(get(index, values));
    return found;
  }
  static void put(const RegisterSet &set, mlir::ValueRange from,
                  Values &values) {
    unsigned next = 0;
    for (uint32_t index : set)
      values[index] = from[next++];
  }
  mlir::SmallVector<mlir::Type> types(const RegisterSet &set) {
    return mlir::SmallVector<mlir::Type>(set.count(), i64);
  }
  mlir::Block *newBlock(mlir::Region &region, unsigned arguments) {
    return builder.createBlock(
        &region, region.end(), mlir::SmallVector<mlir::Type>(arguments, i64),
        mlir::SmallVector<mlir::Location>(arguments, loc));
  }

  const plan::Plan &plan;
  const PlanNames &names;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type i64;
  planir::FuncOp function;
  Liveness liveness;
};

} // namespace sinter
#endif // SINTER_LIB_TARGET_PLAN_FUNCTIONDECODER_H
