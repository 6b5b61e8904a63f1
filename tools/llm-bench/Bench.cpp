// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-bench/Bench.h"
#include "tools/common/Failure.h"
#include "tools/llm-bench/Rewind.h"

#include <chrono>

using namespace sinter;
using namespace sinter::tools;

static const char *prefixOf(BenchKind kind) {
  switch (kind) {
  case BenchKind::Prompt:
    return "pp";
  case BenchKind::Generation:
    return "tg";
  case BenchKind::Forward:
    return "fw";
  }
  return "?";
}

std::string BenchTest::name() const {
  std::string text = prefixOf(kind) + std::to_string(tokens);
  if (sessions > 1)
    text += " x " + std::to_string(sessions);
  return depth ? text + " @ d" + std::to_string(depth) : text;
}

std::vector<int32_t> sinter::tools::someIds(size_t count, uint32_t vocabulary) {
  // Lehmer's generator, spread over the vocabulary.
  std::vector<int32_t> ids(count);
  uint64_t state = 1;
  for (int32_t &id : ids) {
    state = state * 48271 % 2147483647;
    id = static_cast<int32_t>(state % vocabulary);
  }
  return ids;
}

static double secondsOf(Session &session, std::span<const int32_t> ids,
                        uint32_t tokens) {
  Generation generation; // greedy
  generation.maxTokens = tokens;
  generation.ignoreStopIds = true;
  auto start = std::chrono::steady_clock::now();
  Statistics statistics =
      session.generate(ids, generation, [](int32_t, std::string_view) {})
          .orThrow();
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  if (statistics.generated_tokens != tokens)
    throw Failure("generated " + std::to_string(statistics.generated_tokens) +
                  " tokens, not " + std::to_string(tokens));
  return time.count();
}

double BenchResult::nanoseconds(size_t repetition) const {
  return 1e9 * test.tokens * test.sessions / rates[repetition];
}

double BenchResult::milliseconds() const {
  const uint32_t rows =
      test.kind == BenchKind::Forward ? test.tokens : test.sessions;
  return 1e3 * rows / spreadOf(rates).median;
}

std::vector<double> BenchResult::streamFractions() const {
  std::vector<double> fractions;
  for (size_t i = 0; test.kind != BenchKind::Prompt && i < rates.size(); ++i)
    fractions.push_back(static_cast<double>(counts.memoryBytes()) /
                        nanoseconds(i) / probes[i].stream);
  return fractions;
}

std::vector<double> BenchResult::peakFractions() const {
  std::vector<double> fractions;
  for (size_t i = 0; counts.operations() && i < rates.size(); ++i)
    fractions.push_back(Prediction(counts, probes[i]).computeNs() /
                        nanoseconds(i));
  return fractions;
}

OpCounts sinter::tools::countsOf(const Profile &profile, const Plan &plan,
                                 uint64_t readsOfWeights) {
  OpCounts counts = profile.prompt({1, 1, 1}).sum().counts;
  if (counts.memoryBytes() == 0)
    counts.weightBytes = plan.number(SINTER_WEIGHT_BYTES) * readsOfWeights;
  return counts;
}

BenchResult sinter::tools::measure(Session &session, const Plan &plan,
                                   const Probe &probe, const BenchTest &test,
                                   uint32_t repetitions) {
  BenchResult result{test, static_cast<uint32_t>(plan.number(SINTER_THREADS))};
  // Generation starts from one token: its forward is the first of the count,
  // and the last token is chosen but not run.
  const bool isPrompt = test.kind == BenchKind::Prompt;
  const uint32_t prompt = isPrompt ? test.tokens : 1;
  const std::vector<int32_t> ids =
      someIds(test.depth + prompt, plan.vocabulary());
  session.truncate(0).orThrow();
  if (test.depth)
    secondsOf(session, std::span(ids).first(test.depth), 1);
  auto secondsOnce = [&] {
    return secondsOf(session, ids, isPrompt ? 1 : test.tokens);
  };
  rewind(session, test.depth);
  Profile profile(plan);
  profile.start(session);
  secondsOnce();
  profile.stop(session);
  result.counts = countsOf(profile, plan, isPrompt ? 0 : test.tokens);
  for (uint32_t i = 0; i < repetitions; ++i) {
    rewind(session, test.depth);
    result.probes.push_back(probe.sample());
    result.rates.push_back(test.tokens / secondsOnce());
  }
  return result;
}

namespace {

/// Sessions of equal length that decode together.
class Together {
public:
  Together(const Plan &plan, const BenchTest &test)
      : pool(plan.pool(optionsFor(test)).orThrow()),
        vocabulary(plan.vocabulary()),
        maxRows(static_cast<size_t>(plan.number(SINTER_MAX_ROWS))) {
    for (uint32_t i = 0; i < test.sessions; ++i)
      sessions.push_back(pool.session().orThrow());
    std::vector<int32_t> ids = someIds(test.depth, vocabulary);
    for (const Session &session : sessions)
      for (size_t done = 0; done < ids.size(); done += maxRows)
        append(session, std::span(ids).subspan(
                            done, std::min(maxRows, ids.size() - done)));
  }

  double secondsOf(uint32_t steps, uint32_t depth) {
    for (Session &session : sessions)
      rewind(session, depth);
    auto start = std::chrono::steady_clock::now();
    for (uint32_t i = 0; i < steps; ++i) {
      std::vector<Row> rows;
      for (const Session &session : sessions)
        rows.push_back(
            {session, static_cast<int32_t>((i + rows.size()) % vocabulary)});
      pool.step(rows, [](size_t, std::span<const float>) {}).orThrow();
    }
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    return time.count();
  }

  Pool pool;

private:
  static PoolOptions optionsFor(const BenchTest &test) {
    PoolOptions options;
    options.sessions = test.sessions;
    options.context = test.depth + test.tokens;
    return options;
  }
  void append(const Session &session, std::span<const int32_t> ids) {
    std::vector<Row> rows;
    for (int32_t id : ids)
      rows.push_back({session, id, /*wantsLogits=*/false});
    pool.step(rows, [](size_t, std::span<const float>) {}).orThrow();
  }

  uint32_t vocabulary;
  size_t maxRows;
  std::vector<Session> sessions; // of the pool
};

} // namespace

BenchResult sinter::tools::measureBatch(const Plan &plan, const Probe &probe,
                                        const BenchTest &test,
                                        uint32_t repetitions) {
  BenchResult result{test, static_cast<uint32_t>(plan.number(SINTER_THREADS))};
  Together together(plan, test);
  BenchTest alone = test;
  alone.sessions = 1;
  Together one(plan, alone);
  one.secondsOf(test.tokens, test.depth);
  Profile profile(plan);
  profile.start(together.pool);
  together.secondsOf(test.tokens, test.depth);
  profile.stop(together.pool);
  result.counts = countsOf(profile, plan, test.tokens);
  for (uint32_t i = 0; i < repetitions; ++i) {
    result.probes.push_back(probe.sample());
    double seconds = together.secondsOf(test.tokens, test.depth);
    result.rates.push_back(double(test.tokens) * test.sessions / seconds);
    result.overOneRow.push_back(seconds /
                                one.secondsOf(test.tokens, test.depth));
  }
  return result;
}
