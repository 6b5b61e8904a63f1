// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Profile.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

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

std::string Profile::trace(const Json &other) const {
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
          counts.add(op.at(scalarsOf(record), record.seen));
      Json work = stretch(stageName(formulas, from, span.stage), span.worker,
                          origin, span.begin_ns, span.arrive_ns);
      work["args"] = {
          {"kernel", *record.kernel},   {"layer", record.layer},
          {"stage", span.stage},        {"bytes", counts.memoryBytes()},
          {"int8_ops", counts.int8Ops}, {"f32_ops", counts.f32Ops},
          {"bf16_ops", counts.bf16Ops}};
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
  Json trace = {{"displayTimeUnit", "ns"},
                {"otherData", other},
                {"traceEvents", std::move(events)}};
  return trace.dump() + "\n";
}
