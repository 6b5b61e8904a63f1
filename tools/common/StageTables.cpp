// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times of stages and layers as text and as JSON. What did not run has no
// columns of measurements.
#include "tools/common/StageTimes.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace sinter::tools;

namespace {

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

/// Columns of the table of stages.
class Lines {
public:
  Lines(const PhaseTimes &times, uint64_t steps, const Roofs &roofs)
      : measured(times.measured()), n(static_cast<double>(steps)),
        roofs(roofs) {
    for (const StageTime &stage : times.stages)
      width = std::max(width, static_cast<int>(stage.fullName().size()));
    whole = measured ? times.wallNs : times.sum().predicted.ns();
  }

  void head() {
    if (measured)
      line("%-*s %6s %9s %5s %9s %9s %6s %9s %5s %9s %9s %6s %7s\n", width,
           "op", "calls", "us", "%", "MB", "GB/s", "stream", "Gop/s", "peak",
           "wait us", "predicted", "roof", "reached");
    else
      line("%-*s %6s %9s %5s %9s %9s %6s\n", width, "op", "calls", "predicted",
           "%", "MB", "Mop", "roof");
  }

  void row(const std::string &name, uint64_t calls, const Work &work) {
    const OpCounts &counts = work.counts;
    const double bytes = static_cast<double>(counts.memoryBytes()) / n;
    const double operations = static_cast<double>(counts.operations()) / n;
    const double ns = work.ns / n, predicted = work.predicted.ns() / n;
    const char *roof = predicted > 0 ? nameOf(work.predicted.roof()) : "-";
    const double times = static_cast<double>(calls) / n;
    if (!measured)
      return line("%-*s %6.0f %9.1f %5.1f %9.3f %9.2f %6s\n", width,
                  name.c_str(), times, predicted / 1e3,
                  100 * ratio(predicted * n, whole), bytes / 1e6,
                  operations / 1e6, roof);
    line("%-*s %6.0f %9.1f %5.1f %9.3f %9.1f %6.2f %9.1f %5.2f %9.1f %9.1f %6s "
         "%7.2f\n",
         width, name.c_str(), times, ns / 1e3, 100 * ratio(work.ns, whole),
         bytes / 1e6, ratio(bytes, ns), ratio(bytes, ns) / roofs.stream,
         ratio(operations, ns), ratio(work.predicted.computeNs(), work.ns),
         work.waitNs / n / 1e3, predicted / 1e3, roof, ratio(predicted, ns));
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

  bool measured;
  double n;
  const Roofs &roofs;
  int width = 20;
  double whole; // 100 %
};

} // namespace

std::string sinter::tools::stageTable(const std::string &title,
                                      const PhaseTimes &times, uint64_t steps,
                                      const Roofs &roofs) {
  Lines lines(times, std::max<uint64_t>(steps, 1), roofs);
  lines.text = title + "\n";
  lines.head();
  for (const StageTime &stage : times.stages)
    lines.row(stage.fullName(), stage.calls, stage);
  const Work sum = times.sum();
  lines.row("sum of the ops", times.dispatches, sum);
  if (!times.measured())
    return lines.text;
  Work rest, whole = sum;
  rest.ns = times.wallNs - sum.ns;
  whole.ns = times.wallNs;
  lines.row("between dispatches", 0, rest);
  lines.row("the whole", 0, whole);
  return lines.text;
}

std::string sinter::tools::layerTable(const PhaseTimes &times, uint64_t steps) {
  const double n = static_cast<double>(std::max<uint64_t>(steps, 1));
  const Work sum = times.sum();
  std::string text =
      times.measured()
          ? "layer        us     %   wait us predicted reached        MB\n"
          : "layer predicted     %        MB\n";
  for (const auto &[layer, work] : times.layers) {
    const std::string name = layer < 0 ? "-" : std::to_string(layer);
    const double predicted = work.predicted.ns();
    const double megabytes =
        static_cast<double>(work.counts.memoryBytes()) / n / 1e6;
    char line[128];
    if (times.measured())
      std::snprintf(line, sizeof(line),
                    "%-5s %9.1f %5.1f %9.1f %9.1f %7.2f %9.3f\n", name.c_str(),
                    work.ns / n / 1e3, 100 * ratio(work.ns, sum.ns),
                    work.waitNs / n / 1e3, predicted / n / 1e3,
                    ratio(predicted, work.ns), megabytes);
    else
      std::snprintf(line, sizeof(line), "%-5s %9.1f %5.1f %9.3f\n",
                    name.c_str(), predicted / n / 1e3,
                    100 * ratio(predicted, sum.predicted.ns()), megabytes);
    text += line;
  }
  return text;
}

// ---- for programs -------------------------------------------------------

using Json = nlohmann::ordered_json;

static Json describe(const Work &work, double steps, bool measured) {
  auto each = [&](uint64_t count) {
    return static_cast<double>(count) / steps;
  };
  Json object = {{"weight_bytes", each(work.counts.weightBytes)},
                 {"state_bytes", each(work.counts.stateBytes)},
                 {"activation_bytes", each(work.counts.activationBytes)},
                 {"int8_ops", each(work.counts.int8Ops)},
                 {"f32_ops", each(work.counts.f32Ops)},
                 {"bf16_ops", each(work.counts.bf16Ops)},
                 {"predicted_us", work.predicted.ns() / steps / 1e3}};
  if (work.predicted.ns() > 0)
    object["roof"] = nameOf(work.predicted.roof());
  if (measured) {
    object["us"] = work.ns / steps / 1e3;
    object["wait_us"] = work.waitNs / steps / 1e3;
  }
  return object;
}

Json sinter::tools::toJson(const PhaseTimes &times, uint64_t steps) {
  const double n = static_cast<double>(std::max<uint64_t>(steps, 1));
  const bool measured = times.measured();
  Json ops = Json::array(), layers = Json::array();
  for (const StageTime &stage : times.stages) {
    Json op = {{"kernel", stage.kernel},
               {"op", stage.name},
               {"calls", static_cast<double>(stage.calls) / n}};
    op.update(describe(stage, n, measured));
    ops.push_back(std::move(op));
  }
  for (const auto &[layer, work] : times.layers) {
    Json one = {{"layer", layer}};
    one.update(describe(work, n, measured));
    layers.push_back(std::move(one));
  }
  Json object = {{"dispatches", static_cast<double>(times.dispatches) / n}};
  object.update(describe(times.sum(), n, measured));
  if (measured)
    object["wall_us"] = times.wallNs / n / 1e3;
  object["ops"] = std::move(ops);
  object["layers"] = std::move(layers);
  return object;
}
