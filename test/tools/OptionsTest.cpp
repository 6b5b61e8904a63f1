// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Options.h"
#include "tools/common/Failure.h"

#include <gtest/gtest.h>

using namespace sinter::tools;

namespace {
struct Values {
  std::string plan;
  bool json = false;
  uint32_t count = 5;
  std::optional<uint32_t> tokens;
  std::optional<float> share;
  std::optional<std::string> name;
  std::vector<std::string> stop;
  std::string verify = "none";

  bool parse(std::vector<std::string> words) {
    OptionParser parser("tool", "PLAN", "Does things.");
    parser.positional("PLAN", plan, "a plan");
    parser.flag("--json", json, "JSON");
    parser.number("-r, --repetitions", "R", count, "how often");
    parser.number("-n, --tokens", "N", tokens, "how many");
    parser.real("--top-p", "P", share, 0, 1, "a share");
    parser.text("--name", "TEXT", name, "a name");
    parser.texts("--stop", "TEXT", stop, "where to stop");
    parser.implied("--verify", "HOW", "sha256", "what to check",
                   [this](const std::string &, std::string_view value) {
                     verify = value;
                   });
    words.insert(words.begin(), "tool");
    std::vector<char *> argv;
    for (std::string &word : words)
      argv.push_back(word.data());
    return parser.parse(static_cast<int>(argv.size()), argv.data());
  }
};

std::string usageError(std::vector<std::string> words) {
  Values values;
  try {
    values.parse(std::move(words));
  } catch (const UsageError &error) {
    return error.what();
  }
  return "no error";
}
} // namespace

TEST(Options, AllSpellings) {
  Values values;
  EXPECT_TRUE(values.parse({"--tokens=7", "x.plan", "-r3", "--top-p", "0.25",
                            "--stop", "a", "--stop=b", "--json", "--name="}));
  EXPECT_EQ(values.plan, "x.plan");
  EXPECT_EQ(values.tokens, 7u);
  EXPECT_EQ(values.count, 3u);
  EXPECT_EQ(values.share, 0.25f);
  EXPECT_EQ(values.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(values.json);
  EXPECT_EQ(values.name, "");
}

TEST(Options, DefaultsStay) {
  Values values;
  values.parse({"x"});
  EXPECT_EQ(values.count, 5u);
  EXPECT_FALSE(values.tokens);
  EXPECT_EQ(values.verify, "none");
}

TEST(Options, ImpliedValue) {
  Values alone, given;
  alone.parse({"--verify", "x"});
  EXPECT_EQ(alone.verify, "sha256");
  EXPECT_EQ(alone.plan, "x");
  given.parse({"--verify=weights", "x"});
  EXPECT_EQ(given.verify, "weights");
}

TEST(Options, AValueMayBeginWithADash) {
  Values values;
  values.parse({"x", "--name", "-5 degrees"});
  EXPECT_EQ(values.name, "-5 degrees");
  values.parse({"--", "--x"});
  EXPECT_EQ(values.plan, "--x");
}

TEST(Options, MistakesNameTheOption) {
  EXPECT_EQ(usageError({}), "no PLAN given");
  EXPECT_EQ(usageError({"x", "y"}), "too many arguments: 'y'");
  EXPECT_EQ(usageError({"x", "--tokens"}), "--tokens wants a value");
  EXPECT_EQ(usageError({"x", "--json=1"}), "--json takes no value");
  EXPECT_EQ(usageError({"x", "--token", "1"}),
            "unknown option '--token'; is it '--tokens'?");
  EXPECT_EQ(usageError({"x", "--quux"}), "unknown option '--quux'");
  EXPECT_EQ(usageError({"x", "-z"}), "unknown option '-z'");
  EXPECT_EQ(usageError({"x", "-n", "1e3"}),
            "-n wants a whole number from 0 to 2147483647, not '1e3'");
  EXPECT_EQ(usageError({"x", "-n", "-1"}),
            "-n wants a whole number from 0 to 2147483647, not '-1'");
  EXPECT_EQ(usageError({"x", "-n", "99999999999999999999"}).substr(0, 8),
            "-n wants");
  EXPECT_EQ(usageError({"x", "--top-p", "1.5"}),
            "--top-p wants a number of at least 0 and at most 1, not '1.5'");
  EXPECT_EQ(usageError({"x", "--top-p", "nan"}).substr(0, 13), "--top-p wants");
}

TEST(Options, HelpListsEveryOptionWithin80Columns) {
  OptionParser parser("tool", "PLAN", "Does things.");
  bool json = false;
  std::optional<std::string> name;
  parser.section("Output:");
  parser.flag("--json", json,
              "a text that is long enough to need more than a single line of "
              "the eighty columns that a terminal has");
  parser.text("--a-name-that-is-rather-long", "VALUE", name, "the name");
  std::string help = parser.help();
  for (const char *word : {"Usage: tool PLAN", "Output:", "--json", "--help",
                           "--a-name-that-is-rather-long VALUE"})
    EXPECT_NE(help.find(word), std::string::npos) << word;
  size_t longest = 0, column = 0;
  for (char c : help) {
    longest = std::max(longest, column);
    column = c == '\n' ? 0 : column + 1;
  }
  EXPECT_LE(longest, 80u);
}

TEST(Options, ListsOfNumbers) {
  EXPECT_EQ(parseUnsignedList("--ids", "1,20,3", 100),
            (std::vector<uint32_t>{1, 20, 3}));
  for (const char *wrong : {"", "1,", ",1", "1,,2", "1, 2", "1,101"})
    EXPECT_THROW(parseUnsignedList("--ids", wrong, 100), UsageError) << wrong;
}
