// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-bench/SpecReport.h"
#include "tools/common/Failure.h"
#include "tools/common/SpeculationFigures.h"
#include "tools/common/Spread.h"
#include "tools/llm-bench/Measurement.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;
using Json = nlohmann::ordered_json;

static constexpr uint32_t longest = 8;

double LengthResult::idCost() const {
  const Speculation figures = result.figures();
  return figures.drafted
             ? static_cast<double>(figures.draft_ns) /
                   static_cast<double>(figures.drafted) / forwardNs.front()
             : 0;
}

double LengthResult::predicted() const {
  const Speculation figures = result.figures();
  double tokens = static_cast<double>(figures.rounds + figures.accepted);
  double time = static_cast<double>(figures.draft_ns);
  for (size_t i = 0; i < forwardNs.size(); ++i)
    time += static_cast<double>(figures.rounds_of[i]) * forwardNs[i];
  return tokens * forwardNs.front() / time;
}

static double measured(const SamplingResult &result) {
  return spreadOf(result.ratios()).median;
}

double LengthResult::measured() const { return ::measured(result); }

const LengthResult &SpecReport::best() const {
  return *std::max_element(lengths.begin(), lengths.end(),
                           [](const auto &one, const auto &other) {
                             return one.measured() < other.measured();
                           });
}

uint64_t SpecReport::differing() const {
  uint64_t count = policy.differing();
  for (const LengthResult &length : lengths)
    count += length.result.differing();
  return count;
}

/// Adds up those of more than one row; after every answer, as the machine may
/// change within seconds. The first forward behind another session's answer
/// takes longer.
static void timeForwards(Measurement &prompt, LengthResult &length) {
  length.forwardNs.resize(length.length + 1);
  (void)prompt.forwardNs(1);
  for (uint32_t rows = 2; rows <= length.length + 1; ++rows)
    length.forwardNs[rows - 1] += prompt.forwardNs(rows);
}

/// Of plain decoding; the first token of an answer comes from the prompt.
static double tokenNs(const SamplingResult &result) {
  return result.plainNs() /
         static_cast<double>(result.tokens() - result.counted().size());
}

SpecReport sinter::tools::specReport(
    const Plan &plan, const WorkloadOptions &options,
    const std::function<void(const std::string &)> &progress) {
  if (plan.drafters().empty())
    throw Failure("the plan drafts nothing, which --spec-report is about; "
                  "compile the model with --speculate=");
  SpecReport report{options.path,
                    static_cast<uint32_t>(plan.number(SINTER_THREADS)),
                    options.temperatures.front(),
                    {},
                    {options.temperatures.front(), {}}};
  for (uint32_t length = 1; length <= longest; ++length)
    report.lengths.push_back({length, {report.temperature, {}}, {}});
  const auto measureLengths = [&](const Conversation &conversation) {
    // Of drafts alone.
    Measurement prompt(plan, idsOf(plan, conversation, options.newTokens),
                       options.newTokens, /*depth=*/100, longest + 1);
    const std::vector<int32_t> greedy = prompt.run(0, false).ids;
    if (greedy.size() < 2 || loops(greedy))
      return;
    prompt.enter(greedy);
    for (LengthResult &length : report.lengths)
      length.result.prompts.push_back(measurePrompt(
          prompt, conversation.name, report.temperature, length.length,
          options.repetitions, [&] { timeForwards(prompt, length); }));
    report.policy.prompts.push_back(
        measurePrompt(prompt, conversation.name, report.temperature,
                      /*draftTokens=*/0, options.repetitions));
  };
  forEachPrompt(options.path, progress, measureLengths);
  const size_t prompts = report.lengths.front().result.prompts.size();
  // Of a lossy rule an answer may be a single token at any length.
  if (report.policy.counted().empty() ||
      !std::ranges::all_of(report.lengths, [](const LengthResult &length) {
        return !length.result.counted().empty();
      }))
    throw Failure(options.path + ": " + kNoneCounts);
  for (LengthResult &length : report.lengths) {
    for (double &time : length.forwardNs)
      time /= static_cast<double>(2 * options.repetitions * prompts);
    length.forwardNs.front() = tokenNs(length.result);
  }
  return report;
}

std::string sinter::tools::toJson(const Plan &plan, const SpecReport &report) {
  Json lengths = Json::array();
  for (const LengthResult &length : report.lengths) {
    const Speculation figures = length.result.figures();
    lengths.push_back({{"draft_tokens", length.length},
                       {"acceptance_rate", acceptanceRate(figures)},
                       {"block_efficiency", blockEfficiency(figures)},
                       {"drafter_cost", length.idCost()},
                       {"forward_ns", length.forwardNs},
                       {"predicted", length.predicted()},
                       {"measured", length.measured()},
                       {"differing_texts", length.result.differing()}});
  }
  const Json object = {{"workload", report.name},
                       {"model", plan.property("name").value_or("")},
                       {"threads", report.threads},
                       {"temperature", report.temperature},
                       {"lengths", lengths},
                       {"best", report.best().length},
                       {"policy", measured(report.policy)}};
  return object.dump(1) + "\n";
}

std::string sinter::tools::toText(const SpecReport &report) {
  char line[256]; // for numbers; the name may be of any length
  std::snprintf(line, sizeof(line), ", temperature %.1f, %u threads\n",
                report.temperature, report.threads);
  std::string text = report.name + line;
  text += "| ids a draft | accepted | tokens a forward | cost of an id | "
          "forward of so many rows and one | predicted | measured | off |\n"
          "|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const LengthResult &length : report.lengths) {
    const Speculation figures = length.result.figures();
    const double predicted = length.predicted();
    std::snprintf(line, sizeof(line),
                  "| %u | %.2f | %.2f | %.4f | %.2f | %.2f | %.2f | %+.1f %% "
                  "|\n",
                  length.length, acceptanceRate(figures),
                  blockEfficiency(figures), length.idCost(),
                  length.forwardNs.back() / length.forwardNs.front(), predicted,
                  length.measured(), 100 * (predicted / length.measured() - 1));
    text += line;
  }
  const double best = report.best().measured();
  std::snprintf(line, sizeof(line),
                "best: %u ids a draft, %.2f; the policy of the plan: %.2f, "
                "%.2f of it\n",
                report.best().length, best, measured(report.policy),
                measured(report.policy) / best);
  return text + line;
}
