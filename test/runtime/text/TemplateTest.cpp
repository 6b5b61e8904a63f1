// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/ChatTemplate.h"
#include "runtime/text/TemplateNodes.h"
#include "test/runtime/text/FailingAllocator.h"
#include "test/runtime/text/TextSource.h"

#include <gtest/gtest.h>

using namespace sinter;

static constexpr std::string_view kChatMl =
    "{% for message in messages %}{{'<|' + message.role + '|>' ~ "
    "message['content'] | trim}}\n{% endfor %}"
    "{% if add_generation_prompt %}{{ bos_token }}{% endif %}";
static constexpr std::string_view kChat =
    R"([{"role": "user", "content": " caf\u00e9 \ud83d\ude00\n"}])";

static plan::ChatTemplateT parse(std::string_view source) {
  import::Errors errors;
  auto built = import::buildChatTemplate(source, errors);
  EXPECT_TRUE(built) << (errors.empty() ? "" : errors.front());
  return built ? std::move(*built) : plan::ChatTemplateT();
}

static runtime::Status render(std::string_view source, std::string &out,
                              text::RenderInput input = {},
                              text::RenderLimits limits = {}) {
  test::Table<plan::ChatTemplate> table;
  test::pack(parse(source), table);
  text::ChatTemplate chat;
  SINTER_TRY(chat.open(table.get(), runtime::Allocator()));
  if (input.json.empty())
    input.json = kChat;
  out.resize(1 << 16);
  text::Sink<char> sink(out.data(), out.size());
  SINTER_TRY(chat.render(input, sink, limits));
  out.resize(sink.size());
  return {};
}

TEST(ChatTemplate, RendersMessages) {
  std::string out;
  text::RenderInput input;
  input.bosToken = "<s>";
  ASSERT_TRUE(render(kChatMl, out, input).ok());
  EXPECT_EQ(out, "<|user|>caf\xc3\xa9 \xf0\x9f\x98\x80\n<s>");
  input.addGenerationPrompt = false;
  ASSERT_TRUE(render(kChatMl, out, input).ok());
  EXPECT_EQ(out, "<|user|>caf\xc3\xa9 \xf0\x9f\x98\x80\n");
  input.json = R"({"messages": [], "add_generation_prompt": true})";
  ASSERT_TRUE(render(kChatMl, out, input).ok());
  EXPECT_EQ(out, "<s>"); // the caller's variables win
}

TEST(ChatTemplate, ErrorsNameTheLine) {
  std::string out;
  runtime::Status status = render("a\n\n{{ 1 + 'x' }}", out);
  EXPECT_EQ(status.code(), SINTER_INVALID_ARGUMENT);
  EXPECT_STREQ(status.message(), "chat template, line 3: '+' does not go "
                                 "between 'int' and 'str'");
  import::Errors errors;
  EXPECT_FALSE(import::buildChatTemplate("a\n{% include 'b' %}", errors));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0], "chat template, line 2: the statement {% include %} is "
                       "not supported");
}

// What the compiler lets through the runtime has.
TEST(ChatTemplate, KnowsEveryFilterAndTestByName) {
  std::string out;
  for (std::string_view name : text::kFilterNames) {
    auto status = render("{{ 'a' | " + std::string(name) + " }}", out);
    EXPECT_EQ(std::string(status.message()).find("there is no"),
              std::string::npos)
        << status.message();
  }
  for (std::string_view name : text::kTestNames) {
    if (name.find_first_of("=<>") != std::string_view::npos)
      continue; // only as arguments of select
    auto alone = render("{{ 'a' is " + std::string(name) + " }}", out);
    auto pair = render("{{ 'a' is " + std::string(name) + "('b') }}", out);
    EXPECT_TRUE(
        std::string(alone.message()).find("no test") == std::string::npos ||
        std::string(pair.message()).find("no test") == std::string::npos)
        << name;
  }
}

TEST(ChatTemplate, BoundsWorkDepthAndMemory) {
  std::string out;
  text::RenderLimits limits;
  limits.steps = 1000;
  auto status =
      render("{% for i in range(9999) %}x{% endfor %}", out, {}, limits);
  EXPECT_NE(std::string(status.message()).find("steps"), std::string::npos);
  limits = {};
  limits.memory = 1 << 20;
  status = render("{% set n = namespace(s='xy') %}{% for i in range(40) %}"
                  "{% set n.s = n.s + n.s %}{% endfor %}",
                  out, {}, limits);
  EXPECT_NE(std::string(status.message()).find("memory"), std::string::npos);
  limits = {};
  limits.depth = 50;
  status = render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", out, {},
                  limits);
  EXPECT_NE(std::string(status.message()).find("levels"), std::string::npos);
}

/// Damages a good tree and expects that opening refuses it.
template <typename F> static void refuse(F damage, const char *why) {
  plan::ChatTemplateT tree = parse("{% macro m(a) %}{{ a }}{% endmacro %}");
  damage(tree);
  test::Table<plan::ChatTemplate> table;
  test::pack(tree, table);
  text::ChatTemplate chat;
  runtime::Status status = chat.open(table.get(), runtime::Allocator());
  EXPECT_FALSE(status.ok()) << why;
  EXPECT_NE(std::string(status.message()).find(why), std::string::npos)
      << status.message();
  EXPECT_FALSE(chat.isOpen());
}

TEST(ChatTemplate, RefusesDamagedTrees) {
  using T = plan::ChatTemplateT;
  refuse([](T &t) { t.root = 99; }, "does not exist");
  refuse([](T &t) { t.nodes.clear(); }, "does not exist");
  refuse([](T &t) { t.nodes.back()->kind = 250; }, "node kind 250 is unknown");
  refuse([](T &t) { t.nodes.back()->children = {t.root}; }, "before its");
  refuse(
      [](T &t) {
        t.nodes.back()->kind = uint8_t(text::NodeKind::For);
        t.nodes.back()->children = {0, 0};
      },
      "too few children");
  refuse(
      [](T &t) {
        t.nodes.back()->kind = uint8_t(text::NodeKind::Macro);
        t.nodes.back()->children = {0, 0};
      },
      "parameter");
}

// A tree whose kinds make no sense together fails, and nothing else.
TEST(ChatTemplate, SurvivesTreesThatLie) {
  plan::ChatTemplateT tree = parse(kChatMl);
  for (size_t i = 0; i < tree.nodes.size(); ++i)
    for (uint8_t kind = 0; kind < uint8_t(text::NodeKind::Count_); ++kind) {
      uint8_t before = std::exchange(tree.nodes[i]->kind, kind);
      test::Table<plan::ChatTemplate> table;
      test::pack(tree, table);
      text::ChatTemplate chat;
      if (chat.open(table.get(), runtime::Allocator()).ok()) {
        text::RenderInput input;
        input.json = kChat;
        text::Sink<char> sink(nullptr, 0);
        runtime::Status status = chat.render(input, sink);
        EXPECT_TRUE(status.ok() || *status.message());
      }
      tree.nodes[i]->kind = before;
    }
}

TEST(ChatTemplate, EveryAllocationMayFail) {
  test::Table<plan::ChatTemplate> table;
  test::pack(parse(std::string(kChatMl) +
                   "{% set s %}{% for i in range(3000) %}{{ i }},{% endfor %}"
                   "{% endset %}{{ s | upper | tojson }}"),
             table);
  test::FailingAllocator failing;
  std::string expected;
  for (size_t n = 0;; ++n) {
    ASSERT_LT(n, 1000u);
    failing.failAt(n == 0 ? SIZE_MAX : n - 1);
    {
      text::ChatTemplate chat;
      ASSERT_TRUE(chat.open(table.get(), failing.allocator()).ok());
      std::string out(1 << 16, 0);
      text::Sink<char> sink(out.data(), out.size());
      text::RenderInput input;
      input.json = kChat;
      runtime::Status status = chat.render(input, sink);
      out.resize(sink.size());
      if (n == 0)
        expected = out;
      if (status.ok())
        EXPECT_EQ(out, expected);
      else
        EXPECT_EQ(status.code(), SINTER_OUT_OF_MEMORY);
    }
    EXPECT_EQ(failing.live(), 0u) << n;
    if (n > 0 && !failing.failed())
      break;
  }
}
