// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Llm/LlmDialect.h"

#include "dialects/Llm/LlmOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter::llm;

#include "dialects/Llm/LlmDialect.cpp.inc"
#include "dialects/Llm/LlmEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Llm/LlmAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Llm/LlmTypes.cpp.inc"

void LlmDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Llm/LlmAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Llm/LlmTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Llm/LlmOps.cpp.inc"
      >();
}

std::string sinter::llm::draftHeadName(int64_t number) {
  return "draft.head." + std::to_string(number);
}

LogicalResult KVCacheType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t layers, int64_t kvHeads,
                                  int64_t headDim, Type element) {
  if (layers <= 0 || kvHeads <= 0 || headDim <= 0)
    return emitError() << "layers, heads and head size of a cache must be "
                          "positive";
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return emitError() << "a cache holds f32, f16 or bf16, not " << element;
  return success();
}
