// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/Terminal.h"
#include "tools/llm-eval/Evaluate.h"
#include "tools/llm-eval/Npz.h"

#include <algorithm>

using namespace sinter;
using namespace sinter::tools;

// Rows of logits of two plans that are held at a time.
static constexpr size_t rowsAtOnce = 32;

// What --against is measured on when no text is given.
static constexpr std::string_view defaultText =
    "The lighthouse stood at the end of a long spit of sand, and for most of "
    "the year nobody came there but the keeper and the birds. In winter the "
    "storms took away a piece of the road, and in spring the village put it "
    "back, stone by stone, without anyone having asked for it.\n\n"
    "Question: A train leaves at 9:40 and arrives at 13:05. How long is the "
    "journey?\nAnswer: From 9:40 to 13:05 it is 3 hours and 25 minutes.\n\n"
    "def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b "
    "= b, a + b\n    return a\n\n"
    "Water boils at a lower temperature on a mountain because the pressure of "
    "the air is lower there. This is why it takes longer to cook an egg at a "
    "great height, although the water seems to boil as strongly as at the sea. "
    "Once upon a time, there was a small town whose clock always showed the "
    "right time twice a day.";

static std::vector<int32_t>
greedyTokens(Session &session, std::span<const int32_t> prompt, size_t count) {
  Generation generation; // greedy
  generation.maxTokens = static_cast<uint32_t>(count);
  generation.ignoreStopIds = true;
  std::vector<int32_t> tokens;
  if (count)
    session
        .generate(prompt, generation,
                  [&](int32_t id, std::string_view) {
                    if (id >= 0)
                      tokens.push_back(id);
                  })
        .orThrow();
  return tokens;
}

static Session sessionOf(const Plan &plan, size_t context) {
  if (context > plan.maxContext())
    throw Failure(std::to_string(context) +
                  " positions are needed, the plan allows " +
                  std::to_string(plan.maxContext()));
  SessionOptions options;
  options.context = static_cast<uint32_t>(context);
  return plan.session(options).orThrow();
}

Comparison sinter::tools::compareWithReference(const Plan &plan,
                                               const std::string &path) {
  NpzArchive archive(path);
  const std::vector<int32_t> prompt = archive.array("prompt").integers();
  const std::vector<int32_t> tokens = archive.array("tokens").integers();
  const NpyArray stored = archive.array("logits");
  const size_t vocabulary = plan.vocabulary();
  if (stored.shape() != std::vector<size_t>{prompt.size(), vocabulary} ||
      prompt.empty())
    throw Failure("'" + path + "' does not fit the plan: logits of " +
                  std::to_string(prompt.size()) + " positions x " +
                  std::to_string(vocabulary) + " ids are expected");
  const std::span<const float> reference = stored.floats();

  Session session = sessionOf(plan, prompt.size() + tokens.size());
  Comparison result;
  Progress progress("position", prompt.size());
  session
      .score(prompt,
             [&](uint32_t first, uint32_t rows, std::span<const float> logits) {
               for (uint32_t row = 0; row < rows; ++row)
                 result.distance.add(
                     reference.subspan((first + row) * vocabulary, vocabulary),
                     logits.subspan(row * vocabulary, vocabulary));
               progress.update(first + rows);
             })
      .orThrow();
  result.greedy = tokens.size();
  result.sameGreedy =
      commonPrefix(greedyTokens(session, prompt, tokens.size()), tokens);
  return result;
}

static std::vector<float> logitsOf(Session &session,
                                   std::span<const int32_t> ids) {
  std::vector<float> values;
  session
      .score(ids,
             [&](uint32_t, uint32_t, std::span<const float> logits) {
               values.insert(values.end(), logits.begin(), logits.end());
             })
      .orThrow();
  return values;
}

Comparison sinter::tools::compareWithPlan(const Plan &plan,
                                          const std::string &path,
                                          const Arguments &arguments) {
  const Plan other = arguments.plan.open(path, arguments.plan.threads);
  const size_t vocabulary = plan.vocabulary();
  if (other.vocabulary() != vocabulary)
    throw Failure("'" + path + "' has " + std::to_string(other.vocabulary()) +
                  " ids, '" + arguments.plan.path + "' has " +
                  std::to_string(vocabulary));
  const std::string text =
      arguments.text ? readFile(*arguments.text) : std::string(defaultText);
  const std::vector<int32_t> ids =
      textIds(plan, text, arguments.lines, arguments.tokens);
  if (ids.empty())
    throw Failure("the text is empty");

  const size_t window = std::min<size_t>(arguments.context, ids.size());
  Session mine = sessionOf(plan, window + arguments.greedy);
  Session theirs = sessionOf(other, window + arguments.greedy);
  Comparison result;
  Progress progress("position", ids.size());
  for (size_t at = 0, count = 0; at < ids.size(); at += count) {
    if (at % window == 0) {
      mine.truncate(0).orThrow();
      theirs.truncate(0).orThrow();
    }
    // A chunk does not reach over the end of its window.
    count = std::min({rowsAtOnce, window - at % window, ids.size() - at});
    const auto chunk = std::span(ids).subspan(at, count);
    const std::vector<float> row = logitsOf(mine, chunk);
    const std::vector<float> reference = logitsOf(theirs, chunk);
    for (size_t i = 0; i < count; ++i)
      result.distance.add(
          std::span(reference).subspan(i * vocabulary, vocabulary),
          std::span(row).subspan(i * vocabulary, vocabulary));
    progress.update(at + count);
  }
  const auto prompt = std::span(ids).first(window);
  const std::vector<int32_t> expected =
      greedyTokens(theirs, prompt, arguments.greedy);
  result.greedy = expected.size();
  result.sameGreedy =
      commonPrefix(greedyTokens(mine, prompt, arguments.greedy), expected);
  return result;
}
