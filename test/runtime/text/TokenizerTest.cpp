// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/Tokenizer.h"
#include "test/runtime/text/FailingAllocator.h"
#include "test/runtime/text/TextSource.h"

#include <gtest/gtest.h>

using namespace sinter;

namespace {

/// All bytes, some merges over them, a control and a user-defined token.
struct Toy {
  test::OwnedSource owned;
  import::TokenizerSource &source = owned.source;

  explicit Toy(const char *pre = "gpt-2") {
    owned.tokens = test::byteTokens();
    for (const char *merge :
         {"a b", "ab a", "b c", "aa aa", "a a", "\xc4\xa0 a", "ab ab"}) {
      owned.merges.push_back(merge);
      std::string text = merge;
      text.erase(text.find(' ', 1), 1);
      owned.tokens.push_back(text);
    }
    for (const char *token : {"<s>", "</s>", "<s><s>", "  x"})
      owned.tokens.push_back(token);
    source.types.assign(owned.tokens.size(), 1);
    for (size_t i = 1; i <= 3; ++i)
      source.types[owned.tokens.size() - 1 - i] = 3;
    source.types.back() = 4;
    source.model = "gpt2";
    source.pre = pre;
    source.bos = id("<s>");
    source.eos = id("</s>");
    view();
  }
  /// After the strings changed.
  void view() {
    source.tokens.assign(owned.tokens.begin(), owned.tokens.end());
    source.merges.assign(owned.merges.begin(), owned.merges.end());
  }
  int32_t id(std::string_view token) const {
    auto at = std::find(owned.tokens.begin(), owned.tokens.end(), token);
    return at == owned.tokens.end() ? -1 : int32_t(at - owned.tokens.begin());
  }
  std::string error() const {
    import::Errors errors;
    EXPECT_FALSE(import::buildTokenizer(source, errors).has_value());
    std::string all;
    for (const std::string &line : errors)
      all += line + "\n";
    return all;
  }
};

struct Opened {
  test::Table<plan::Tokenizer> table;
  text::Tokenizer tokenizer;

  explicit Opened(const Toy &toy) {
    import::Errors errors;
    auto built = import::buildTokenizer(toy.source, errors);
    EXPECT_TRUE(built) << (errors.empty() ? "" : errors.front());
    test::pack(*built, table);
    EXPECT_TRUE(tokenizer.open(table.get(), runtime::Allocator()).ok());
  }
  std::vector<int32_t> encode(std::string_view text,
                              uint32_t flags = SINTER_TEXT_SPECIAL) const {
    std::vector<int32_t> ids(text.size() * 3 + 2);
    text::Sink<int32_t> sink(ids.data(), ids.size());
    EXPECT_TRUE(tokenizer.encode(text, flags, sink).ok());
    ids.resize(sink.size());
    return ids;
  }
  std::string decode(const std::vector<int32_t> &ids,
                     uint32_t flags = SINTER_TEXT_SPECIAL) const {
    std::vector<char> text(ids.size() * 16);
    text::Sink<char> sink(text.data(), text.size());
    EXPECT_TRUE(tokenizer.decode(ids.data(), ids.size(), flags, sink).ok());
    return {text.data(), sink.size()};
  }
};

} // namespace

static bool has(const std::string &text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Tokenizer, MergesByRankAndThenLeftmost) {
  Toy toy;
  Opened opened(toy);
  auto ids = [&](std::initializer_list<const char *> tokens) {
    std::vector<int32_t> out;
    for (const char *token : tokens)
      out.push_back(toy.id(token));
    return out;
  };
  EXPECT_EQ(opened.encode("abab"), ids({"abab"})); // "a b" twice, first
  EXPECT_EQ(opened.encode("abaab"), ids({"aba", "ab"}));
  EXPECT_EQ(opened.encode("aaaaa"), ids({"aaaa", "a"}));
  EXPECT_EQ(opened.encode("abc"), ids({"ab", "c"}));
  EXPECT_EQ(opened.encode("b a"), ids({"b", "\xc4\xa0"
                                            "a"}));
  EXPECT_EQ(opened.encode(""), ids({}));
}

// Short words are merged by scanning, long ones by a heap: same result.
TEST(Tokenizer, LongWordsMergeLikeShortOnes) {
  Toy toy;
  Opened opened(toy);
  for (size_t n : {31, 32, 33, 34, 100, 1001}) {
    std::vector<int32_t> ids = opened.encode(std::string(n, 'a'));
    ASSERT_EQ(ids.size(), n / 4 + (n % 4 + 1) / 2) << n;
    for (size_t i = 0; i < n / 4; ++i)
      EXPECT_EQ(ids[i], toy.id("aaaa"));
  }
}

TEST(Tokenizer, SpecialTokensLeftmostThenLongest) {
  Toy toy;
  Opened opened(toy);
  std::vector<int32_t> pair = {toy.id("<s><s>"), toy.id("<s>")};
  EXPECT_EQ(opened.encode("<s><s><s>"), pair);
  EXPECT_EQ(opened.encode("a  x").back(), toy.id("  x"));
  EXPECT_EQ(opened.encode("<s>", SINTER_TEXT_PLAIN).size(), 3u);
  std::vector<int32_t> ends = {toy.id("a")};
  EXPECT_EQ(opened.encode("a", SINTER_TEXT_BOS_EOS), ends); // not asked for
  toy.source.addBos = toy.source.addEos = true;
  Opened both(toy);
  ends = {toy.id("<s>"), toy.id("a"), toy.id("</s>")};
  EXPECT_EQ(both.encode("a", SINTER_TEXT_BOS_EOS), ends);
  EXPECT_EQ(both.encode("a", SINTER_TEXT_PLAIN).size(), 1u);
}

TEST(Tokenizer, DecodeHidesControlTokensUnlessAsked) {
  Toy toy;
  Opened opened(toy);
  std::vector<int32_t> ids = {toy.id("<s>"), toy.id("ab"), toy.id("  x")};
  EXPECT_EQ(opened.decode(ids), "<s>ab  x");
  EXPECT_EQ(opened.decode(ids, SINTER_TEXT_PLAIN), "ab  x");
  int32_t outside[] = {int32_t(toy.owned.tokens.size())};
  text::Sink<char> sink(nullptr, 0);
  runtime::Status status = opened.tokenizer.decode(outside, 1, 0, sink);
  EXPECT_EQ(status.code(), SINTER_INVALID_ARGUMENT);
  EXPECT_TRUE(has(status.message(), "vocabulary has ids 0 to"));
}

TEST(Tokenizer, EveryByteComesBack) {
  Toy toy;
  Opened opened(toy);
  std::string text;
  for (char32_t point = 0; point < 0x3000; point += 7) {
    char bytes[4];
    text.append(bytes, text::utf8Encode(point, bytes));
  }
  EXPECT_EQ(opened.decode(opened.encode(text)), text);
  EXPECT_EQ(opened.decode(opened.encode("a\xff"
                                        "b\xe2\x82")),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
}

TEST(Tokenizer, CountsBeyondTheCapacity) {
  Toy toy;
  Opened opened(toy);
  int32_t ids[2] = {-7, -7};
  text::Sink<int32_t> sink(ids, 1);
  EXPECT_TRUE(opened.tokenizer.encode("a b c d", 0, sink).ok());
  EXPECT_EQ(sink.size(), 7u);
  EXPECT_EQ(ids[0], toy.id("a"));
  EXPECT_EQ(ids[1], -7);
}

TEST(Tokenizer, WholeWordsAreNotMergedWhereTheModelSaysSo) {
  Toy plain("gpt-2"), whole("llama-bpe");
  for (Toy *toy : {&plain, &whole}) {
    toy->owned.tokens.push_back("cab"); // no merges lead to it
    toy->source.types.push_back(1);
    toy->view();
  }
  std::vector<int32_t> one = {whole.id("cab")};
  EXPECT_EQ(Opened(whole).encode("cab"), one);
  EXPECT_EQ(Opened(plain).encode("cab").size(), 2u);
}

TEST(TokenizerBuilder, SaysWhatIsWrong) {
  Toy toy("nope");
  std::string error = toy.error();
  EXPECT_TRUE(has(error, "'nope'") && has(error, "smollm, ") &&
              has(error, "qwen2, "))
      << error;
  Toy model;
  model.source.model = "llama";
  EXPECT_TRUE(has(model.error(), "tokenizer.ggml.model is 'llama'"));
  Toy merges;
  merges.source.merges.clear();
  EXPECT_TRUE(has(merges.error(), "tokenizer.ggml.merges is missing"));
  Toy tokens;
  tokens.source.tokens.clear();
  tokens.source.types.clear();
  EXPECT_TRUE(has(tokens.error(), "tokenizer.ggml.tokens is missing"));
  Toy types;
  types.source.types.pop_back();
  EXPECT_TRUE(has(types.error(), "token_type has"));
  Toy type;
  type.source.types[3] = 77;
  EXPECT_TRUE(has(type.error(), "token 3 has type 77"));
  Toy twice;
  twice.owned.tokens.push_back("ab");
  twice.source.types.push_back(1);
  twice.view();
  EXPECT_TRUE(has(twice.error(), "are the same text 'ab'"));
  Toy bos;
  bos.source.bos = 1'000'000;
  EXPECT_TRUE(has(bos.error(), "bos_token_id is 1000000"));
}

TEST(TokenizerBuilder, MergesOfUnknownPieces) {
  Toy toy;
  for (const char *merge : {"zz z", "a", "a z", " ", "", "a b "})
    toy.owned.merges.push_back(merge);
  toy.view();
  std::string error = toy.error();
  EXPECT_TRUE(has(error, "merge 7 'zz z' needs the token 'zz'")) << error;
  EXPECT_TRUE(has(error, "merge 8 'a' is not two pieces")) << error;
  EXPECT_TRUE(has(error, "... and 3 more")) << error;
}

/// Damages a good table and expects that opening refuses it.
template <typename F> static void refuse(F damage, const char *why) {
  Toy toy("llama-bpe");
  import::Errors errors;
  auto built = import::buildTokenizer(toy.source, errors);
  ASSERT_TRUE(built);
  damage(*built);
  test::Table<plan::Tokenizer> table;
  test::pack(*built, table);
  text::Tokenizer tokenizer;
  runtime::Status status = tokenizer.open(table.get(), runtime::Allocator());
  EXPECT_FALSE(status.ok()) << why;
  EXPECT_TRUE(has(status.message(), why)) << status.message();
  EXPECT_FALSE(tokenizer.isOpen());
}

TEST(Tokenizer, RefusesDamagedTables) {
  using T = plan::TokenizerT;
  refuse([](T &t) { t.piece_offsets.clear(); }, "no pieces");
  refuse([](T &t) { t.token_types.pop_back(); }, "token types");
  refuse([](T &t) { t.byte_ids.pop_back(); }, "byte_ids");
  refuse([](T &t) { t.byte_ids[9] = 99999; }, "id of a byte");
  refuse([](T &t) { t.merge_keys.pop_back(); }, "merge table");
  refuse([](T &t) { t.merge_values.clear(); }, "merge table");
  refuse([](T &t) { t.piece_slots.resize(3); }, "piece table");
  refuse([](T &t) { t.special_ids.push_back(99999); }, "special token");
  refuse([](T &t) { t.eos = 99999; }, "EOS");
  refuse([](T &t) { t.pre_tokenizers = {"(a"}; }, "pre-tokenizer 0, at 2");
  refuse([](T &t) { t.pre_tokenizers.assign(99, "a"); }, "99 pre-tokenizers");
}

// A table without free slots, or with ids out of range, ends no loop late and
// reads nothing outside.
TEST(Tokenizer, SurvivesTablesThatLie) {
  Toy toy("llama-bpe");
  import::Errors errors;
  auto built = import::buildTokenizer(toy.source, errors);
  ASSERT_TRUE(built);
  std::fill(built->merge_keys.begin(), built->merge_keys.end(), 1);
  std::fill(built->piece_slots.begin(), built->piece_slots.end(), 99999);
  for (uint32_t &offset : built->piece_offsets)
    offset ^= 0x40000000;
  built->special_ids.clear();
  test::Table<plan::Tokenizer> table;
  test::pack(*built, table);
  text::Tokenizer tokenizer;
  ASSERT_TRUE(tokenizer.open(table.get(), runtime::Allocator()).ok());
  text::Sink<int32_t> sink(nullptr, 0);
  EXPECT_TRUE(tokenizer.encode("some text", 0, sink).ok());
  EXPECT_EQ(sink.size(), 9u);
  EXPECT_EQ(tokenizer.piece(3), "");
}

// A pattern that backtracks without end stops at the match limit.
TEST(Tokenizer, HostilePatternStops) {
  Toy toy;
  import::Errors errors;
  auto built = import::buildTokenizer(toy.source, errors);
  ASSERT_TRUE(built);
  built->pre_tokenizers = {"(*LIMIT_MATCH=1000)(a+)+$"};
  test::Table<plan::Tokenizer> table;
  test::pack(*built, table);
  text::Tokenizer tokenizer;
  ASSERT_TRUE(tokenizer.open(table.get(), runtime::Allocator()).ok());
  text::Sink<int32_t> sink(nullptr, 0);
  runtime::Status status =
      tokenizer.encode(std::string(64, 'a') + "b", 0, sink);
  EXPECT_EQ(status.code(), SINTER_CORRUPT);
  EXPECT_TRUE(has(status.message(), "pre-tokenizer 0 failed"));
}

// Every allocation fails once: a status, no leak, and then it works again.
TEST(Tokenizer, EveryAllocationMayFail) {
  Toy toy("deepseek-v3");
  toy.source.normalizer = plan::Normalizer::Nfc;
  Opened opened(toy);
  std::string text = "ab\xff" + std::string(200, 'a') + " e\xcc\x81 1234 <s>";
  std::vector<int32_t> expected = opened.encode(text);
  test::FailingAllocator failing;
  for (size_t n = 0;; ++n) {
    ASSERT_LT(n, 1000u);
    failing.failAt(n);
    {
      text::Tokenizer tokenizer;
      runtime::Status status =
          tokenizer.open(opened.table.get(), failing.allocator());
      std::vector<int32_t> ids(text.size());
      text::Sink<int32_t> sink(ids.data(), ids.size());
      if (status.ok())
        status = tokenizer.encode(text, SINTER_TEXT_SPECIAL, sink);
      ids.resize(sink.size());
      if (status.ok())
        EXPECT_EQ(ids, expected);
      else
        EXPECT_EQ(status.code(), SINTER_OUT_OF_MEMORY);
    }
    EXPECT_EQ(failing.live(), 0u) << n;
    if (!failing.failed())
      break;
  }
}
