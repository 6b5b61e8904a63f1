// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_DIALECTS_LLM_LLMDIALECT_H
#define SINTER_DIALECTS_LLM_LLMDIALECT_H

#include "dialects/Encoding/EncodingDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/Llm/LlmDialect.h.inc"
#include "dialects/Llm/LlmEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Llm/LlmAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Llm/LlmTypes.h.inc"

namespace sinter::llm {

/// The function of the head that drafts the `number`-th id, from 1 on.
std::string draftHeadName(int64_t number);

} // namespace sinter::llm

#endif // SINTER_DIALECTS_LLM_LLMDIALECT_H
