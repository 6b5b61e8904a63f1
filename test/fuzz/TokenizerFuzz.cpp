// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as text for every pre-tokenizer: the ids spell the text, words
// merge as the definition of BPE says, and streaming gives the same characters.
#include "lib/Import/Text/PreTokenizers.h"
#include "lib/Import/Text/Text.h"
#include "runtime/text/Tokenizer.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

using namespace sinter;

namespace {

std::string spell(unsigned point) {
  char bytes[4];
  return {bytes, text::utf8Encode(point, bytes)};
}

/// A vocabulary of all bytes, merges of what text repeats, and markers.
struct Model {
  std::vector<std::string> tokens, merges;
  std::map<std::pair<int32_t, int32_t>, std::pair<size_t, int32_t>> ranks;
  flatbuffers::FlatBufferBuilder builder;
  text::Tokenizer tokenizer;
  unsigned charOf[256];

  explicit Model(const import::PreTokenizer &pre) {
    for (unsigned byte = 0, next = 256; byte < 256; ++byte) {
      bool prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
      charOf[byte] = prints ? byte : next++;
      tokens.push_back(spell(charOf[byte]));
    }
    std::string space = spell(charOf[' ']), line = spell(charOf['\n']);
    for (auto &[left, right] :
         std::initializer_list<std::pair<std::string, std::string>>{
             {"a", "a"},
             {"aa", "aa"},
             {space, "a"},
             {"a", "b"},
             {"b", "a"},
             {space, space},
             {line, line},
             {"ab", "a"},
             {"\u00c3", spell(charOf[0xa9])},
             {"1", "2"},
             {"aaaa", "aaaa"}}) {
      ranks[{id(left), id(right)}] = {merges.size(), int32_t(tokens.size())};
      merges.push_back(left + " " + right);
      tokens.push_back(left + right);
    }
    import::TokenizerSource source;
    for (const char *marker : {"<|x|>", "<|", "  \t"})
      tokens.push_back(marker);
    source.types.assign(tokens.size() - 3, 1);
    source.types.insert(source.types.end(), {3, 4, 4});
    source.tokens.assign(tokens.begin(), tokens.end());
    source.merges.assign(merges.begin(), merges.end());
    source.model = "gpt2";
    source.pre = pre.name;
    import::Errors errors;
    auto built = import::buildTokenizer(source, errors);
    if (!built)
      std::abort();
    builder.Finish(plan::CreateTokenizer(builder, &*built));
    auto *table =
        flatbuffers::GetRoot<plan::Tokenizer>(builder.GetBufferPointer());
    if (!tokenizer.open(table, runtime::Allocator()).ok())
      std::abort();
  }

  int32_t id(const std::string &token) const {
    return int32_t(std::find(tokens.begin(), tokens.end(), token) -
                   tokens.begin());
  }
};

} // namespace

static std::vector<int32_t> encode(const text::Tokenizer &tokenizer,
                                   std::string_view text, uint32_t flags) {
  std::vector<int32_t> ids(text.size() * 3 + 4);
  text::Sink<int32_t> sink(ids.data(), ids.size());
  if (!tokenizer.encode(text, flags, sink).ok() || sink.size() > ids.size())
    std::abort();
  ids.resize(sink.size());
  return ids;
}

/// No two neighbours of the result may still merge inside one word; checked
/// where the whole text is one word of letters.
static void checkMerged(const Model &model, std::string_view text,
                        const std::vector<int32_t> &ids) {
  if (text.find_first_not_of("ab") != std::string_view::npos)
    return;
  std::vector<int32_t> symbols;
  for (char c : text)
    symbols.push_back(model.id(std::string(1, c)));
  while (true) {
    size_t best = SIZE_MAX, at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i)
      if (auto found = model.ranks.find({symbols[i], symbols[i + 1]});
          found != model.ranks.end() && found->second.first < best)
        best = found->second.first, at = i;
    if (best == SIZE_MAX)
      break;
    symbols[at] = model.ranks.at({symbols[at], symbols[at + 1]}).second;
    symbols.erase(symbols.begin() + at + 1);
  }
  if (symbols != ids)
    std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const auto models = [] {
    std::vector<std::unique_ptr<Model>> all;
    for (const import::PreTokenizer &pre : import::preTokenizers())
      all.push_back(std::make_unique<Model>(pre));
    return all;
  }();
  if (size < 2)
    return 0;
  const Model &model = *models[data[0] % models.size()];
  uint32_t flags = data[1] & 1 ? SINTER_TEXT_SPECIAL : SINTER_TEXT_PLAIN;
  std::string_view text(reinterpret_cast<const char *>(data) + 2, size - 2);
  std::vector<int32_t> ids = encode(model.tokenizer, text, flags);
  runtime::Vector<char> lossy;
  if (!text::appendUtf8Lossy(text, lossy))
    std::abort();
  std::string back(ids.size() * 8, 0);
  text::Sink<char> sink(back.data(), back.size());
  if (!model.tokenizer.decode(ids.data(), ids.size(), SINTER_TEXT_SPECIAL, sink)
           .ok())
    std::abort();
  back.resize(sink.size());
  if (back != std::string_view(lossy.data(), lossy.size()))
    std::abort();
  checkMerged(model, text, ids);
  // The text in two parts, through the stream.
  text::Utf8Stream stream;
  std::string streamed(text::Utf8Stream::bound(text.size()) + 16, 0);
  size_t cut = data[1] % (text.size() + 1),
         n = stream.feed(text.substr(0, cut), streamed.data());
  n += stream.feed(text.substr(cut), streamed.data() + n);
  n += stream.finish(streamed.data() + n);
  if (std::string_view(streamed.data(), n) != back)
    std::abort();
  return 0;
}
