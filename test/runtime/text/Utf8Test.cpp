// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/Utf8.h"

#include <gtest/gtest.h>
#include <string>

using namespace sinter;

static std::string lossy(std::string_view text) {
  runtime::Vector<char> out;
  EXPECT_TRUE(text::appendUtf8Lossy(text, out));
  return {out.data(), out.size()};
}

#define R "\xef\xbf\xbd"

// The examples of Unicode 3.9, tables 3-8 to 3-11.
TEST(Utf8, ReplacesMaximalSubparts) {
  EXPECT_EQ(lossy("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"), R R R R R R R R "A");
  EXPECT_EQ(lossy("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"), R R R R R R R R "A");
  EXPECT_EQ(lossy("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"),
            R R R R R "A" R R "B");
  EXPECT_EQ(lossy("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), R R R R "A");
  EXPECT_EQ(lossy("plain ascii, long enough for eight at a time"),
            "plain ascii, long enough for eight at a time");
}

TEST(Utf8, CompletePrefixKeepsOnlyWholeCharacters) {
  std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
  for (size_t n = 0; n <= text.size(); ++n)
    EXPECT_EQ(text::utf8CompletePrefix({text.data(), n}), ends[n]) << n;
  // What no byte can complete is not held back.
  EXPECT_EQ(text::utf8CompletePrefix("a\xff"), 2u);
  EXPECT_EQ(text::utf8CompletePrefix("\x80\x80\x80\x80"), 4u);
}

// However a text is cut, the stream gives what the whole gives.
TEST(Utf8, StreamGivesWholeCharactersForEveryCut) {
  std::string text = "h\xc3\xa9llo \xf0\x9f\x98\x80\xff\xe2\x82 "
                     "\xf0\x9f\x98x\xed\xa0\x80\xc3";
  std::string expected = lossy(text);
  for (size_t first = 0; first <= text.size(); ++first)
    for (size_t second = first; second <= text.size(); ++second) {
      text::Utf8Stream stream;
      std::string out;
      char buffer[256];
      std::string_view all = text;
      for (std::string_view part :
           {all.substr(0, first), all.substr(first, second - first),
            all.substr(second)}) {
        size_t n = stream.feed(part, buffer);
        ASSERT_LE(n, text::Utf8Stream::bound(part.size()));
        EXPECT_EQ(text::utf8ValidPrefix({buffer, n}), n);
        out.append(buffer, n);
      }
      out.append(buffer, stream.finish(buffer));
      EXPECT_EQ(out, expected) << first << " " << second;
    }
}

TEST(Utf8, EncodesWhatItReads) {
  for (char32_t point : {U'\0', U'a', U'\x7f', U'\x80', U'\u07ff', U'\u0800',
                         U'\uffff', U'\U00010000', U'\U0010ffff'}) {
    char bytes[4];
    size_t n = text::utf8Encode(point, bytes);
    text::Utf8Step step = text::utf8Step({bytes, n});
    EXPECT_EQ(step.point, point);
    EXPECT_EQ(step.bytes, n);
  }
}
