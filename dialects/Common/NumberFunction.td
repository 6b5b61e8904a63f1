// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function over numbers, as the programs of `decode` and `plan` have them.

#ifndef SINTER_DIALECTS_COMMON_NUMBERFUNCTION_TD
#define SINTER_DIALECTS_COMMON_NUMBERFUNCTION_TD

include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"

/// Parameters and results are i64; `params` names the parameters. The .cpp file
/// of the dialect includes dialects/Common/NumberFunction.h.
class NumberFunctionOp<Dialect dialect, string mnemonic>
    : Op<dialect, mnemonic,
         [HasParent<"::mlir::ModuleOp">, FunctionOpInterface, IsolatedFromAbove,
          OpAsmOpInterface]> {
  let arguments = (ins SymbolNameAttr:$sym_name,
      TypeAttrOf<FunctionType>:$function_type, StrArrayAttr:$params,
      OptionalAttr<DictArrayAttr>:$arg_attrs,
      OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name,
      "::llvm::ArrayRef<::llvm::StringRef>":$params, "unsigned":$results)>];
  let extraClassDeclaration = [{
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }
    void getAsmBlockArgumentNames(::mlir::Region &region,
                                  ::mlir::OpAsmSetValueNameFn setName);
    ::mlir::LogicalResult verifyType() { return ::mlir::success(); }
  }];
  let extraClassDefinition = [{
    void $cppClass::build(::mlir::OpBuilder &builder,
                          ::mlir::OperationState &state, ::llvm::StringRef name,
                          ::llvm::ArrayRef<::llvm::StringRef> params,
                          unsigned results) {
      ::sinter::buildNumberFunction<$cppClass>(builder, state, name, params,
                                               results);
    }
    ::mlir::ParseResult $cppClass::parse(::mlir::OpAsmParser &parser,
                                         ::mlir::OperationState &result) {
      return ::sinter::parseNumberFunction<$cppClass>(parser, result);
    }
    void $cppClass::print(::mlir::OpAsmPrinter &printer) {
      ::sinter::printNumberFunction(printer, *this);
    }
    void $cppClass::getAsmBlockArgumentNames(
        ::mlir::Region &region, ::mlir::OpAsmSetValueNameFn setName) {
      ::sinter::nameParameters(*this, region, setName);
    }
    ::llvm::LogicalResult $cppClass::verify() {
      return ::sinter::verifyNumberFunction(*this);
    }
  }];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

#endif
