// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-run/Arguments.h"
#include "tools/common/Failure.h"
#include "tools/common/Terminal.h"

#include <limits>
#include <random>

using namespace sinter;
using namespace sinter::tools;

static constexpr float anyFloat = std::numeric_limits<float>::max();

void Arguments::declareSampling(OptionParser &parser) {
  parser.section("Sampling (defaults: the plan's):");
  parser.real("--temperature, --temp", "T", temperature, 0, anyFloat,
              "0: greedy, always the likeliest token");
  parser.number("--top-k", "K", topK, "of the K likeliest only; 0: off");
  parser.real("--top-p", "P", topP, 0, 1,
              "of the likeliest that have P together; 1: off");
  parser.real("--min-p", "P", minP, 0, 1,
              "of those at least P times as likely as the likeliest; 0: off");
  parser.real("--repetition-penalty", "R", penalty, 0, anyFloat,
              "divides the logits of tokens seen before; 1: off");
  parser.number("--repetition-window", "N", window,
                "last tokens that the penalty looks at; 0: all");
  parser.custom("--seed", "S",
                "the same seed gives the same text (default: 0); random: "
                "another one each time",
                [this](const std::string &option, std::string_view value) {
                  if (value == "random")
                    seed = std::random_device()() |
                           static_cast<uint64_t>(std::random_device()()) << 32;
                  else
                    seed = parseUnsigned(option, value,
                                         std::numeric_limits<uint64_t>::max());
                });
}

void Arguments::declare(OptionParser &parser) {
  plan.declare(parser);
  parser.section("Prompt:");
  parser.text("-p, --prompt", "TEXT", prompt,
              "text to go on with; standard input when there is none");
  parser.text("-f, --file", "FILE", promptFile, "read the prompt from a file");
  parser.custom("--ids", "I,J,...", "token ids to go on with",
                [this](const std::string &option, std::string_view value) {
                  ids = parseUnsignedList(option, value,
                                          std::numeric_limits<int32_t>::max());
                });
  parser.flag("--chat", chat,
              "a conversation through the model's chat template: with -p one "
              "turn, else a turn a line");
  parser.text("--system", "TEXT", system, "first message of the conversation");

  parser.text("--load-session", "FILE", loadSession,
              "begin with the state saved in FILE: what a prompt has in common "
              "with its text is not computed again");
  parser.text("--save-session", "FILE", saveSession,
              "after each answer, save the state of the session to FILE; it "
              "belongs to the plan");

  parser.text("--draft-store", "FILE", draftStore,
              "drafts begin with what earlier ones taught, if FILE is there, "
              "and what they taught is written to it after each answer; it "
              "belongs to the plan");

  parser.section("Generation:");
  parser.number("-n, --tokens", "N", tokens,
                "at most N tokens (default: until the model ends the text)");
  parser.number("-c, --context", "N", context,
                "positions to make room for (default: as many as needed, at "
                "most 8192 where -n is not given)");
  parser.number("--chunk", "N", chunk,
                "rows of a prefill step; changes no bit of the result");
  parser.number(
      "--depth", "PERCENT", depth,
      "share of the layers, one of the plan's depths (default: as the "
      "plan chooses); below 100 it is lossy");
  parser.texts("--stop", "TEXT", stop,
               "end before this text; may be given several times");
  parser.flag("--ignore-eos", ignoreStopIds,
              "go on after the model's end-of-text tokens");
  parser.flag(
      "--no-speculate", noSpeculate,
      "one token a forward in a plan that drafts, the text is the same (but "
      "for --verify-rule); of two models that take turns the large one alone");
  parser.flag("--no-timing", noTiming,
              "how much is drafted follows from the plan's cost table, not "
              "from the clock: the same drafts each time");
  parser.flag("--no-early-exit", noEarlyExit,
              "all layers for every token in a plan with exits, or blocks that "
              "tokens leave out");
  parser.real("--exit-threshold", "X", exitThreshold, 0, 1,
              "of every exit of the plan, or its feed-forward blocks: tokens "
              "leave whose score is more; 1: none does (default: as the plan "
              "says)");
  parser.real("--switch-bits", "X", switchBits, 0, 64,
              "of two models that take turns, the large one writes from this "
              "mean entropy on (default: as the plan says)");
  declareSampling(parser);

  parser.section("Output:");
  parser.flag("--json", json, "one JSON object instead of text");
  parser.flag("--stats", stats,
              "speed, load time and peak memory on standard error, and what "
              "became of drafts");

  parser.implied(
      "--profile", "TRACE.json", "",
      "where the time went, by op and by layer, on standard error; with a file "
      "name also a trace for Perfetto or chrome://tracing",
      [this](const std::string &, std::string_view value) {
        profile = std::string(value);
      });

  parser.section("Instead of generating:");
  parser.text("--logits", "OUT.npy", logits,
              "write the logits of each position of the prompt, float32, rows "
              "x vocabulary");
  parser.text("--tokenize", "FILE", tokenize,
              "a JSON list of ids for each line of FILE (-: standard input): "
              "JSON strings if all lines are, else plain text");
  parser.text("--detokenize", "FILE", detokenize,
              "a JSON string for each line of FILE, a JSON list of ids");
  parser.text("--render", "FILE", render,
              "the chat template applied to FILE, a JSON list of {\"role\", "
              "\"content\"}, or an object with \"messages\" and other "
              "variables of the template");
  parser.flag("--no-generation-prompt", noGenerationPrompt,
              "--render without the beginning of an answer");
  parser.flag("--selftest", selftest,
              "check tokenizer, template and logits against what the plan "
              "carries");
}

void Arguments::chooseAction() {
  std::string first;
  auto choose = [&](bool given, const char *name, Action chosen) {
    if (!given)
      return;
    if (!first.empty())
      throw UsageError(first + " and " + name + " exclude each other");
    first = name;
    action = chosen;
  };
  choose(chat, "--chat", Action::Chat);
  choose(logits.has_value(), "--logits", Action::Logits);
  choose(tokenize.has_value(), "--tokenize", Action::Tokenize);
  choose(detokenize.has_value(), "--detokenize", Action::Detokenize);
  choose(render.has_value(), "--render", Action::Render);
  choose(selftest, "--selftest", Action::Selftest);
  for (const auto *given : {&logits, &tokenize, &detokenize, &render})
    path = given->value_or(path);
  const bool anyPrompt = prompt || promptFile || ids;
  if (first.empty() && verifyGiven && !anyPrompt)
    action = Action::Verify;
}

bool Arguments::parse(int argc, char **argv) {
  OptionParser parser("llm-run", "PLAN -p TEXT [options]",
                      "Runs a plan: completes a prompt (the text alone goes "
                      "to standard output), chats, or shows what the model "
                      "computes.");
  declare(parser);
  if (!parser.parse(argc, argv))
    return false;
  verifyGiven = plan.verify == SINTER_VERIFY_SHA256;
  chooseAction();
  if ((prompt.has_value() + promptFile.has_value() + ids.has_value()) > 1)
    throw UsageError("-p, -f and --ids exclude each other");
  if (action == Action::Chat && ids)
    throw UsageError("--chat wants text, not --ids");
  if (action != Action::Chat && system)
    throw UsageError("--system belongs to --chat");
  if (action != Action::Generate && profile)
    throw UsageError("--profile belongs to the completion of a prompt");
  if (action != Action::Generate && action != Action::Chat)
    for (const auto &[given, name] :
         {std::pair(&draftStore, "--draft-store"),
          std::pair(&loadSession, "--load-session"),
          std::pair(&saveSession, "--save-session")})
      if (given->has_value())
        throw UsageError(std::string(name) +
                         " belongs to the completion of a prompt or --chat");
  if (draftStore && noSpeculate)
    throw UsageError("--draft-store and --no-speculate exclude each other");
  if (tokens == 0u)
    throw UsageError("-n wants at least 1; leave it out to go on until the "
                     "model ends the text");
  if (context == 0u || chunk == 0u)
    throw UsageError(std::string(context == 0u ? "--context" : "--chunk") +
                     " wants at least 1");
  if (penalty && *penalty == 0)
    throw UsageError("--repetition-penalty wants more than 0; 1 is off");
  // To the runtime 0 is "as the plan says".
  if (exitThreshold && *exitThreshold == 0)
    throw UsageError("--exit-threshold wants more than 0 and at most 1; leave "
                     "it out for what the plan says");
  if (depth == 0u)
    throw UsageError("--depth wants at least 1; leave it out for what the plan "
                     "chooses");
  for (const std::string &text : stop)
    if (text.empty())
      throw UsageError("--stop wants a text that is not empty");
  if ((action == Action::Generate || action == Action::Logits) && !prompt &&
      !promptFile && !ids && isTerminal(stdin))
    throw UsageError("no prompt: give -p TEXT, -f FILE, --ids or --chat");
  return true;
}

Sampling sinter::tools::samplingOf(const Arguments &arguments,
                                   const Plan &plan) {
  Sampling sampling = plan.sampling();
  if (arguments.temperature)
    sampling.temperature = *arguments.temperature;
  if (arguments.topK)
    sampling.top_k = static_cast<int32_t>(*arguments.topK);
  if (arguments.topP)
    sampling.top_p = *arguments.topP;
  if (arguments.minP)
    sampling.min_p = *arguments.minP;
  if (arguments.penalty)
    sampling.repetition_penalty = *arguments.penalty;
  if (arguments.window)
    sampling.repetition_window = *arguments.window;
  if (arguments.seed)
    sampling.seed = *arguments.seed;
  return sampling;
}
