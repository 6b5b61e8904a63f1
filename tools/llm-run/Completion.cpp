// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-run/Completion.h"
#include "tools/common/ExitFigures.h"
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/Quality.h"
#include "tools/common/SpeculationFigures.h"
#include "tools/common/SwitchFigures.h"
#include "tools/common/Terminal.h"
#include "tools/llm-run/Interrupt.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

// Room of a session whose length nobody named: a plan may allow for far more
// positions than there is memory.
static constexpr size_t defaultContext = 8192;

static Session newSession(const Job &job, size_t context) {
  SessionOptions options;
  options.context = static_cast<uint32_t>(context);
  options.chunk = job.arguments.chunk.value_or(0);
  Session session = job.plan.session(options).orThrow();
  if (job.arguments.depth)
    session.setDepth(*job.arguments.depth).orThrow();
  return session;
}

/// Goes on from a file. How many positions that has the runtime alone knows:
/// where nobody named a context, more room is made until it suffices.
static Session loaded(const Job &job, size_t context, const std::string &path) {
  const std::string bytes = readFile(path);
  const auto *first = reinterpret_cast<const uint8_t *>(bytes.data());
  const size_t most = job.arguments.context ? context : job.plan.maxContext();
  for (;; context = std::min(most, 2 * context)) {
    Session session = newSession(job, context);
    auto result = session.restore({first, bytes.size()});
    if (result)
      return session;
    if (result.error().code() != SINTER_CONTEXT_FULL || context == most)
      throw Failure(path + ": " + std::string(result.error().message()));
  }
}

static void save(const std::vector<uint8_t> &bytes, const std::string &path) {
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

/// Where there is no file yet, nothing was learned.
static void loadDrafts(Session &session, const std::string &path) {
  if (!std::filesystem::exists(path)) {
    const auto tried = session.draftStore().orThrow(); // the plan drafts
    return;
  }
  const std::string bytes = readFile(path);
  const auto *first = reinterpret_cast<const uint8_t *>(bytes.data());
  if (auto result = session.loadDraftStore({first, bytes.size()}); !result)
    throw Failure(path + ": " + std::string(result.error().message()));
}

Session sinter::tools::makeSession(const Job &job, size_t prompt) {
  const Arguments &arguments = job.arguments;
  const size_t most = job.plan.maxContext();
  size_t context = std::max(prompt, std::min(most, defaultContext));
  if (arguments.context)
    context = *arguments.context;
  else if (arguments.tokens && arguments.action != Action::Chat)
    context = std::min(most, prompt + *arguments.tokens);
  if (context > most)
    throw Failure("--context " + std::to_string(context) +
                  " is more than the " + std::to_string(most) +
                  " positions of the plan");
  if (prompt > context) {
    std::string advice = "shorten it";
    if (context < most)
      advice += " or give a larger --context (the plan allows " +
                std::to_string(most) + ")";
    throw Failure("the prompt has " + std::to_string(prompt) +
                  " tokens, the context " + std::to_string(context) + "; " +
                  advice);
  }
  for (const auto &path : {arguments.saveSession, arguments.draftStore})
    if (path) // fails now, not after the answer
      AtomicFile tried(*path);
  Session session = arguments.loadSession
                        ? loaded(job, context, *arguments.loadSession)
                        : newSession(job, context);
  if (arguments.draftStore)
    loadDrafts(session, *arguments.draftStore);
  return session;
}

namespace {
/// The figures of a generation that was cancelled: the library gives none then.
class Stopwatch {
public:
  void token() {
    last = Clock::now();
    if (tokens++ == 0)
      first = last;
  }
  Statistics statistics(size_t prompt) const {
    Statistics s{};
    if (!tokens)
      return s;
    s.prompt_tokens = prompt;
    s.generated_tokens = tokens;
    s.prefill_ns = nanoseconds(first - start);
    s.decode_ns = nanoseconds(last - first);
    s.stop = SINTER_STOP_CALLBACK;
    return s;
  }

private:
  using Clock = std::chrono::steady_clock;
  static uint64_t nanoseconds(Clock::duration time) {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
  }
  Clock::time_point start = Clock::now(), first, last;
  uint64_t tokens = 0;
};
} // namespace

Completion sinter::tools::complete(const Job &job, Session &session,
                                   std::span<const int32_t> ids,
                                   Profile *profile) {
  Generation generation;
  generation.sampling = samplingOf(job.arguments, job.plan);
  generation.maxTokens = job.arguments.tokens.value_or(0);
  generation.ignoreStopIds = job.arguments.ignoreStopIds;
  generation.stop = job.arguments.stop;
  generation.noSpeculation = job.arguments.noSpeculate;
  generation.noEarlyExit = job.arguments.noEarlyExit;
  generation.noTiming = job.arguments.noTiming;
  generation.exitThreshold = job.arguments.exitThreshold.value_or(0);
  generation.switchBits = job.arguments.switchBits.value_or(0);

  Completion completion;
  Stopwatch watch;
  Interruptible scope(session);
  auto result =
      session.generate(ids, generation, [&](int32_t id, std::string_view text) {
        watch.token();
        if (profile)
          profile->token();
        if (id >= 0) // below: text that was held back, without a token
          completion.ids.push_back(id);
        completion.text += text;
        if (!job.arguments.json)
          writeOut(text, /*flush=*/true);
      });
  completion.interrupted = scope.interrupted();
  completion.speculation = session.speculation().orThrow();
  completion.depth = session.depth().orThrow();
  completion.exits = session.exits().orThrow();
  completion.ffns = session.ffns().orThrow();
  completion.switching = session.switching().orThrow();
  if (result || completion.interrupted) {
    if (job.arguments.saveSession)
      save(session.snapshot().orThrow(), *job.arguments.saveSession);
    if (job.arguments.draftStore)
      save(session.draftStore().orThrow(), *job.arguments.draftStore);
  }
  if (!result && completion.interrupted &&
      result.error().code() == SINTER_CANCELLED) {
    completion.statistics = watch.statistics(ids.size());
    return completion;
  }
  completion.statistics = std::move(result).orThrow();
  return completion;
}

static double perSecond(uint64_t tokens, uint64_t ns) {
  return ns ? static_cast<double>(tokens) * 1e9 / static_cast<double>(ns) : 0;
}

static double prefillRate(const Statistics &s) {
  return perSecond(s.prompt_tokens, s.prefill_ns);
}

// The first token is drawn from the logits of the prompt; an end-of-text token
// is drawn, but not handed out.
static double decodeRate(const Statistics &s) {
  const uint64_t drawn = s.generated_tokens + (s.stop == SINTER_STOP_ID);
  return perSecond(drawn ? drawn - 1 : 0, s.decode_ns);
}

static const char *nameOf(sinter_stop_reason reason) {
  switch (reason) {
  case SINTER_STOP_MAX_TOKENS:
    return "max_tokens";
  case SINTER_STOP_ID:
    return "end_of_text";
  case SINTER_STOP_STRING:
    return "stop_string";
  case SINTER_STOP_CALLBACK:
    return "interrupted";
  case SINTER_STOP_CONTEXT:
    return "context";
  case SINTER_STOP_HOPELESS:
    return "hopeless";
  }
  return "unknown";
}

static void printSpeculation(const Plan &plan, const Speculation &s,
                             const Style &style) {
  std::string drafters;
  for (const DrafterFigures &drafter : byDrafter(plan, s))
    drafters += "  " + drafter.name + " " + std::to_string(drafter.accepted) +
                " of " + std::to_string(drafter.drafted);

  std::fprintf(stderr,
               "%sdrafted %llu  accepted %llu (%.2f)  tokens a forward %.2f  "
               "draft %.1f ms  verify %.1f ms  accepted by position%s%s%s\n",
               style.dim(), static_cast<unsigned long long>(s.drafted),
               static_cast<unsigned long long>(s.accepted), acceptanceRate(s),
               blockEfficiency(s), static_cast<double>(s.draft_ns) / 1e6,
               static_cast<double>(s.verify_ns) / 1e6, positionsText(s).c_str(),
               drafters.c_str(), style.plain());
}

static void printExits(const Exits &e, const Style &style) {
  std::fprintf(stderr, "%slayers %.1f of %u  left after%s", style.dim(),
               meanLayers(e), e.all_layers, exitsText(e).c_str());
  if (e.held)
    std::fprintf(stderr, "  agreed %llu of %llu",
                 static_cast<unsigned long long>(e.agreed),
                 static_cast<unsigned long long>(e.held));
  std::fprintf(stderr, "%s\n", style.plain());
}

static double skippedShare(const Ffns &ffns) {
  return static_cast<double>(ffns.skipped) / static_cast<double>(ffns.blocks);
}

static void printFfns(const Ffns &ffns, const Style &style) {
  std::fprintf(stderr, "%sfeed-forward blocks left out %llu of %llu (%.3f)%s\n",
               style.dim(), static_cast<unsigned long long>(ffns.skipped),
               static_cast<unsigned long long>(ffns.blocks), skippedShare(ffns),
               style.plain());
}

static void reportJson(const Job &job, const Completion &completion) {
  const Statistics &s = completion.statistics;
  const Sampling sampling = samplingOf(job.arguments, job.plan);
  nlohmann::ordered_json object = {
      {"text", completion.text},
      {"tokens", completion.ids},
      {"stop", completion.interrupted ? "interrupted" : nameOf(s.stop)},
      {"prompt_tokens", s.prompt_tokens},
      {"reused_tokens", s.reused_tokens},
      {"generated_tokens", completion.ids.size()},
      {"seed", sampling.seed},
      {"prefill_ms", static_cast<double>(s.prefill_ns) / 1e6},
      {"decode_ms", static_cast<double>(s.decode_ns) / 1e6},
      {"prefill_tok_per_s", prefillRate(s)},
      {"decode_tok_per_s", decodeRate(s)},
      {"load_ms", job.loadMs},
      {"peak_mib", peakMemoryMiB()},
  };
  object.update(qualityJson(job.plan, completion.depth));
  if (completion.speculation.rounds)
    object["speculation"] = toJson(job.plan, completion.speculation);
  if (completion.exits.rows)
    object["early_exit"] = toJson(completion.exits);
  if (tookTurns(completion.switching))
    object["model_switch"] = toJson(completion.switching);
  if (const Depth &depth = completion.depth; depth.nearest > 0)
    object["retrieved"] = {{"percent", depth.percent},
                           {"nearest", depth.nearest}};
  if (const Ffns &ffns = completion.ffns; ffns.rows)
    object["ffns"] = {{"rows", ffns.rows},
                      {"blocks", ffns.blocks},
                      {"skipped", ffns.skipped},
                      {"share", skippedShare(ffns)}};
  // A generation may end within a character: that becomes U+FFFD.
  writeOut(
      object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
          "\n",
      /*flush=*/true);
}

void sinter::tools::report(const Job &job, const Completion &completion) {
  if (job.arguments.json)
    reportJson(job, completion);
  else if (isTerminal(stdout))
    writeOut("\n", /*flush=*/true); // or the shell's prompt follows the text
  if (completion.statistics.stop == SINTER_STOP_CONTEXT && !job.arguments.json)
    std::fprintf(stderr, "llm-run: the context is full; a larger --context "
                         "makes room for more\n");
  if (!job.arguments.stats)
    return;
  const Statistics &s = completion.statistics;
  Style style(stderr);
  // Both streams may end up in one place: the figures get a line of their own.
  const bool lineIsOpen = !job.arguments.json && !isTerminal(stdout) &&
                          !completion.text.ends_with('\n');
  std::fprintf(stderr,
               "%s%sprefill %.1f tok/s  decode %.1f tok/s  load %.1f ms  peak "
               "%.0f MiB%s\n",
               lineIsOpen ? "\n" : "", style.dim(), prefillRate(s),
               decodeRate(s), job.loadMs, peakMemoryMiB(), style.plain());
  if (completion.speculation.rounds)
    printSpeculation(job.plan, completion.speculation, style);
  if (tookTurns(completion.switching))
    std::fprintf(stderr, "%s%s%s\n", style.dim(),
                 switchingText(completion.switching).c_str(), style.plain());
  if (completion.exits.rows)
    printExits(completion.exits, style);
  if (const Depth &depth = completion.depth; depth.nearest > 0)
    std::fprintf(stderr, "%sdepth %u %%, the nearest text is at %.3f%s\n",
                 style.dim(), depth.percent, double(depth.nearest),
                 style.plain());
  if (completion.ffns.rows)
    printFfns(completion.ffns, style);
  if (const std::string quality = qualityText(job.plan, completion.depth);
      !quality.empty())
    std::fprintf(stderr, "%sfidelity %s%s\n", style.dim(), quality.c_str(),
                 style.plain());
}
