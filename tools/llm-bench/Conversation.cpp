// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-bench/Conversation.h"
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/Json.h"
#include "tools/common/PlanArguments.h"

#include <algorithm>

using namespace sinter;
using namespace sinter::tools;
using Json = nlohmann::ordered_json;

static bool isMessage(const Json &message) {
  if (!message.is_object() || !message.contains("role") ||
      !message["role"].is_string())
    return false;
  if (!message.contains("content"))
    return message["role"] == "assistant";
  return message["content"].is_string();
}

static bool isMessages(const Json &list) {
  if (!list.is_array() || list.empty())
    return false;
  for (const Json &message : list)
    if (!isMessage(message))
      return false;
  return true;
}

std::vector<Conversation> sinter::tools::readWorkload(const std::string &path) {
  const std::string file = readFile(path);
  std::vector<Conversation> conversations;
  size_t number = 0;
  for (std::string_view line : splitLines(file)) {
    ++number;
    if (line.empty())
      continue;
    const Json object = parseLine<Json>(line, path, number);
    const bool named = object.is_object() && object.contains("name") &&
                       object["name"].is_string();
    if (named && object.contains("text") && object["text"].is_string())
      conversations.push_back({object["name"], "", object["text"]});
    else if (named && object.contains("messages") &&
             isMessages(object["messages"]))
      conversations.push_back({object["name"], object["messages"].dump(), ""});
    else
      throw Failure(path + ":" + std::to_string(number) +
                    ": expected {\"name\": TEXT, \"messages\": [{\"role\": "
                    "TEXT, \"content\": TEXT}, ...]} or {\"name\": TEXT, "
                    "\"text\": TEXT}");
  }
  if (conversations.empty())
    throw Failure(path + ": no prompts");
  return conversations;
}

static std::vector<int32_t> render(const Plan &plan, const Json &messages) {
  // The template writes BOS itself where the model wants one.
  return plan
      .tokenize(plan.render(messages.dump()).orThrow(), SINTER_TEXT_SPECIAL)
      .orThrow();
}

static std::string answer(const Plan &plan, std::span<const int32_t> ids,
                          uint32_t tokens) {
  SessionOptions options;
  options.context = static_cast<uint32_t>(ids.size()) + tokens;
  Session session = plan.session(options).orThrow();
  session.setDepth(100).orThrow();
  Generation generation;
  generation.maxTokens = tokens;
  generation.noSpeculation = generation.noEarlyExit = true;
  std::string text;
  (void)session
      .generate(ids, generation,
                [&](int32_t, std::string_view piece) { text += piece; })
      .orThrow();
  return text;
}

std::vector<int32_t> sinter::tools::idsOf(const Plan &plan,
                                          const Conversation &conversation,
                                          uint32_t tokens) {
  if (conversation.messages.empty())
    return tokenizePrompt(plan, conversation.text);
  Json said = Json::array();
  for (Json &message : Json::parse(conversation.messages)) {
    if (!message.contains("content"))
      message["content"] = answer(plan, render(plan, said), tokens);
    said.push_back(message);
  }
  return render(plan, said);
}

bool sinter::tools::loops(const std::vector<int32_t> &ids) {
  constexpr size_t longestPeriod = 31, least = 32;
  for (size_t period = 1; period <= longestPeriod; ++period) {
    // `same` ids in a row are those one period before: with the period itself
    // that is same + period ids of the loop.
    size_t same = 0;
    for (size_t i = period; i < ids.size(); ++i) {
      same = ids[i] == ids[i - period] ? same + 1 : 0;
      if (same >= 2 * period && same + period >= least)
        return true;
    }
  }
  return false;
}
