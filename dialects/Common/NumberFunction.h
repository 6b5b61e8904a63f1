// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the ops of NumberFunction.td have in common.

#ifndef SINTER_DIALECTS_COMMON_NUMBERFUNCTION_H
#define SINTER_DIALECTS_COMMON_NUMBERFUNCTION_H

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

namespace sinter {

template <typename Op>
void buildNumberFunction(mlir::OpBuilder &builder, mlir::OperationState &state,
                         llvm::StringRef name,
                         llvm::ArrayRef<llvm::StringRef> params,
                         unsigned results) {
  llvm::SmallVector<mlir::Type> inputs(params.size(), builder.getI64Type());
  llvm::SmallVector<mlir::Type> outputs(results, builder.getI64Type());
  state.addAttribute(Op::getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(
      Op::getFunctionTypeAttrName(state.name),
      mlir::TypeAttr::get(builder.getFunctionType(inputs, outputs)));
  state.addAttribute(Op::getParamsAttrName(state.name),
                     builder.getStrArrayAttr(params));
  mlir::Block &entry = state.addRegion()->emplaceBlock();
  for (mlir::Type type : inputs)
    entry.addArgument(type, state.location);
}

template <typename Op>
mlir::ParseResult parseNumberFunction(mlir::OpAsmParser &parser,
                                      mlir::OperationState &result) {
  namespace impl = mlir::function_interface_impl;
  auto build = [](mlir::Builder &builder, llvm::ArrayRef<mlir::Type> inputs,
                  llvm::ArrayRef<mlir::Type> results, impl::VariadicFlag,
                  std::string &) -> mlir::Type {
    return builder.getFunctionType(inputs, results);
  };
  return impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                               Op::getFunctionTypeAttrName(result.name), build,
                               Op::getArgAttrsAttrName(result.name),
                               Op::getResAttrsAttrName(result.name));
}

template <typename Op>
void printNumberFunction(mlir::OpAsmPrinter &printer, Op op) {
  mlir::function_interface_impl::printFunctionOp(
      printer, op, /*isVariadic=*/false, op.getFunctionTypeAttrName(),
      op.getArgAttrsAttrName(), op.getResAttrsAttrName());
}

template <typename Op>
void nameParameters(Op op, mlir::Region &region,
                    mlir::OpAsmSetValueNameFn setName) {
  auto names = op.getParams().template getAsValueRange<mlir::StringAttr>();
  for (auto [argument, name] : llvm::zip(region.getArguments(), names))
    setName(argument, name);
}

template <typename Op> llvm::LogicalResult verifyNumberFunction(Op op) {
  for (mlir::Type type : llvm::concat<const mlir::Type>(op.getArgumentTypes(),
                                                        op.getResultTypes()))
    if (!type.isInteger(64))
      return op.emitOpError("takes and gives i64 only, not ") << type;
  if (op.getParams().size() != op.getArgumentTypes().size())
    return op.emitOpError("names ")
           << op.getParams().size() << " parameters but has "
           << op.getArgumentTypes().size();
  return llvm::success();
}

} // namespace sinter

#endif
