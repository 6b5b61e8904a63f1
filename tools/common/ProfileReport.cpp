// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a profile looks like: tables for people, a trace for a viewer.
#include "tools/common/Profile.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

namespace {

/// Columns of one table.
class Lines {
public:
  explicit Lines(int nameWidth) : nameWidth(nameWidth) {}

  void head() {
    line("%-*s %6s %9s %5s %9s %9s %6s %9s %5s %9s %9s\n", nameWidth, "op",
         "calls", "us", "%", "MB", "GB/s", "stream", "Gop/s", "peak", "wait us",
         "predicted");
  }
  void row(const std::string &name, double calls, double ns, double allNs,
           const OpCounts &counts, double steps, double waitNs,
           double predictedNs, const ProbeSample &roofs) {
    const double bytes = static_cast<double>(counts.memoryBytes()) / steps;
    const double dots = static_cast<double>(counts.int8Ops) / steps;
    const double fmas = static_cast<double>(counts.f32Ops) / steps;
    const double each = ns > 0 ? 1 / ns : 0;
    // Where there are dots they decide; what else an op computes is little.
    const double peak =
        dots > 0 ? dots * each / roofs.dot : fmas * each / roofs.fma;
    line("%-*s %6.0f %9.1f %5.1f %9.3f %9.1f %6.2f %9.1f %5.2f %9.1f %9.1f\n",
         nameWidth, name.c_str(), calls, ns / 1e3,
         allNs > 0 ? 100 * ns / allNs : 0, bytes / 1e6, bytes * each,
         bytes * each / roofs.stream, (dots + fmas) * each, peak, waitNs / 1e3,
         predictedNs / 1e3);
  }
  std::string text;

private:
  __attribute__((format(printf, 2, 3))) void line(const char *format, ...) {
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(buffer, sizeof(buffer), format, arguments);
    va_end(arguments);
    text += buffer;
  }
  int nameWidth;
};

/// "layer_0: rms_norm + quantize"
std::string fullName(const StageTime &stage) {
  return stage.kernel + ": " + stage.name;
}

} // namespace

std::string sinter::tools::stageTable(const std::string &title,
                                      const PhaseTimes &times, double wallNs,
                                      uint64_t steps,
                                      const ProbeSample &roofs) {
  const double n = static_cast<double>(std::max<uint64_t>(steps, 1));
  size_t width = 20;
  for (const StageTime &stage : times.stages)
    width = std::max(width, fullName(stage).size());
  Lines lines(static_cast<int>(width));
  lines.text = title + "\n";
  lines.head();
  double wait = 0, predicted = 0;
  for (const StageTime &stage : times.stages) {
    lines.row(fullName(stage), static_cast<double>(stage.calls) / n,
              stage.ns / n, wallNs / n, stage.counts, n, stage.waitNs / n,
              stage.predictedNs / n, roofs);
    wait += stage.waitNs;
    predicted += stage.predictedNs;
  }
  lines.row("sum of the ops", static_cast<double>(times.dispatches) / n,
            times.ns / n, wallNs / n, times.counts, n, wait / n, predicted / n,
            roofs);
  lines.row("between dispatches", 0, (wallNs - times.ns) / n, wallNs / n, {}, n,
            0, 0, roofs);
  lines.row("the whole", 0, wallNs / n, wallNs / n, times.counts, n, wait / n,
            predicted / n, roofs);
  return lines.text;
}

std::string sinter::tools::layerTable(const PhaseTimes &times, uint64_t steps) {
  const double n = static_cast<double>(std::max<uint64_t>(steps, 1));
  std::string text = "layer        us     %   wait us\n";
  for (const auto &[layer, time] : times.layers) {
    char line[96];
    std::snprintf(
        line, sizeof(line), "%-5s %9.1f %5.1f %9.1f\n",
        layer < 0 ? "-" : std::to_string(layer).c_str(), time.ns / n / 1e3,
        times.ns > 0 ? 100 * time.ns / times.ns : 0, time.waitNs / n / 1e3);
    text += line;
  }
  return text;
}

// ---- the trace ----------------------------------------------------------

namespace {

using Json = nlohmann::ordered_json;

/// A stretch of time on a track, in microseconds from the start.
Json stretch(const std::string &name, uint32_t track, uint64_t origin,
             uint64_t begin, uint64_t end) {
  return {{"name", name},
          {"ph", "X"},
          {"pid", 1},
          {"tid", track},
          {"ts", static_cast<double>(begin - origin) / 1e3},
          {"dur", static_cast<double>(end - begin) / 1e3}};
}

Json trackName(uint32_t track, const std::string &name) {
  return {{"name", "thread_name"},
          {"ph", "M"},
          {"pid", 1},
          {"tid", track},
          {"args", {{"name", name}}}};
}

} // namespace

std::string Profile::trace() const {
  Json events = Json::array();
  const uint64_t origin = records.empty() ? 0 : records.front().begin;
  uint32_t workers = 0;
  for (const Record &record : records) {
    workers = std::max(workers, record.workers);
    const std::vector<OpFormula> &formulas = opsOf(record);
    uint32_t from = 0;
    const sinter_span *before = nullptr;
    for (const sinter_span &span : spansOf(record)) {
      if (!before || before->worker != span.worker)
        from = 0;
      else if (before->stage != span.stage)
        from = before->stage + 1;
      before = &span;
      OpCounts counts;
      for (const OpFormula &op : formulas)
        if (op.stage >= from && op.stage <= span.stage)
          counts.add(op.at(scalarsOf(record)));
      Json work = stretch(stageName(formulas, from, span.stage), span.worker,
                          origin, span.begin_ns, span.arrive_ns);
      work["args"] = {{"kernel", std::string(record.kernel)},
                      {"layer", record.layer},
                      {"stage", span.stage},
                      {"bytes", counts.memoryBytes()},
                      {"int8_ops", counts.int8Ops},
                      {"f32_ops", counts.f32Ops}};
      events.push_back(std::move(work));
      if (span.leave_ns > span.arrive_ns)
        events.push_back(stretch("wait", span.worker, origin, span.arrive_ns,
                                 span.leave_ns));
    }
  }
  for (uint32_t worker = 0; worker < workers; ++worker)
    events.push_back(trackName(worker, "worker " + std::to_string(worker)));
  events.push_back(trackName(workers, "tokens"));
  uint64_t begin = origin;
  for (const auto &[time, dispatches] : tokens) {
    events.push_back(stretch(begin == origin ? "prompt" : "token", workers,
                             origin, begin, time));
    begin = time;
  }
  Json trace = {{"displayTimeUnit", "ns"}, {"traceEvents", std::move(events)}};
  return trace.dump() + "\n";
}
