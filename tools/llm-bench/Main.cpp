// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// llm-bench: tokens a second of a plan, in the manner of llama-bench.
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/PlanArguments.h"
#include "tools/common/Terminal.h"
#include "tools/llm-bench/Bench.h"
#include "tools/llm-bench/SpecReport.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

using namespace sinter;
using namespace sinter::tools;

namespace {
struct Arguments {
  PlanArguments plan;
  std::vector<uint32_t> threads{0}, prompts{512}, generations{128}, depths{0},
      sessions{1}, rows{0};
  uint32_t repetitions = 5;
  std::optional<std::string> workload;
  std::vector<double> temperatures{0, 0.8};
  bool specReport = false;
  bool json = false;

  bool parse(int argc, char **argv);
};
} // namespace

static std::vector<double> parseTemperatures(const std::string &option,
                                             std::string_view list) {
  std::vector<double> temperatures;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    // A float, but the decimal number as it was written.
    temperatures.push_back(
        std::round(1e6 * parseFloat(option, list.substr(at, end - at), 0, 10)) /
        1e6);
    at = end + 1;
  }
  return temperatures;
}

bool Arguments::parse(int argc, char **argv) {
  OptionParser parser("llm-bench", "PLAN [options]",
                      "Measures how fast a plan reads prompts (pp) and "
                      "generates tokens (tg). Numbers may be lists: -t 1,2.");
  auto list = [&](const char *names, std::vector<uint32_t> &place,
                  const char *help) {
    parser.custom(names, "N,...", help,
                  [&place](const std::string &option, std::string_view value) {
                    place = parseUnsignedList(
                        option, value, std::numeric_limits<int32_t>::max());
                  });
  };
  plan.declare(parser, /*withThreads=*/false);
  list("-t, --threads", threads, "workers (default: one a core)");
  parser.section("Measurement:");
  list("-p, --n-prompt", prompts,
       "tokens of the prompt (default: 512; 0: not measured)");
  list("-n, --n-gen", generations,
       "tokens to generate (default: 128; 0: not measured)");
  list("-d, --n-depth", depths,
       "positions that are in the state before (default: 0)");
  list("--batch", sessions,
       "sessions that generate together, a row each in one forward (default: "
       "1), compared with one; their tokens are counted together");
  list("--rows", rows,
       "rows of one session in a forward with all their logits, as a draft is "
       "verified; compared with one row (default: 0: not measured)");
  parser.number("-r, --repetitions", "R", repetitions,
                "measurements after one warm-up (default: 5)");
  parser.text("--workload", "FILE", workload,
              "instead: the prompts of FILE (JSON Lines of {name, messages} "
              "or {name, text}), with drafts and exits and without in turns, "
              "up to -n tokens each; -r measurements of each");
  parser.flag("--spec-report", specReport,
              "with --workload, at its first temperature: drafts of 1 to 8 ids "
              "each, what they gain by prediction and by measurement, and "
              "what the plan's policy gains");
  parser.custom("--temperatures", "T,...", "of --workload (default: 0,0.8)",
                [this](const std::string &option, std::string_view value) {
                  temperatures = parseTemperatures(option, value);
                });
  parser.flag("--json", json,
              "a JSON list of {test, threads, tok_per_s (mean), min, median, "
              "max, of_stream, stream_gb_s, ...} instead of a table; with "
              "--workload an object");
  if (!parser.parse(argc, argv))
    return false;
  if (repetitions == 0)
    throw UsageError("-r wants at least 1");
  if (std::ranges::find(sessions, 0u) != sessions.end())
    throw UsageError("--batch wants at least 1");
  if (workload && (threads.size() != 1 || generations.size() != 1))
    throw UsageError("--workload takes one -t and one -n");
  if (specReport && !workload)
    throw UsageError("--spec-report wants the prompts of a --workload");
  if (workload && generations.front() < 2)
    throw UsageError("--workload wants -n of at least 2");
  return true;
}

static std::vector<BenchTest> testsOf(const Arguments &arguments) {
  std::vector<BenchTest> tests;
  for (uint32_t depth : arguments.depths) {
    for (uint32_t tokens : arguments.prompts)
      if (tokens)
        tests.push_back({BenchKind::Prompt, tokens, depth});
    for (uint32_t tokens : arguments.generations)
      for (uint32_t sessions : arguments.sessions)
        if (tokens)
          tests.push_back({BenchKind::Generation, tokens, depth, sessions});
  }
  return tests;
}

// Those that are measured together, one row first; none if none is asked for.
static std::vector<BenchTest> forwardsOf(const Arguments &arguments,
                                         uint32_t depth) {
  std::set<uint32_t> counts(arguments.rows.begin(), arguments.rows.end());
  counts.erase(0);
  if (!counts.empty())
    counts.insert(1);
  std::vector<BenchTest> tests;
  for (uint32_t rows : counts)
    tests.push_back({BenchKind::Forward, rows, depth});
  return tests;
}

static size_t testCount(const Arguments &arguments) {
  size_t count = testsOf(arguments).size();
  for (uint32_t depth : arguments.depths)
    count += forwardsOf(arguments, depth).size();
  if (count == 0)
    throw UsageError("nothing to measure: -p, -n and --rows are all 0");
  return count * arguments.threads.size();
}

// One session that is long enough for every test.
static Session sessionFor(const Plan &plan, const Arguments &arguments) {
  const auto longest = [](const std::vector<uint32_t> &list) {
    return uint64_t(*std::ranges::max_element(list));
  };
  const uint64_t context =
      longest(arguments.depths) + 1 +
      std::max({longest(arguments.prompts), longest(arguments.generations),
                longest(arguments.rows)});
  if (context > plan.maxContext())
    throw Failure("the longest test needs " + std::to_string(context) +
                  " positions, the plan allows " +
                  std::to_string(plan.maxContext()));
  SessionOptions options;
  options.context = static_cast<uint32_t>(context);
  return plan.session(options).orThrow();
}

// All tests with one count of threads.
static void measureAll(const Plan &plan, const Probe &probe,
                       const Arguments &arguments, Progress &progress,
                       std::vector<BenchResult> &results) {
  Session session = sessionFor(plan, arguments);
  const uint32_t repetitions = arguments.repetitions;
  for (const BenchTest &test : testsOf(arguments)) {
    progress.update(results.size() + 1, test.name());
    results.push_back(test.sessions > 1
                          ? measureBatch(plan, probe, test, repetitions)
                          : measure(session, plan, probe, test, repetitions));
  }
  for (uint32_t depth : arguments.depths) {
    const std::vector<BenchTest> tests = forwardsOf(arguments, depth);
    if (tests.empty())
      continue;
    progress.update(results.size() + 1, tests.back().name());
    for (BenchResult &result :
         measureForwards(session, plan, probe, tests, repetitions))
      results.push_back(std::move(result));
  }
}

/// Another text is what a plan gives that is not exact.
static void refuseDiffering(const Plan &plan, uint64_t texts) {
  if (texts && plan.property("fidelity").value_or("exact") == "exact")
    throw Failure("drafts changed " + std::to_string(texts) + " texts");
}

static int runWorkload(const std::string &path, const Arguments &arguments) {
  const Plan plan = arguments.plan.open(arguments.threads.front());
  const WorkloadOptions options{path, arguments.generations.front(),
                                arguments.repetitions, arguments.temperatures};
  Progress progress("prompt", readWorkload(options.path).size());
  uint64_t done = 0;
  auto note = [&](const std::string &name) { progress.update(++done, name); };
  if (arguments.specReport) {
    const SpecReport report = specReport(plan, options, note);
    writeOut(arguments.json ? toJson(plan, report) : toText(report),
             /*flush=*/true);
    refuseDiffering(plan, report.differing());
    return exitSuccess;
  }
  const WorkloadResult result = measureWorkload(plan, options, note);
  writeOut(arguments.json ? toJson(plan, result) : toText(result),
           /*flush=*/true);
  refuseDiffering(plan, result.differing());
  return exitSuccess;
}

static int run(int argc, char **argv) {
  Arguments arguments;
  if (!arguments.parse(argc, argv))
    return exitSuccess;
  if (arguments.workload)
    return runWorkload(*arguments.workload, arguments);
  std::vector<BenchResult> results;
  std::unique_ptr<Plan> plan;
  std::unique_ptr<Probe> probe;
  Progress progress("test", testCount(arguments));
  for (uint32_t threads : arguments.threads) {
    plan.reset(); // idle workers of another plan would disturb
    plan = std::make_unique<Plan>(arguments.plan.open(threads));
    probe = std::make_unique<Probe>(*plan);
    measureAll(*plan, *probe, arguments, progress, results);
  }
  writeOut(arguments.json ? toJson(*plan, results)
                          : toText(*plan, *probe, results),
           /*flush=*/true);
  return exitSuccess;
}

int main(int argc, char **argv) {
  return runTool("llm-bench", run, argc, argv);
}
