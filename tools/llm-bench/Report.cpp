// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Spread.h"
#include "tools/llm-bench/Bench.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

// ---- for programs -------------------------------------------------------

/// A ratio: the median as NAME, the ends beside it.
static void addFraction(nlohmann::ordered_json &row, const std::string &name,
                        const std::vector<double> &fractions) {
  if (fractions.empty())
    return;
  const Spread spread = spreadOf(fractions);
  row[name] = spread.median;
  row[name + "_min"] = spread.min;
  row[name + "_max"] = spread.max;
}

std::string sinter::tools::toJson(const Plan &plan,
                                  const std::vector<BenchResult> &results) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const BenchResult &result : results) {
    const BenchTest &test = result.test;
    Spread spread = spreadOf(result.rates);
    list.push_back({{"test", test.name()},
                    {"threads", result.threads},
                    {"tok_per_s", spread.mean},
                    {"min", spread.min},
                    {"median", spread.median},
                    {"max", spread.max},
                    {"stddev", spread.deviation},
                    {"samples", result.rates},
                    {"model", plan.property("name").value_or("")},
                    {"cpu", plan.property("cpu").value_or("")},
                    {"prefetch", plan.property("prefetch").value_or("")},
                    {"cpu_features", cpuFeatures()}});
    auto &row = list.back();
    row["stream_gb_s"] = spreadOf(result.probes, &Roofs::stream).median;
    row["dot_gop_s"] = spreadOf(result.probes, &Roofs::dot).median;
    row["fma_gflop_s"] = spreadOf(result.probes, &Roofs::fma).median;
    if (Spread bf16 = spreadOf(result.probes, &Roofs::bf16); bf16.max > 0)
      row["bf16_gflop_s"] = bf16.median;
    if (Spread barrier = spreadOf(result.probes, &Roofs::barrierNs);
        barrier.max > 0)
      row["barrier_ns"] = barrier.median;
    row["bytes"] = result.counts.memoryBytes();
    row["int8_ops"] = result.counts.int8Ops;
    row["f32_ops"] = result.counts.f32Ops;
    row["bf16_ops"] = result.counts.bf16Ops;
    if (test.kind == BenchKind::Generation)
      row["bytes_per_token"] =
          result.counts.memoryBytes() / (uint64_t(test.tokens) * test.sessions);
    addFraction(row, "of_stream", result.streamFractions());
    addFraction(row, "of_peak", result.peakFractions());
    if (!result.overOneRow.empty())
      row["ms"] = result.milliseconds();
    addFraction(row, "over_one_row", result.overOneRow);
  }
  return list.dump(2) + "\n";
}

// ---- for people ---------------------------------------------------------

static std::string header(const Plan &plan, const Probe &probe,
                          const std::vector<BenchResult> &results) {
  std::map<uint32_t, std::vector<Roofs>> byThreads;
  for (const BenchResult &result : results)
    byThreads[result.threads].insert(byThreads[result.threads].end(),
                                     result.probes.begin(),
                                     result.probes.end());
  std::string text = "code object " +
                     std::string(plan.property("cpu").value_or("-")) +
                     ", prefetch by the " +
                     std::string(plan.property("prefetch").value_or("-")) +
                     "; CPU has " + cpuFeatures() + "\n" + probe.summary();
  for (const auto &[threads, samples] : byThreads)
    text += probeLine(threads, samples);
  return text;
}

/// The median in a cell, which is empty if there are none.
static std::string cell(const std::vector<double> &fractions) {
  char text[16] = "";
  if (!fractions.empty())
    std::snprintf(text, sizeof(text), "%.3f", spreadOf(fractions).median);
  return text;
}

static std::string table(const Plan &plan,
                         const std::vector<BenchResult> &results) {
  std::string name(plan.property("name").value_or("model"));
  std::string cpu(plan.property("cpu").value_or("-"));
  const int nameWidth = static_cast<int>(std::max<size_t>(name.size(), 5));
  const int cpuWidth = static_cast<int>(std::max<size_t>(cpu.size(), 3));
  char line[512];
  std::snprintf(
      line, sizeof(line),
      "| %-*s | %10s | %-*s | %7s | %14s | %22s | %9s | %9s | %9s |\n",
      nameWidth, "model", "size", cpuWidth, "cpu", "threads", "test", "t/s",
      "median", "of stream", "of peak");
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
    std::snprintf(line, sizeof(line),
                  "| %-*s | %6.1f MiB | %-*s | %7u | %14s | %11.2f ± %8.2f | "
                  "%9.2f | %9s | %9s |\n",
                  nameWidth, name.c_str(), mib, cpuWidth, cpu.c_str(),
                  result.threads, result.test.name().c_str(), spread.mean,
                  spread.deviation, spread.median,
                  cell(result.streamFractions()).c_str(),
                  cell(result.peakFractions()).c_str());
    out += line;
  }
  return out;
}

/// "fw4 @ d128, 1 thread: 3.21 ms, 1.27 (1.25 to 1.30) times one row"; a line
/// each.
static std::string forwardLines(const std::vector<BenchResult> &results) {
  std::string text;
  for (const BenchResult &result : results) {
    if (result.overOneRow.empty())
      continue;
    const Spread ratio = spreadOf(result.overOneRow);
    char line[128];
    std::snprintf(line, sizeof(line),
                  ", %u thread%s: %.3f ms, %.2f (%.2f to %.2f) times one row\n",
                  result.threads, result.threads == 1 ? "" : "s",
                  result.milliseconds(), ratio.median, ratio.min, ratio.max);
    text += (text.empty() ? "\n" : "") + result.test.name() + line;
  }
  return text;
}

std::string sinter::tools::toText(const Plan &plan, const Probe &probe,
                                  const std::vector<BenchResult> &results) {
  return header(plan, probe, results) + "\n" + table(plan, results) +
         forwardLines(results);
}
