//===- ReadText.cpp - tokenizer and template of a checkpoint
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/ReadText.h"

#include "lib/Import/Text/Text.h"

using namespace sinter;

static int64_t findId(const gguf::File &file, llvm::StringRef key) {
  return int64_t(file.findUnsigned(key).value_or(uint64_t(-1)));
}

/// Elements of a string array, as views into the file.
static std::vector<std::string_view> findStrings(const gguf::File &file,
                                                 llvm::StringRef key) {
  std::vector<std::string_view> result;
  if (const gguf::Value *value = file.find(key))
    for (llvm::StringRef text : value->strings())
      result.push_back(text);
  return result;
}

static import::TokenizerSource readTokenizer(const gguf::File &file) {
  import::TokenizerSource source;
  source.model = file.findString("tokenizer.ggml.model").value_or("").str();
  source.pre = file.findString("tokenizer.ggml.pre").value_or("").str();
  source.tokens = findStrings(file, "tokenizer.ggml.tokens");
  source.merges = findStrings(file, "tokenizer.ggml.merges");
  if (const gguf::Value *types = file.find("tokenizer.ggml.token_type"))
    for (uint64_t i = 0; i < types->size(); ++i)
      source.types.push_back(int32_t(types->asSigned(i).value_or(-1)));
  source.bos = findId(file, "tokenizer.ggml.bos_token_id");
  source.eos = findId(file, "tokenizer.ggml.eos_token_id");
  source.unk = findId(file, "tokenizer.ggml.unknown_token_id");
  source.pad = findId(file, "tokenizer.ggml.padding_token_id");
  source.addBos = file.findBool("tokenizer.ggml.add_bos_token");
  source.addEos = file.findBool("tokenizer.ggml.add_eos_token");
  return source;
}

/// A generation ends at any of the ids that end a text or a turn.
static std::unique_ptr<plan::GenerationDefaultsT>
readDefaults(const gguf::File &file) {
  auto defaults = std::make_unique<plan::GenerationDefaultsT>();
  for (llvm::StringRef key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id"}) {
    int64_t id = findId(file, key);
    if (id >= 0 && !llvm::is_contained(defaults->stop_ids, int32_t(id)))
      defaults->stop_ids.push_back(int32_t(id));
  }
  auto number = [&](llvm::StringRef key, float otherwise) {
    return float(file.findDouble(key).value_or(otherwise));
  };
  defaults->temperature = number("general.sampling.temp", 0);
  defaults->top_k =
      int32_t(file.findUnsigned("general.sampling.top_k").value_or(0));
  defaults->top_p = number("general.sampling.top_p", 1);
  defaults->min_p = number("general.sampling.min_p", 0);
  defaults->repetition_penalty = number("general.sampling.penalty_repeat", 1);
  return defaults;
}

llvm::Expected<TextTables> sinter::readText(const gguf::File &file,
                                            bool chatTemplate) {
  TextTables tables;
  import::Errors errors;
  auto tokenizer = import::buildTokenizer(readTokenizer(file), errors);
  if (tokenizer)
    tables.tokenizer =
        std::make_unique<plan::TokenizerT>(std::move(*tokenizer));
  auto jinja = file.findString("tokenizer.chat_template");
  if (jinja && chatTemplate) {
    auto parsed = import::buildChatTemplate(*jinja, errors);
    if (parsed)
      tables.chatTemplate =
          std::make_unique<plan::ChatTemplateT>(std::move(*parsed));
    else
      errors.push_back("--no-chat-template makes a plan for completion alone");
  }
  if (!errors.empty()) {
    std::string text = file.path().str() + ": ";
    for (auto [index, line] : llvm::enumerate(errors))
      text += (index ? "; " : "") + line;
    return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
  }
  tables.defaults = readDefaults(file);
  return tables;
}
