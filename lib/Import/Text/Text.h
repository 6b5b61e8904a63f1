//===- Text.h - Tokenizer and chat template for a plan ----------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Computes the `Tokenizer` and `ChatTemplate` tables of a plan from what a
// checkpoint says.  Independent of MLIR and of any file format: importers fill
// a TokenizerSource.
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_LIB_IMPORT_TEXT_TEXT_H
#define SINTER_LIB_IMPORT_TEXT_TEXT_H

#include "runtime/schema/text_generated.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::import {

/// What a checkpoint says about its tokenizer, in the terms of GGUF's
/// `tokenizer.ggml.*` keys.  Views into the file; absent keys stay empty.
struct TokenizerSource {
  std::string model; // "gpt2"
  std::string pre;   // "smollm"; empty: "default"
  std::vector<std::string_view> tokens;
  std::vector<int32_t> types;           // one a token, or empty: all normal
  std::vector<std::string_view> merges; // "left right"
  int64_t bos = -1, eos = -1, unk = -1, pad = -1;
  std::optional<bool> addBos, addEos;
  plan::Normalizer normalizer = plan::Normalizer::None;
};

/// Every line says what is wrong and what to do; empty: no error.
using Errors = std::vector<std::string>;

/// The tokenizer's tables.  All that is wrong is reported at once.
std::optional<plan::TokenizerT> buildTokenizer(const TokenizerSource &source,
                                               Errors &errors);

/// Names of pre-tokenizers that buildTokenizer knows.
std::vector<std::string_view> knownPreTokenizers();

/// Parses a Jinja template; an error starts with "chat template, line N:".
std::optional<plan::ChatTemplateT> buildChatTemplate(std::string_view jinja,
                                                     Errors &errors);

} // namespace sinter::import

#endif // SINTER_LIB_IMPORT_TEXT_TEXT_H
