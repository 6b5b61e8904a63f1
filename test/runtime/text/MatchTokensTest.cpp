// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Text/MatchTokens.h"

#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::import;

namespace {

/// A leading '<' makes a control token.
plan::TokenizerT vocabulary(std::initializer_list<std::string_view> tokens) {
  plan::TokenizerT tables;
  tables.piece_offsets.push_back(0);
  for (std::string_view token : tokens) {
    tables.piece_bytes.insert(tables.piece_bytes.end(), token.begin(),
                              token.end());
    tables.piece_offsets.push_back(uint32_t(tables.piece_bytes.size()));
    tables.token_types.push_back(token.front() == '<' ? 3 : 1);
  }
  return tables;
}

TEST(MatchTokens, EqualVocabulariesNeedNoMap) {
  Errors errors;
  auto match = matchTokens(vocabulary({"<end>", "a", "b"}),
                           vocabulary({"<end>", "a", "b"}), errors);
  ASSERT_TRUE(match);
  EXPECT_TRUE(match->same);
  EXPECT_TRUE(match->ids.empty());
  EXPECT_EQ(match->shared, 3u);
}

TEST(MatchTokens, FindsAnotherOrderByItsBytes) {
  Errors errors;
  auto match = matchTokens(vocabulary({"<end>", "a", "b"}),
                           vocabulary({"b", "<end>", "a"}), errors);
  ASSERT_TRUE(match);
  EXPECT_FALSE(match->same);
  EXPECT_EQ(match->ids, (std::vector<int32_t>{1, 2, 0}));
}

TEST(MatchTokens, LongestEndingStandsInForWhatIsMissing) {
  Errors errors;
  auto match = matchTokens(vocabulary({"a", "b", "ab", "cab", "<x>", ">"}),
                           vocabulary({"b", "a", "ab", ">"}), errors);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->ids, (std::vector<int32_t>{1, 0, 2, ~2, ~3, 3}));
  EXPECT_EQ(match->shared, 4u);
}

TEST(MatchTokens, NamesTheFirstTokenThatTheOtherLacks) {
  Errors errors;
  EXPECT_FALSE(matchTokens(vocabulary({"a", "\xff"}),
                           vocabulary({"a", "zz", "yy"}), errors));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0], "its token 1 'zz' is no token of the other vocabulary, "
                       "which has token 1 '\\xff' there");
}

TEST(MatchTokens, AControlTokenIsNotTheSameTextSpelled) {
  Errors errors;
  plan::TokenizerT spelled = vocabulary({"a", "<end>"});
  spelled.token_types[1] = 1;
  EXPECT_FALSE(matchTokens(vocabulary({"a", "<end>"}), spelled, errors));
  EXPECT_EQ(errors.size(), 1u);
}

TEST(MatchTokens, RefusesWhereNothingStandsIn) {
  Errors errors;
  EXPECT_FALSE(matchTokens(vocabulary({"a", "b"}), vocabulary({"a"}), errors));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0], "it has nothing that could stand in for token 1 'b'");
}

} // namespace
