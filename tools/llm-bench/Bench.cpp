// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-bench/Bench.h"
#include "tools/common/Failure.h"
#include "tools/common/Spread.h"

#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

using namespace sinter;
using namespace sinter::tools;

std::string BenchTest::name() const {
  std::string text = (prompt ? "pp" : "tg") + std::to_string(tokens);
  if (sessions > 1)
    text += " x " + std::to_string(sessions);
  return depth ? text + " @ d" + std::to_string(depth) : text;
}

// The content of a prompt does not change the time; the same ids every time.
static std::vector<int32_t> randomIds(size_t count, uint32_t vocabulary) {
  std::minstd_rand generator(1);
  std::vector<int32_t> ids(count);
  for (int32_t &id : ids)
    id = static_cast<int32_t>(generator() % vocabulary);
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

std::vector<double> BenchResult::streamFractions(uint64_t weightBytes) const {
  std::vector<double> fractions;
  for (size_t i = 0; !test.prompt && i < rates.size(); ++i)
    fractions.push_back(1e-9 * static_cast<double>(weightBytes) * rates[i] /
                        test.sessions / probes[i].stream);
  return fractions;
}

BenchResult sinter::tools::measure(Session &session, const Plan &plan,
                                   const Probe &probe, const BenchTest &test,
                                   uint32_t repetitions) {
  BenchResult result{
      test, static_cast<uint32_t>(plan.number(SINTER_THREADS)), {}, {}};
  // Generation starts from one token: its forward is the first of the count,
  // and the last token is chosen but not run.
  const uint32_t prompt = test.prompt ? test.tokens : 1;
  const std::vector<int32_t> ids =
      randomIds(test.depth + prompt, plan.vocabulary());
  session.truncate(0).orThrow();
  if (test.depth)
    secondsOf(session, std::span(ids).first(test.depth), 1);
  for (uint32_t i = 0; i <= repetitions; ++i) {
    session.truncate(test.depth).orThrow();
    const ProbeSample sample = probe.sample();
    double seconds = secondsOf(session, ids, test.prompt ? 1 : test.tokens);
    if (i == 0) // the warm-up
      continue;
    result.rates.push_back(test.tokens / seconds);
    result.probes.push_back(sample);
  }
  return result;
}

namespace {

/// Sessions of equal length that decode together.
class Together {
public:
  Together(const Plan &plan, const BenchTest &test)
      : vocabulary(plan.vocabulary()),
        maxRows(static_cast<size_t>(plan.number(SINTER_MAX_ROWS))),
        pool(plan.pool(optionsFor(test)).orThrow()) {
    for (uint32_t i = 0; i < test.sessions; ++i)
      sessions.push_back(pool.session().orThrow());
    std::vector<int32_t> ids = randomIds(test.depth, vocabulary);
    for (const Session &session : sessions)
      for (size_t done = 0; done < ids.size(); done += maxRows)
        append(session, std::span(ids).subspan(
                            done, std::min(maxRows, ids.size() - done)));
  }

  double secondsOf(uint32_t steps, uint32_t depth) {
    for (Session &session : sessions)
      session.truncate(depth).orThrow();
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
  Pool pool;
  std::vector<Session> sessions;
};

} // namespace

BenchResult sinter::tools::measureBatch(const Plan &plan, const Probe &probe,
                                        const BenchTest &test,
                                        uint32_t repetitions) {
  BenchResult result{
      test, static_cast<uint32_t>(plan.number(SINTER_THREADS)), {}, {}};
  Together together(plan, test);
  for (uint32_t i = 0; i <= repetitions; ++i) {
    const ProbeSample sample = probe.sample();
    double seconds = together.secondsOf(test.tokens, test.depth);
    if (i == 0) // the warm-up
      continue;
    result.rates.push_back(double(test.tokens) * test.sessions / seconds);
    result.probes.push_back(sample);
  }
  return result;
}

/// One number of each sample.
static Spread probeSpread(const std::vector<ProbeSample> &probes,
                          double ProbeSample::*number) {
  std::vector<double> values;
  for (const ProbeSample &sample : probes)
    values.push_back(sample.*number);
  return spreadOf(std::move(values));
}

std::string sinter::tools::toJson(const Plan &plan,
                                  const std::vector<BenchResult> &results) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const uint64_t weightBytes = plan.number(SINTER_WEIGHT_BYTES);
  for (const BenchResult &result : results) {
    Spread spread = spreadOf(result.rates);
    list.push_back({{"test", result.test.name()},
                    {"threads", result.threads},
                    {"tok_per_s", spread.mean},
                    {"min", spread.min},
                    {"median", spread.median},
                    {"max", spread.max},
                    {"stddev", spread.deviation},
                    {"samples", result.rates},
                    {"model", plan.property("name").value_or("")},
                    {"cpu", plan.property("cpu").value_or("")}});
    auto &row = list.back();
    row["stream_gb_s"] =
        probeSpread(result.probes, &ProbeSample::stream).median;
    row["dot_gop_s"] = probeSpread(result.probes, &ProbeSample::dot).median;
    row["fma_gflop_s"] = probeSpread(result.probes, &ProbeSample::fma).median;
    if (result.test.prompt)
      continue;
    Spread fraction = spreadOf(result.streamFractions(weightBytes));
    row["bytes_per_token"] = weightBytes;
    row["of_stream"] = fraction.median;
    row["of_stream_min"] = fraction.min;
    row["of_stream_max"] = fraction.max;
  }
  return list.dump(2) + "\n";
}

std::string sinter::tools::toTable(const Plan &plan,
                                   const std::vector<BenchResult> &results) {
  std::string name(plan.property("name").value_or("model"));
  std::string cpu(plan.property("cpu").value_or("-"));
  const int nameWidth = static_cast<int>(std::max<size_t>(name.size(), 5));
  const int cpuWidth = static_cast<int>(std::max<size_t>(cpu.size(), 3));
  char line[512];
  std::snprintf(line, sizeof(line),
                "| %-*s | %10s | %-*s | %7s | %14s | %22s | %9s | %9s |\n",
                nameWidth, "model", "size", cpuWidth, "cpu", "threads", "test",
                "t/s", "median", "of stream");
  std::string out = line;
  std::string rule = out; // the same columns in dashes, as Markdown wants
  for (size_t i = 1; i + 2 < rule.size(); ++i)
    if (out[i] != '|' && out[i - 1] != '|' && out[i + 1] != '|')
      rule[i] = '-';
  out += rule;
  const double mib =
      static_cast<double>(plan.number(SINTER_FILE_BYTES)) / (1 << 20);
  for (const BenchResult &result : results) {
    Spread spread = spreadOf(result.rates);
    char fraction[16] = "";
    if (!result.test.prompt)
      std::snprintf(
          fraction, sizeof(fraction), "%.3f",
          spreadOf(result.streamFractions(plan.number(SINTER_WEIGHT_BYTES)))
              .median);
    std::snprintf(line, sizeof(line),
                  "| %-*s | %6.1f MiB | %-*s | %7u | %14s | %11.2f ± %8.2f | "
                  "%9.2f | %9s |\n",
                  nameWidth, name.c_str(), mib, cpuWidth, cpu.c_str(),
                  result.threads, result.test.name().c_str(), spread.mean,
                  spread.deviation, spread.median, fraction);
    out += line;
  }
  return out;
}

std::string sinter::tools::probeLines(const Plan &plan, const Probe &probe,
                                      const std::vector<BenchResult> &results) {
  std::map<uint32_t, std::vector<ProbeSample>> byThreads;
  for (const BenchResult &result : results)
    byThreads[result.threads].insert(byThreads[result.threads].end(),
                                     result.probes.begin(),
                                     result.probes.end());
  char line[512];
  std::string out;
  for (const auto &[threads, samples] : byThreads) {
    Spread stream = probeSpread(samples, &ProbeSample::stream);
    Spread dot = probeSpread(samples, &ProbeSample::dot);
    Spread fma = probeSpread(samples, &ProbeSample::fma);
    std::snprintf(line, sizeof(line),
                  "probe, %u thread%s: stream %.1f GB/s (%.1f to %.1f), dot "
                  "%.0f Gop/s (%.0f to %.0f), fma %.0f Gflop/s (%.0f to "
                  "%.0f)\n",
                  threads, threads == 1 ? "" : "s", stream.median, stream.min,
                  stream.max, dot.median, dot.min, dot.max, fma.median, fma.min,
                  fma.max);
    out += line;
  }
  std::snprintf(line, sizeof(line),
                "probe: reads %.1f MiB; dots by %s, fma by %s; code object %s; "
                "CPU has %s\n",
                static_cast<double>(probe.bytes()) / (1 << 20), probe.dotName(),
                probe.fmaName(),
                std::string(plan.property("cpu").value_or("-")).c_str(),
                cpuFeatures().c_str());
  return out + line;
}
