// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Raw completion and logits of a prompt.
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/Machine.h"
#include "tools/common/Npy.h"
#include "tools/common/Terminal.h"
#include "tools/llm-run/Completion.h"
#include "tools/llm-run/Interrupt.h"

#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

static std::vector<int32_t> promptIds(const Job &job) {
  const Arguments &arguments = job.arguments;
  if (arguments.ids)
    return {arguments.ids->begin(), arguments.ids->end()};
  std::string text = arguments.prompt
                         ? *arguments.prompt
                         : readFile(arguments.promptFile.value_or("-"));
  if (text.empty())
    throw Failure("the prompt is empty; give at least one character");
  return tokenizePrompt(job.plan, text);
}

/// Measured and predicted, side by side: tables on standard error, and the same
/// as JSON.
static nlohmann::ordered_json report(const Job &job, const Profile &profile,
                                     const Statistics &statistics,
                                     const Probe &probe, const Roofs &roofs) {
  const uint64_t drawn =
      statistics.generated_tokens + (statistics.stop == SINTER_STOP_ID);
  const uint64_t steps = drawn ? drawn - 1 : 0;
  const Machine machine = Machine::of(job.plan, roofs);
  std::string text = "\n" + machine.line() + probe.summary();
  text +=
      "code object " + machine.codeObject + "; CPU has " + cpuFeatures() + "\n";
  PhaseTimes prompt = profile.prompt(roofs);
  prompt.wallNs = static_cast<double>(statistics.prefill_ns);
  text += "\n" +
          stageTable("prompt of " + std::to_string(statistics.prompt_tokens) +
                         " tokens and the first token",
                     prompt, 1, roofs);
  nlohmann::ordered_json json = {{"machine", machine.json()},
                                 {"prompt", toJson(prompt, 1)}};
  if (steps) {
    PhaseTimes token = profile.generation(roofs);
    token.wallNs = static_cast<double>(statistics.decode_ns);
    text += "\n" + stageTable("a token, mean of " + std::to_string(steps),
                              token, steps, roofs);
    text += "\n" + layerTable(token, steps);
    json["token"] = toJson(token, steps);
  }
  std::fputs(text.c_str(), stderr);
  return json;
}

/// `trace`: where the trace goes; "": nowhere.
static Completion profiled(const Job &job, Session &session,
                           std::span<const int32_t> ids,
                           const std::string &trace) {
  std::optional<AtomicFile> file; // opened before the work: it may fail
  if (!trace.empty())
    file.emplace(trace);
  const Probe probe(job.plan);
  Profile profile(job.plan);
  profile.start(session);
  // The machine may change its pace: the roofs are those of both ends.
  const Roofs before = probe.sample();
  Completion completion = complete(job, session, ids, &profile);
  const Roofs roofs = mean(before, probe.sample());
  profile.stop(session);
  report(job, completion);
  const nlohmann::ordered_json tables =
      report(job, profile, completion.statistics, probe, roofs);
  if (file) {
    const std::string text = profile.trace(tables);
    file->write(text.data(), text.size());
    file->commit();
  }
  return completion;
}

int sinter::tools::generate(const Job &job) {
  std::vector<int32_t> ids = promptIds(job);
  Session session = makeSession(job, ids.size());
  Completion completion;
  if (const auto &trace = job.arguments.profile) {
    completion = profiled(job, session, ids, *trace);
  } else {
    completion = complete(job, session, ids);
    report(job, completion);
  }
  return completion.interrupted ? exitInterrupted : exitSuccess;
}

int sinter::tools::writeLogits(const Job &job) {
  std::vector<int32_t> ids = promptIds(job);
  SessionOptions options;
  options.context =
      job.arguments.context.value_or(static_cast<uint32_t>(ids.size()));
  options.chunk = job.arguments.chunk.value_or(0);
  if (ids.size() > job.plan.maxContext())
    throw Failure("the prompt has " + std::to_string(ids.size()) +
                  " tokens, the plan allows " +
                  std::to_string(job.plan.maxContext()) + " positions");
  Session session = job.plan.session(options).orThrow();
  if (job.arguments.depth)
    session.setDepth(*job.arguments.depth).orThrow();
  Interruptible scope(session);
  NpyWriter file(job.arguments.path, ids.size(), job.plan.vocabulary());
  Progress progress("logits", ids.size());
  session
      .score(ids,
             [&](uint32_t first, uint32_t rows, std::span<const float> logits) {
               file.write(logits);
               progress.update(first + rows);
             })
      .orThrow();
  file.commit();
  return exitSuccess;
}
