//===- TextSource.h - Text tables for tests ---------------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_TEST_RUNTIME_TEXT_TEXTSOURCE_H
#define SINTER_TEST_RUNTIME_TEXT_TEXTSOURCE_H

#include "lib/Import/Text/Text.h"

#include <flatbuffers/flatbuffers.h>
#include <nlohmann/json.hpp>

namespace sinter::test {

/// A TokenizerSource that owns its strings.
struct OwnedSource {
  std::vector<std::string> tokens, merges;
  import::TokenizerSource source;
};

/// Keys: model, pre, tokens, types, merges, bos, eos, unk, pad, add_bos,
/// add_eos, normalizer ("nfc").
void readSource(const nlohmann::json &json, OwnedSource &out);

/// The tokens of byte-level BPE for single bytes, in byte order.
std::vector<std::string> byteTokens();

/// A table as it lies in a plan.
template <typename T> struct Table {
  flatbuffers::FlatBufferBuilder builder;
  const T *get() const {
    return flatbuffers::GetRoot<T>(builder.GetBufferPointer());
  }
};
void pack(const plan::TokenizerT &from, Table<plan::Tokenizer> &table);
void pack(const plan::ChatTemplateT &from, Table<plan::ChatTemplate> &table);

} // namespace sinter::test

#endif // SINTER_TEST_RUNTIME_TEXT_TEXTSOURCE_H
