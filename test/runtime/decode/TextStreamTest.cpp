// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/TextStream.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <random>

using namespace sinter::runtime;

namespace {

/// The pieces that come out when `text` goes in `step` bytes at a time.
std::vector<std::string> feed(const std::string &text, size_t step,
                              std::vector<const char *> stops, bool &stopped) {
  TextStream stream{Allocator()};
  EXPECT_TRUE(stream.open(stops.data(), stops.size(), step).ok());
  std::vector<std::string> pieces;
  for (size_t i = 0; i < text.size() && !stream.stopped(); i += step) {
    EXPECT_TRUE(stream.add(std::string_view(text).substr(i, step)).ok());
    pieces.emplace_back(stream.ready());
    stream.consume();
  }
  stopped = stream.stopped();
  EXPECT_TRUE(stream.finish().ok());
  pieces.emplace_back(stream.ready());
  return pieces;
}

std::string join(const std::vector<std::string> &pieces) {
  std::string all;
  for (const std::string &piece : pieces)
    all += piece;
  return all;
}

TEST(TextStream, CutsAtTheFirstStopForAnyStep) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (unsigned i = 0, n = random() % 24; i < n; ++i)
      text += "ab\xc3\xa9" + std::string(1, "abc"[random() % 3]);
    std::string one(1 + random() % 3, 'b'), two = "\xc3\xa9"
                                                  "a";
    one += "abc"[random() % 3];
    size_t end = std::min(text.find(one), text.find(two));
    for (size_t step : {1, 2, 3, 7, 100}) {
      bool stopped = false;
      auto pieces = feed(text, step, {one.c_str(), two.c_str()}, stopped);
      EXPECT_EQ(join(pieces), text.substr(0, end)) << text;
      EXPECT_EQ(stopped, end != std::string::npos);
      for (const std::string &piece : pieces)
        EXPECT_EQ(sinter::text::utf8ValidPrefix(piece), piece.size());
    }
  }
}

TEST(TextStream, HoldsBackOnlyWhatMayBeAStop) {
  TextStream stream{Allocator()};
  const char *stops[] = {"</s>"};
  ASSERT_TRUE(stream.open(stops, 1, 16).ok());
  ASSERT_TRUE(stream.add("a < b").ok());
  EXPECT_EQ(stream.ready(), "a < b");
  stream.consume();
  ASSERT_TRUE(stream.add("c</").ok());
  EXPECT_EQ(stream.ready(), "c");
  stream.consume();
  ASSERT_TRUE(stream.add("x").ok());
  EXPECT_EQ(stream.ready(), "</x");
}

TEST(TextStream, AllocatesOnlyWhenOpened) {
  sinter::test::CountingAllocator counting;
  Allocator allocator(counting.callbacks);
  {
    TextStream stream(allocator);
    const char *stops[] = {"a long stop string", "short"};
    ASSERT_TRUE(stream.open(stops, 2, 8).ok());
    size_t requests = counting.requests;
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(stream.add("\xff\xff\xff\xff\xff\xff\xff\xff").ok());
      stream.consume();
      ASSERT_TRUE(stream.add("a long s").ok());
      stream.consume();
    }
    EXPECT_EQ(counting.requests, requests);
  }
  EXPECT_EQ(counting.held, 0u);
}

} // namespace
