// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Failure.h"
#include "tools/common/SpeculationFigures.h"
#include "tools/common/Spread.h"
#include "tools/common/SwitchFigures.h"
#include "tools/llm-bench/Measurement.h"

#include <new>

using namespace sinter;
using namespace sinter::tools;

std::vector<double> PromptResult::ratios() const {
  std::vector<double> ratios;
  for (size_t i = 0; i < plainNs.size(); ++i)
    ratios.push_back(plainNs[i] / draftedNs[i]);
  return ratios;
}

std::vector<const PromptResult *> SamplingResult::counted() const {
  std::vector<const PromptResult *> list;
  for (const PromptResult &prompt : prompts)
    if (prompt.left.empty())
      list.push_back(&prompt);
  return list;
}

/// Sums over the prompts, one a repetition.
static std::vector<double> sums(const SamplingResult &result,
                                std::vector<double> PromptResult::*times) {
  std::vector<double> sums;
  for (const PromptResult *prompt : result.counted()) {
    sums.resize((prompt->*times).size());
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] += (prompt->*times)[i];
  }
  return sums;
}

std::vector<double> SamplingResult::ratios() const {
  std::vector<double> ratios = sums(*this, &PromptResult::plainNs);
  const std::vector<double> drafted = sums(*this, &PromptResult::draftedNs);
  for (size_t i = 0; i < ratios.size(); ++i)
    ratios[i] /= drafted[i];
  return ratios;
}

double SamplingResult::plainNs() const {
  return spreadOf(sums(*this, &PromptResult::plainNs)).median;
}

double SamplingResult::draftedNs() const {
  return spreadOf(sums(*this, &PromptResult::draftedNs)).median;
}

Speculation SamplingResult::figures() const {
  Speculation sum = {};
  for (const PromptResult *prompt : counted())
    add(sum, prompt->figures);
  return sum;
}

Switching SamplingResult::switching() const {
  Switching sum = {};
  for (const PromptResult *prompt : counted())
    add(sum, prompt->switching);
  return sum;
}

Likeness SamplingResult::likeness() const {
  Likeness sum;
  if (temperature > 0 || differing() == 0)
    return sum;
  for (const PromptResult *prompt : counted()) {
    sum.tokens += prompt->likeness.tokens;
    sum.same += prompt->likeness.same;
    sum.lost += prompt->likeness.lost;
  }
  return sum;
}

uint64_t SamplingResult::tokens() const {
  uint64_t tokens = 0;
  for (const PromptResult *prompt : counted())
    tokens += prompt->tokens;
  return tokens;
}

double SamplingResult::saved(double PromptResult::*share) const {
  double sum = 0;
  for (const PromptResult *prompt : counted())
    sum += prompt->*share * static_cast<double>(prompt->tokens);
  return sum > 0 ? sum / static_cast<double>(tokens()) : 0;
}

uint64_t SamplingResult::differing() const {
  uint64_t count = 0;
  for (const PromptResult &prompt : prompts)
    count += prompt.differs;
  return count;
}

uint64_t WorkloadResult::differing() const {
  uint64_t count = 0;
  for (const SamplingResult &sampling : samplings)
    count += sampling.differing();
  return count;
}

/// No time passes between its first token and its last.
static const char *const kOneToken = "one token";

/// With drafts and without, who is first in turns.
PromptResult
sinter::tools::measurePrompt(Measurement &prompt, const std::string &name,
                             double temperature, uint32_t draftTokens,
                             uint32_t repetitions,
                             const std::function<void()> &between) {
  PromptResult result{name};
  const Answer plain = prompt.runTimed(temperature, false); // warms up, too
  result.tokens = plain.ids.size();
  if (plain.ids.size() < 2) {
    result.left = kOneToken;
    return result;
  }
  std::vector<int32_t> said; // up to its end
  for (uint32_t i = 0; i < repetitions; ++i) {
    for (bool drafts : {i % 2 == 0, i % 2 != 0}) {
      const Answer answer = prompt.runTimed(temperature, drafts, draftTokens);
      between();
      result.differs |= answer.ids != plain.ids;
      if (answer.ids.size() < 2) {
        result.left = kOneToken;
        return result;
      }
      // Drafts of a lossy plan may make answers longer or shorter.
      const double asLong = static_cast<double>(plain.ids.size() - 1) /
                            static_cast<double>(answer.ids.size() - 1);
      (drafts ? result.draftedNs : result.plainNs)
          .push_back(answer.nanoseconds * asLong);
      if (drafts) {
        result.figures = answer.figures;
        result.exits = answer.exits;
        result.switching = answer.switching;
        result.layersSaved = answer.layersSaved;
        result.ffnsSaved = answer.ffnsSaved;
        said = answer.ids;
      }
    }
  }
  if (temperature > 0)
    return result;
  if (prompt.goesOn())
    said = prompt.run(temperature, true).ids;
  // What the plain answer says too is what the model says.
  result.likeness = result.differs ? prompt.likeness(said)
                                   : Likeness{said.size(), said.size()};
  return result;
}

/// Whether an answer may take less than all layers and blocks of the model, one
/// token a forward. Depths that nobody asks for and blocks are losses of the
/// plan; exits may be exact.
static bool savesWork(const Plan &plan) {
  SessionOptions options;
  options.context = 1;
  return !plan.drafters().empty() ||
         plan.session(options).orThrow().exits().orThrow().exits ||
         plan.property("lossy").value_or("").find("early_exit ") !=
             std::string_view::npos ||
         takesTurns(plan);
}

/// Why no ratio of a greedy answer can be told; empty: it can.
static std::string leftFor(const std::vector<int32_t> &greedy) {
  return greedy.size() < 2 ? kOneToken : loops(greedy) ? "loops" : "";
}

void sinter::tools::forEachPrompt(
    const std::string &path,
    const std::function<void(const std::string &)> &progress,
    const std::function<void(const Conversation &)> &measure) {
  for (const Conversation &conversation : readWorkload(path)) {
    progress(conversation.name);
    try {
      measure(conversation);
    } catch (const std::bad_alloc &) {
      throw; // no matter of the prompt
    } catch (const std::exception &error) {
      throw Failure(path + ": prompt " + conversation.name + ": " +
                    error.what());
    }
  }
}

WorkloadResult sinter::tools::measureWorkload(
    const Plan &plan, const WorkloadOptions &options,
    const std::function<void(const std::string &)> &progress) {
  if (!savesWork(plan))
    throw Failure("the plan drafts nothing and leaves nothing out by itself; "
                  "compile the model with --speculate= or --early-exit=");
  WorkloadResult result{options.path,
                        static_cast<uint32_t>(plan.number(SINTER_THREADS)),
                        options.newTokens, options.repetitions};
  for (double temperature : options.temperatures)
    result.samplings.push_back({temperature, {}});
  const auto measure = [&](const Conversation &conversation) {
    Measurement prompt(plan, idsOf(plan, conversation, options.newTokens),
                       options.newTokens);
    std::string left = leftFor(prompt.run(0, false).ids);
    for (SamplingResult &sampling : result.samplings) {
      if (left.empty())
        sampling.prompts.push_back(
            measurePrompt(prompt, conversation.name, sampling.temperature,
                          /*draftTokens=*/0, options.repetitions));
      else
        sampling.prompts.push_back({conversation.name});
      left = left.empty() ? sampling.prompts.back().left : left;
    }
    for (SamplingResult &sampling : result.samplings)
      sampling.prompts.back().left = left;
  };
  forEachPrompt(options.path, progress, measure);
  if (result.samplings.front().counted().empty())
    throw Failure(options.path + ": " + kNoneCounts);
  return result;
}
