// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forwards over a few rows of one session, all of whose logits are wanted.
#include "tools/common/Failure.h"
#include "tools/llm-bench/Bench.h"
#include "tools/llm-bench/Rewind.h"

#include <chrono>

using namespace sinter;
using namespace sinter::tools;

/// Forwards of each kind that make a repetition: some tens of milliseconds of a
/// small model.
static constexpr uint32_t kRounds = 16;

namespace {

/// One session at a depth, to which forwards always return.
class Forwards {
public:
  Forwards(Session &session, const Plan &plan, uint32_t depth, uint32_t most)
      : session(session), depth(depth),
        ids(someIds(size_t(depth) + most, plan.vocabulary())) {
    if (most > plan.number(SINTER_MAX_ROWS))
      throw Failure("a forward of " + std::to_string(most) +
                    " rows, the plan allows " +
                    std::to_string(plan.number(SINTER_MAX_ROWS)));
    session.truncate(0).orThrow();
    score(0, depth);
  }

  double secondsOf(uint32_t rows) {
    rewind(session, depth);
    auto start = std::chrono::steady_clock::now();
    score(depth, rows);
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    return time.count();
  }

private:
  void score(uint32_t first, uint32_t count) {
    session
        .score(std::span(ids).subspan(first, count),
               [](uint32_t, uint32_t, std::span<const float>) {})
        .orThrow();
  }

  Session &session;
  uint32_t depth;
  std::vector<int32_t> ids;
};

} // namespace

std::vector<BenchResult> sinter::tools::measureForwards(
    Session &session, const Plan &plan, const Probe &probe,
    const std::vector<BenchTest> &tests, uint32_t repetitions) {
  const auto threads = static_cast<uint32_t>(plan.number(SINTER_THREADS));
  Forwards forwards(session, plan, tests.front().depth, tests.back().tokens);
  std::vector<BenchResult> results;
  for (const BenchTest &test : tests) {
    Profile profile(plan);
    profile.start(session);
    forwards.secondsOf(test.tokens);
    profile.stop(session);
    results.push_back({.test = test,
                       .threads = threads,
                       .counts = countsOf(profile, plan, 1)});
  }
  for (uint32_t i = 0; i < repetitions; ++i) {
    const Roofs roofs = probe.sample();
    std::vector<double> seconds(tests.size());
    for (uint32_t round = 0; round < kRounds; ++round)
      for (size_t k = 0; k < tests.size(); ++k)
        seconds[k] += forwards.secondsOf(tests[k].tokens) / kRounds;
    for (size_t k = 0; k < tests.size(); ++k) {
      results[k].probes.push_back(roofs);
      results[k].rates.push_back(tests[k].tokens / seconds[k]);
      results[k].overOneRow.push_back(seconds[k] / seconds.front());
    }
  }
  return results;
}
