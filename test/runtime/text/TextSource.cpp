// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/text/TextSource.h"

using namespace sinter;
using namespace sinter::test;

void test::readSource(const nlohmann::json &json, OwnedSource &out) {
  import::TokenizerSource &to = out.source;
  to.model = json.value("model", "gpt2");
  to.pre = json.value("pre", "");
  out.tokens = json.value("tokens", std::vector<std::string>());
  out.merges = json.value("merges", std::vector<std::string>());
  to.tokens.assign(out.tokens.begin(), out.tokens.end());
  to.merges.assign(out.merges.begin(), out.merges.end());
  to.types = json.value("types", std::vector<int32_t>());
  to.bos = json.value("bos", -1);
  to.eos = json.value("eos", -1);
  to.unk = json.value("unk", -1);
  to.pad = json.value("pad", -1);
  if (json.contains("add_bos"))
    to.addBos = json["add_bos"].get<bool>();
  if (json.contains("add_eos"))
    to.addEos = json["add_eos"].get<bool>();
  if (json.value("normalizer", "") == "nfc")
    to.normalizer = plan::Normalizer::Nfc;
}

std::vector<std::string> test::byteTokens() {
  std::vector<std::string> tokens;
  unsigned next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bool prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    unsigned point = prints ? byte : next++;
    if (point < 0x80)
      tokens.push_back(std::string(1, static_cast<char>(point)));
    else
      tokens.push_back({static_cast<char>(0xc0 | point >> 6),
                        static_cast<char>(0x80 | (point & 0x3f))});
  }
  return tokens;
}

void test::pack(const plan::TokenizerT &from, Table<plan::Tokenizer> &table) {
  table.builder.Finish(plan::CreateTokenizer(table.builder, &from));
}
void test::pack(const plan::ChatTemplateT &from,
                Table<plan::ChatTemplate> &table) {
  table.builder.Finish(plan::CreateChatTemplate(table.builder, &from));
}
