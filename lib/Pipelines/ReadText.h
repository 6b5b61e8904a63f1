//===- ReadText.h - tokenizer and template of a checkpoint
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_READTEXT_H
#define SINTER_LIB_PIPELINES_READTEXT_H

#include "lib/Import/GGUF/GgufFile.h"
#include "runtime/schema/plan_generated.h"

namespace sinter {

/// What a plan carries besides code and weights.
struct TextTables {
  std::unique_ptr<plan::TokenizerT> tokenizer;
  std::unique_ptr<plan::ChatTemplateT> chatTemplate; // null: the model has none
  std::unique_ptr<plan::GenerationDefaultsT> defaults;
};

/// Reads the `tokenizer.*` and `general.sampling.*` keys; all that is wrong is
/// reported in one error.
/// Without `chatTemplate` the model's template is not looked at.
llvm::Expected<TextTables> readText(const gguf::File &file, bool chatTemplate);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_READTEXT_H
