// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What llm-bench measures and how it prints it.
#ifndef SINTER_TOOLS_LLMBENCH_BENCH_H
#define SINTER_TOOLS_LLMBENCH_BENCH_H

#include "sinter-c/runtime.hpp"
#include "tools/common/Probe.h"
#include "tools/common/Profile.h"
#include "tools/common/Roofline.h"

#include <string>
#include <vector>

namespace sinter::tools {

enum class BenchKind { Prompt, Generation, Forward };

/// "pp512": a prompt of 512 tokens at once; "tg64": 64 tokens one by one;
/// "tg64 x 8": 64 steps, each a token of 8 sessions; "fw4": one forward over 4
/// rows of a session, with the logits of each.
struct BenchTest {
  BenchKind kind;
  uint32_t tokens; // in the prompt, generated, or rows of the forward
  uint32_t depth;  // positions that are in the state before
  uint32_t sessions = 1;
  std::string name() const;
};

struct BenchResult {
  BenchTest test;
  uint32_t threads;
  std::vector<double> rates = {}; // tokens a second, one a repetition
  /// What the machine could do right before each repetition.
  std::vector<Roofs> probes = {};
  /// Of a repetition: what the plan says of the dispatches that it runs. Of a
  /// plan that says nothing: its weights, read for each token of generation.
  OpCounts counts = {};
  /// Of forwards over several rows: their time over that of one row, one a
  /// repetition.
  std::vector<double> overOneRow = {};

  /// Of one forward, of those over several rows.
  double milliseconds() const;

  /// Bytes from memory in the time of a repetition, as a fraction of the
  /// stream, one a repetition; not of prompts.
  std::vector<double> streamFractions() const;
  /// The time of all operations at the peaks of the machine, over the time that
  /// a repetition took, one a repetition; none where the plan says nothing.
  std::vector<double> peakFractions() const;

private:
  double nanoseconds(size_t repetition) const;
};

/// One warm-up under the profile, then `repetitions` measurements, each after a
/// sample of the probe. The time is that of the whole call: forward, logits of
/// the last row and the choice of a token included.
BenchResult measure(Session &session, const Plan &plan, const Probe &probe,
                    const BenchTest &test, uint32_t repetitions);

/// The same for steps of several sessions, which take up less than generating:
/// every row's logits are handed out, and the next token is a given one. Rates
/// count the tokens of all sessions. Steps of one session take turns with them.
BenchResult measureBatch(const Plan &plan, const Probe &probe,
                         const BenchTest &test, uint32_t repetitions);

/// Forwards over so many rows of one session, with the logits of each row: what
/// verifying a draft costs. They take turns, one row first, forward by forward.
std::vector<BenchResult> measureForwards(Session &session, const Plan &plan,
                                         const Probe &probe,
                                         const std::vector<BenchTest> &tests,
                                         uint32_t repetitions);

/// Ids for a prompt, the same every time: which they are does not change the
/// time.
std::vector<int32_t> someIds(size_t count, uint32_t vocabulary);
/// What a warm-up under the profile ran. A plan that says nothing is taken to
/// have read its weights so often.
OpCounts countsOf(const Profile &profile, const Plan &plan,
                  uint64_t readsOfWeights);

/// A list of {"test", "threads", "tok_per_s", "min", "median", "max", ...}.
std::string toJson(const Plan &plan, const std::vector<BenchResult> &results);
/// Lines about the machine and what the probes found, then a table.
std::string toText(const Plan &plan, const Probe &probe,
                   const std::vector<BenchResult> &results);

} // namespace sinter::tools

#endif
