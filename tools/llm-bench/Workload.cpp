// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-bench/Workload.h"
#include "tools/common/Failure.h"
#include "tools/common/SpeculationFigures.h"
#include "tools/common/Spread.h"

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
    if (!prompt.left)
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

uint64_t SamplingResult::tokens() const {
  uint64_t tokens = 0;
  for (const PromptResult *prompt : counted())
    tokens += prompt->tokens;
  return tokens;
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

namespace {

/// An answer and how long it took.
struct Answer {
  std::vector<int32_t> ids;
  double nanoseconds;
  Speculation figures;
};

/// One prompt, computed once.
class Measurement {
public:
  Measurement(const Plan &plan, std::vector<int32_t> prompt, uint32_t newTokens)
      : ids(std::move(prompt)), base(open(plan, newTokens)) {
    // Every answer begins in a copy of this, with the last id of the prompt.
    generation.maxTokens = 1;
    (void)base.generate(ids, generation, [](int32_t, std::string_view) {})
        .orThrow();
    generation.maxTokens = newTokens;
  }

  Answer run(double temperature, bool drafts) {
    Session session = base.fork().orThrow();
    generation.sampling.temperature = static_cast<float>(temperature);
    generation.sampling.seed = 1;
    generation.noSpeculation = !drafts;
    Answer answer;
    const Statistics statistics =
        session
            .generate(ids, generation,
                      [&](int32_t id, std::string_view) {
                        if (id >= 0) // below: text that was held back
                          answer.ids.push_back(id);
                      })
            .orThrow();
    answer.nanoseconds = static_cast<double>(statistics.decode_ns);
    answer.figures = session.speculation().orThrow();
    return answer;
  }

private:
  Session open(const Plan &plan, uint32_t newTokens) const {
    const size_t context = ids.size() + newTokens;
    if (context > plan.maxContext())
      throw Failure("a prompt and its answer need " + std::to_string(context) +
                    " positions, the plan allows " +
                    std::to_string(plan.maxContext()));
    SessionOptions options;
    options.context = static_cast<uint32_t>(context);
    return plan.session(options).orThrow();
  }

  std::vector<int32_t> ids;
  Session base;
  Generation generation;
};

} // namespace

/// With drafts and without, who is first in turns.
static PromptResult measure(Measurement &prompt, const std::string &name,
                            double temperature, uint32_t repetitions) {
  PromptResult result{name};
  const Answer plain = prompt.run(temperature, false); // warms up, too
  result.tokens = plain.ids.size();
  for (uint32_t i = 0; i < repetitions; ++i) {
    for (bool drafts : {i % 2 == 0, i % 2 != 0}) {
      const Answer answer = prompt.run(temperature, drafts);
      (drafts ? result.draftedNs : result.plainNs)
          .push_back(answer.nanoseconds);
      if (drafts)
        result.figures = answer.figures;
      result.differs |= answer.ids != plain.ids;
    }
  }
  if (result.tokens > 1 && result.figures.rounds == 0)
    throw Failure("the plan drafts nothing; compile the model with "
                  "--speculate=");
  return result;
}

WorkloadResult sinter::tools::measureWorkload(
    const Plan &plan, const WorkloadOptions &options,
    const std::function<void(const std::string &)> &progress) {
  WorkloadResult result{options.path,
                        static_cast<uint32_t>(plan.number(SINTER_THREADS)),
                        options.newTokens, options.repetitions};
  for (double temperature : options.temperatures)
    result.samplings.push_back({temperature, {}});
  for (const Conversation &conversation : readWorkload(options.path)) {
    progress(conversation.name);
    Measurement prompt(plan, idsOf(plan, conversation, options.newTokens),
                       options.newTokens);
    const std::vector<int32_t> greedy = prompt.run(0, false).ids;
    for (SamplingResult &sampling : result.samplings) {
      // An answer of a single token takes no decoding.
      if (greedy.size() < 2 || loops(greedy))
        sampling.prompts.push_back({conversation.name, /*left=*/true});
      else
        sampling.prompts.push_back(measure(prompt, conversation.name,
                                           sampling.temperature,
                                           options.repetitions));
    }
  }
  if (result.samplings.front().counted().empty())
    throw Failure(options.path + ": every plain answer falls into a loop");
  return result;
}
