// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/ExitFigures.h"
#include "tools/common/Quality.h"
#include "tools/common/SpeculationFigures.h"
#include "tools/common/Spread.h"
#include "tools/common/SwitchFigures.h"
#include "tools/llm-bench/Workload.h"

#include <cstdio>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;
using Json = nlohmann::ordered_json;

static Json spreadJson(const std::vector<double> &values) {
  const Spread spread = spreadOf(values);
  return {{"median", spread.median},
          {"min", spread.min},
          {"max", spread.max},
          {"deviation", spread.deviation},
          {"values", values}};
}

static double perSecond(uint64_t tokens, size_t prompts, double nanoseconds) {
  // The first token of each answer comes from the prompt.
  return nanoseconds > 0
             ? static_cast<double>(tokens - prompts) * 1e9 / nanoseconds
             : 0;
}

static Json promptJson(const Plan &plan, const PromptResult &prompt) {
  if (!prompt.left.empty())
    return {{"name", prompt.name}, {"left_out", prompt.left}};
  Json object = {{"name", prompt.name},
                 {"tokens", prompt.tokens},
                 {"ratio", spreadJson(prompt.ratios())},
                 {"differs", prompt.differs},
                 {"layers_saved", prompt.layersSaved},
                 {"ffns_saved", prompt.ffnsSaved},
                 {"speculation", toJson(plan, prompt.figures)}};
  if (prompt.exits.rows)
    object["early_exit"] = toJson(prompt.exits);
  if (tookTurns(prompt.switching))
    object["model_switch"] = toJson(prompt.switching);
  return object;
}

static double agreement(const Likeness &likeness) {
  return static_cast<double>(likeness.same) /
         static_cast<double>(likeness.tokens);
}
static double excessKl(const Likeness &likeness) {
  return likeness.lost / static_cast<double>(likeness.tokens);
}

static Json samplingJson(const Plan &plan, const SamplingResult &sampling) {
  const auto counted = sampling.counted();
  Json prompts = Json::array();
  for (const PromptResult &prompt : sampling.prompts)
    prompts.push_back(promptJson(plan, prompt));
  Json object = {
      {"temperature", sampling.temperature},
      {"ratio", spreadJson(sampling.ratios())},
      {"prompts_counted", counted.size()},
      {"prompts_left_out", sampling.prompts.size() - counted.size()},
      {"differing_texts", sampling.differing()},
      {"tokens", sampling.tokens()},
      {"plain_tok_per_s",
       perSecond(sampling.tokens(), counted.size(), sampling.plainNs())},
      {"tok_per_s",
       perSecond(sampling.tokens(), counted.size(), sampling.draftedNs())},
      {"layers_saved", sampling.saved(&PromptResult::layersSaved)},
      {"ffns_saved", sampling.saved(&PromptResult::ffnsSaved)},
      {"speculation", toJson(plan, sampling.figures())},
      {"prompts", prompts}};
  if (const Switching turns = sampling.switching(); tookTurns(turns))
    object["model_switch"] = toJson(turns);
  if (const Likeness likeness = sampling.likeness(); likeness.tokens)
    object.update({{"agreement", agreement(likeness)},
                   {"excess_kl", excessKl(likeness)}});
  return object;
}

std::string sinter::tools::toJson(const Plan &plan,
                                  const WorkloadResult &result) {
  Json samplings = Json::array();
  for (const SamplingResult &sampling : result.samplings)
    samplings.push_back(samplingJson(plan, sampling));
  Json object = {{"workload", result.name},
                 {"model", plan.property("name").value_or("")},
                 {"cpu", plan.property("cpu").value_or("")},
                 {"threads", result.threads},
                 {"new_tokens", result.newTokens},
                 {"repetitions", result.repetitions},
                 {"samplings", samplings}};
  object.update(qualityJson(plan));
  return object.dump(1) + "\n";
}

std::string sinter::tools::toText(const WorkloadResult &result) {
  const SamplingResult &first = result.samplings.front();
  char line[512]; // for numbers; the name may be of any length
  std::snprintf(line, sizeof(line),
                ": %zu prompts, %zu left out (plain greedy answers that "
                "loop, answers of one token), up to %u tokens, %u repetitions, "
                "%u threads\n",
                first.prompts.size(),
                first.prompts.size() - first.counted().size(), result.newTokens,
                result.repetitions, result.threads);
  std::string text = result.name + line;
  text += "| temperature | ratio | min..max | tokens | plain t/s | t/s | "
          "accepted | tokens a forward | draft ms | verify ms |\n"
          "|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|\n";
  std::string positions;
  for (const SamplingResult &sampling : result.samplings) {
    const Spread ratio = spreadOf(sampling.ratios());
    const Speculation figures = sampling.figures();
    const size_t prompts = sampling.counted().size();
    std::snprintf(line, sizeof(line),
                  "| %.1f | %.2f | %.2f..%.2f | %llu | %.1f | %.1f | %.2f | "
                  "%.2f | %.1f | %.1f |\n",
                  sampling.temperature, ratio.median, ratio.min, ratio.max,
                  static_cast<unsigned long long>(sampling.tokens()),
                  perSecond(sampling.tokens(), prompts, sampling.plainNs()),
                  perSecond(sampling.tokens(), prompts, sampling.draftedNs()),
                  acceptanceRate(figures), blockEfficiency(figures),
                  static_cast<double>(figures.draft_ns) / 1e6,
                  static_cast<double>(figures.verify_ns) / 1e6);
    text += line;
    if (const Likeness likeness = sampling.likeness(); likeness.tokens) {
      std::snprintf(line, sizeof(line),
                    "lossy: agreement %.3f with what the model says after the "
                    "tokens before, excess kl %.3f a token\n",
                    agreement(likeness), excessKl(likeness));
      positions += line;
    }
    if (const Switching turns = sampling.switching(); tookTurns(turns))
      positions += switchingText(turns) + "\n";
    const double layers = sampling.saved(&PromptResult::layersSaved),
                 ffns = sampling.saved(&PromptResult::ffnsSaved);
    if (layers > 0 || ffns > 0) {
      std::snprintf(line, sizeof(line),
                    "left out at %.1f: %.3f of the layers, %.3f of the "
                    "feed-forward blocks\n",
                    sampling.temperature, layers, ffns);
      positions += line;
    }
    std::snprintf(line, sizeof(line), "accepted by position at %.1f:%s\n",
                  sampling.temperature, positionsText(figures).c_str());
    positions += line;
  }
  std::snprintf(line, sizeof(line), "differing texts %llu\n",
                static_cast<unsigned long long>(result.differing()));
  return text + "\n" + positions + line;
}
