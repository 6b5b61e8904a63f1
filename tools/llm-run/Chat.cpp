// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversations: every turn renders all messages and generates from the whole;
// the session keeps the longest common prefix, so only new tokens are computed.
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/Terminal.h"
#include "tools/llm-run/Completion.h"

#include <iostream>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;
using Json = nlohmann::ordered_json;

namespace {
class Conversation {
public:
  explicit Conversation(const Job &job) : job(job) { clear(); }

  void clear() {
    messages = Json::array();
    if (job.arguments.system)
      say("system", *job.arguments.system);
  }
  /// One question and its answer. A turn that fails leaves no trace.
  Completion turn(const std::string &text);

private:
  void say(const char *role, const std::string &content) {
    messages.push_back({{"role", role}, {"content", content}});
  }

  const Job &job;
  Json messages;
  std::optional<Session> session;
};
} // namespace

Completion Conversation::turn(const std::string &text) {
  const Json before = messages;
  say("user", text);
  try {
    std::string rendered =
        job.plan
            .render(
                messages.dump(-1, ' ', false, Json::error_handler_t::replace))
            .orThrow();
    // The template writes BOS itself where the model wants one.
    std::vector<int32_t> ids =
        job.plan.tokenize(rendered, SINTER_TEXT_SPECIAL).orThrow();
    if (!session)
      session = makeSession(job, ids.size());
    Completion completion = complete(job, *session, ids);
    say("assistant", completion.text);
    return completion;
  } catch (...) {
    messages = before;
    throw;
  }
}

// Reads a line; a backslash at its end goes on with the next one.
static bool readTurn(std::string &text, bool interactive) {
  text.clear();
  Style style(stdout);
  for (std::string line;;) {
    if (interactive)
      writeOut(std::string(style.bold()) + (text.empty() ? "> " : ". ") +
                   style.plain(),
               /*flush=*/true);
    if (!std::getline(std::cin, line))
      return !text.empty();
    if (!line.ends_with('\\')) {
      text += line;
      return true;
    }
    line.back() = '\n';
    text += line;
  }
}

static void printHelp() {
  std::fputs("/clear  forget the conversation\n"
             "/exit   leave (or Ctrl-D); Ctrl-C stops an answer\n"
             "a line that ends in \\ goes on in the next one\n",
             stderr);
}

// A turn of a conversation that goes on after a failure.
static void interactiveTurn(const Job &job, Conversation &conversation,
                            const std::string &text) {
  try {
    report(job, conversation.turn(text));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "llm-run: %s\n", error.what());
  }
}

static int converse(const Job &job, Conversation &conversation) {
  const bool interactive = isTerminal(stdin) && isTerminal(stdout);
  if (interactive)
    std::fprintf(
        stderr, "%s; /help for help\n",
        std::string(job.plan.property("name").value_or("model")).c_str());
  for (std::string text; readTurn(text, interactive);) {
    if (text.empty())
      continue;
    if (interactive && text == "/exit")
      break;
    if (interactive && text == "/help")
      printHelp();
    else if (interactive && text == "/clear")
      conversation.clear();
    else if (interactive)
      interactiveTurn(job, conversation, text);
    else {
      Completion completion = conversation.turn(text);
      if (!job.arguments.json)
        writeOut("\n", /*flush=*/true); // answers are apart by a line end
      report(job, completion);
      if (completion.interrupted)
        return exitInterrupted;
    }
  }
  return exitSuccess;
}

int sinter::tools::chat(const Job &job) {
  Conversation conversation(job);
  const Arguments &arguments = job.arguments;
  if (!arguments.prompt && !arguments.promptFile)
    return converse(job, conversation);
  std::string text =
      arguments.prompt ? *arguments.prompt : readFile(*arguments.promptFile);
  if (text.empty())
    throw Failure("the prompt is empty; give at least one character");
  Completion completion = conversation.turn(text);
  report(job, completion);
  return completion.interrupted ? exitInterrupted : exitSuccess;
}
