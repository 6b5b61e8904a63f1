// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// plan.func and the ops that shape its control flow.

#include "dialects/Plan/PlanOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using namespace sinter::planir;

//===-- plan.func ---------------------------------------------------------===//

void FuncOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                   ArrayRef<StringRef> params, unsigned results) {
  SmallVector<Type> inputs(params.size(), builder.getI64Type());
  SmallVector<Type> outputs(results, builder.getI64Type());
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name),
                     TypeAttr::get(builder.getFunctionType(inputs, outputs)));
  state.addAttribute(getParamsAttrName(state.name),
                     builder.getStrArrayAttr(params));
  Block &entry = state.addRegion()->emplaceBlock();
  for (Type type : inputs)
    entry.addArgument(type, state.location);
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  auto build = [](Builder &builder, ArrayRef<Type> inputs,
                  ArrayRef<Type> results, function_interface_impl::VariadicFlag,
                  std::string &) -> Type {
    return builder.getFunctionType(inputs, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      getFunctionTypeAttrName(result.name), build,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void FuncOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
      getArgAttrsAttrName(), getResAttrsAttrName());
}

void FuncOp::getAsmBlockArgumentNames(Region &region,
                                      OpAsmSetValueNameFn setName) {
  for (auto [argument, name] : llvm::zip(
           region.getArguments(), getParams().getAsValueRange<StringAttr>()))
    setName(argument, name);
}

LogicalResult FuncOp::verify() {
  for (Type type :
       llvm::concat<const Type>(getArgumentTypes(), getResultTypes()))
    if (!type.isInteger(64))
      return emitOpError("takes and gives i64 only, not ") << type;
  if (getParams().size() != getArgumentTypes().size())
    return emitOpError("names ") << getParams().size() << " parameters but has "
                                 << getArgumentTypes().size();
  return success();
}

/// How deep if and while nest below `op`.
static unsigned depthOf(Operation *op) {
  unsigned depth = 0;
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Operation &inner : block)
        if (isa<IfOp, WhileOp>(inner))
          depth = std::max(depth, 1 + depthOf(&inner));
  return depth;
}

LogicalResult FuncOp::verifyRegions() {
  if (!isa<ReturnOp>(getBody().front().getTerminator()))
    return emitOpError("must end in plan.return");
  unsigned depth = depthOf(*this);
  if (depth > maxDepth)
    return emitOpError("nests control flow ")
           << depth << " deep; a plan holds " << maxDepth;
  return success();
}

LogicalResult ReturnOp::verify() {
  unsigned wanted =
      cast<FuncOp>((*this)->getParentOp()).getResultTypes().size();
  if (getValues().size() != wanted)
    return emitOpError("gives ")
           << getValues().size() << " values where the function has " << wanted
           << " results";
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto callee =
      tables.lookupNearestSymbolFrom<FuncOp>(*this, getFunctionAttr());
  if (!callee)
    return emitOpError("no plan.func named '") << getFunction() << "'";
  if (callee.getArgumentTypes().size() != getArgs().size() ||
      callee.getResultTypes().size() != getResults().size())
    return emitOpError("passes ")
           << getArgs().size() << " and expects " << getResults().size()
           << " values; '" << getFunction() << "' takes "
           << callee.getArgumentTypes().size() << " and gives "
           << callee.getResultTypes().size();
  return success();
}

//===-- control flow ------------------------------------------------------===//

LogicalResult IfOp::verify() {
  for (Region *region : getRegions()) {
    if (region->empty()) {
      if (getNumResults() != 0)
        return emitOpError("with results needs an else block");
      continue;
    }
    auto yield = dyn_cast<YieldOp>(region->front().getTerminator());
    if (!yield)
      return emitOpError("blocks must end in plan.yield");
    if (yield.getValues().size() != getNumResults())
      return emitOpError("has ")
             << getNumResults() << " results but a block yields "
             << yield.getValues().size();
  }
  return success();
}

LogicalResult WhileOp::verify() {
  auto condition = dyn_cast<ConditionOp>(getBefore().front().getTerminator());
  if (!condition)
    return emitOpError("first block must end in plan.condition");
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield)
    return emitOpError("body must end in plan.yield");
  if (getBefore().getNumArguments() != getInits().size() ||
      yield.getValues().size() != getInits().size())
    return emitOpError("carries ")
           << getInits().size() << " values; the first block takes "
           << getBefore().getNumArguments() << " and the body yields "
           << yield.getValues().size();
  if (getBody().getNumArguments() != condition.getValues().size() ||
      getNumResults() != condition.getValues().size())
    return emitOpError("condition passes ")
           << condition.getValues().size() << " values; the body takes "
           << getBody().getNumArguments() << " and there are "
           << getNumResults() << " results";
  for (Region *region : getRegions())
    for (BlockArgument argument : region->getArguments())
      if (!argument.getType().isInteger(64))
        return emitOpError("carries i64 only, not ") << argument.getType();
  return success();
}
