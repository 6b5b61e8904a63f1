// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tokenizer, chat template and self-test of a plan, without running the model.
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/Json.h"
#include "tools/common/Terminal.h"
#include "tools/llm-run/Actions.h"

#include <algorithm>

using namespace sinter;
using namespace sinter::tools;
using Json = nlohmann::json;

// Nothing when the line is no JSON string.
static std::optional<std::string> jsonString(std::string_view line) {
  if (!line.starts_with('"'))
    return std::nullopt;
  Json value = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!value.is_string())
    return std::nullopt;
  return value.get<std::string>();
}

int sinter::tools::tokenizeLines(const Job &job) {
  std::string content = readFile(job.arguments.path);
  std::vector<std::string_view> lines = splitLines(content);
  const bool json = std::ranges::all_of(lines, [](std::string_view line) {
    return jsonString(line).has_value();
  });
  for (std::string_view line : lines) {
    std::string text(line);
    if (json)
      text = jsonString(line).value_or(text);
    Json ids = job.plan.tokenize(text, SINTER_TEXT_SPECIAL).orThrow();
    writeOut(ids.dump() + "\n");
  }
  writeOut("", /*flush=*/true);
  return exitSuccess;
}

static std::vector<int32_t> idsOfLine(std::string_view line, size_t number,
                                      const std::string &path) {
  Json list = parseLine<Json>(line, path, number);
  std::vector<int32_t> ids;
  bool good = list.is_array();
  if (!good)
    list = Json::array();
  for (const Json &id : list) {
    good &= id.is_number_integer() && id.get<int64_t>() >= 0 &&
            id.get<int64_t>() <= std::numeric_limits<int32_t>::max();
    ids.push_back(good ? id.get<int32_t>() : 0);
  }
  if (!good)
    throw Failure(path + ":" + std::to_string(number) +
                  ": expected a JSON list of token ids");
  return ids;
}

int sinter::tools::detokenizeLines(const Job &job) {
  const std::string &path = job.arguments.path;
  std::string content = readFile(path);
  size_t number = 0;
  for (std::string_view line : splitLines(content)) {
    std::vector<int32_t> ids = idsOfLine(line, ++number, path);
    Json text = job.plan.detokenize(ids, SINTER_TEXT_SPECIAL).orThrow();
    // Ids may end within a character: that becomes U+FFFD, as elsewhere.
    writeOut(text.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  writeOut("", /*flush=*/true);
  return exitSuccess;
}

int sinter::tools::render(const Job &job) {
  std::string messages = readFile(job.arguments.path);
  writeOut(
      job.plan.render(messages, !job.arguments.noGenerationPrompt).orThrow(),
      /*flush=*/true);
  return exitSuccess;
}

int sinter::tools::selftest(const Job &job) {
  Style style(stdout);
  size_t passed = 0, failed = 0;
  Result<void> result =
      job.plan.selftest([&](bool good, std::string_view line) {
        (good ? passed : failed) += 1;
        writeOut(std::string(good ? style.green() : style.red()) +
                 (good ? "ok      " : "FAILED  ") + style.plain() +
                 std::string(line) + "\n");
      });
  writeOut("self-test on " +
               std::string(job.plan.property("cpu").value_or("this machine")) +
               ": " + std::to_string(passed) + " passed, " +
               std::to_string(failed) + " failed\n",
           /*flush=*/true);
  std::move(result).orThrow();
  return exitSuccess;
}
