// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Profile.h"

#include <algorithm>
#include <ctime>

using namespace sinter;
using namespace sinter::tools;

// ---- recording ----------------------------------------------------------

void Profile::start(Session &session) {
  auto callback = [](void *user, const sinter_dispatch *dispatch) {
    static_cast<Profile *>(user)->record(*dispatch);
  };
  if (sinter_status *status =
          sinter_session_profile(session.get(), callback, this))
    throw Exception(Error(status));
}

void Profile::stop(Session &session) {
  // Turning it off cannot fail.
  sinter_status_release(
      sinter_session_profile(session.get(), nullptr, nullptr));
  for (const Record &record : records)
    numberLastStages(record);
}

void Profile::record(const sinter_dispatch &dispatch) {
  const std::string &kernel = *names.emplace(dispatch.kernel).first;
  records.push_back({kernel, dispatch.workers, dispatch.layer,
                     dispatch.begin_ns, dispatch.end_ns, spans.size(),
                     dispatch.span_count, scalars.size(),
                     dispatch.scalar_count});
  spans.insert(spans.end(), dispatch.spans,
               dispatch.spans + dispatch.span_count);
  scalars.insert(scalars.end(), dispatch.scalars,
                 dispatch.scalars + dispatch.scalar_count);
}

/// Generated code does not number what follows the last barrier, and a barrier
/// that a call of few rows leaves out joins its stage to the next one.
void Profile::numberLastStages(const Record &record) {
  const std::vector<OpFormula> &known = opsOf(record);
  uint32_t last = 0;
  for (const OpFormula &op : known)
    last = std::max(last, op.stage);
  auto own = std::span(spans).subspan(record.firstSpan, record.spans);
  for (size_t i = 0; i < own.size() && !known.empty(); ++i) {
    const bool isLast =
        i + 1 == own.size() || own[i + 1].worker != own[i].worker;
    own[i].stage = isLast ? last : std::min(own[i].stage, last);
  }
}

void Profile::token() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  tokens.emplace_back(static_cast<uint64_t>(time.tv_sec) * 1000000000u +
                          static_cast<uint64_t>(time.tv_nsec),
                      records.size());
}

std::span<const sinter_span> Profile::spansOf(const Record &record) const {
  return std::span(spans).subspan(record.firstSpan, record.spans);
}

std::span<const int64_t> Profile::scalarsOf(const Record &record) const {
  return std::span(scalars).subspan(record.firstScalar, record.scalars);
}

const std::vector<OpFormula> &Profile::opsOf(const Record &record) const {
  return ops.of(std::string(record.kernel));
}

size_t Profile::firstOfGeneration() const {
  return tokens.empty() ? records.size() : tokens.front().second;
}

// ---- adding up ----------------------------------------------------------

PhaseTimes Profile::prompt(const ProbeSample &roofs) const {
  return times(0, firstOfGeneration(), roofs);
}

PhaseTimes Profile::generation(const ProbeSample &roofs) const {
  return times(firstOfGeneration(), records.size(), roofs);
}

PhaseTimes Profile::times(size_t first, size_t last,
                          const ProbeSample &roofs) const {
  PhaseTimes times;
  Places places;
  for (size_t i = first; i < last; ++i)
    add(records[i], roofs, places, times);
  for (const StageTime &stage : times.stages) {
    times.ns += stage.ns;
    times.counts.add(stage.counts);
  }
  times.dispatches = last - first;
  if (first < last)
    times.wallNs =
        static_cast<double>(records[last - 1].end - records[first].begin);
  return times;
}

void Profile::add(const Record &record, const ProbeSample &roofs,
                  Places &places, PhaseTimes &times) const {
  const std::vector<OpFormula> &formulas = opsOf(record);
  auto stageAt = [&](uint32_t first, uint32_t last) -> StageTime & {
    auto [place, isNew] =
        places.try_emplace({record.kernel, first, last}, times.stages.size());
    if (isNew) {
      times.stages.emplace_back();
      times.stages.back().kernel = record.kernel;
      times.stages.back().name = stageName(formulas, first, last);
    }
    return times.stages[place->second];
  };
  LayerTime &layer = times.layers[record.layer];
  const double workers = record.workers;
  const sinter_span *before = nullptr;
  uint32_t from = 0;
  for (const sinter_span &span : spansOf(record)) {
    // Before its first span a worker was waking up.
    const bool isFirst = !before || before->worker != span.worker;
    // A stage with barriers inside has several spans.
    const bool isNew = isFirst || before->stage != span.stage;
    from = isFirst ? 0 : isNew ? before->stage + 1 : from;
    StageTime &stage = stageAt(from, span.stage);
    const uint64_t begin = isFirst ? record.begin : span.begin_ns;
    const uint64_t wait =
        span.leave_ns - span.arrive_ns + (span.begin_ns - begin);
    stage.ns += static_cast<double>(span.leave_ns - begin) / workers;
    stage.waitNs += static_cast<double>(wait) / workers;
    layer.ns += static_cast<double>(span.leave_ns - begin) / workers;
    layer.waitNs += static_cast<double>(wait) / workers;
    before = &span;
    if (span.worker != 0 || !isNew)
      continue;
    ++stage.calls;
    for (const OpFormula &op : formulas) {
      if (op.stage < from || op.stage > span.stage)
        continue;
      const OpCounts counts = op.at(scalarsOf(record));
      stage.counts.add(counts);
      stage.predictedNs += counts.predictedNs(roofs);
    }
  }
}

double Profile::barrierNs() const {
  std::vector<uint64_t> waits;
  for (const Record &record : records) {
    const auto all = spansOf(record);
    const size_t each = record.workers ? all.size() / record.workers : 0;
    if (record.workers < 2 || each * record.workers != all.size())
      continue;
    for (size_t i = 0; i + 1 < each; ++i) {
      uint64_t arrive = 0, leave = 0;
      for (size_t worker = 0; worker < record.workers; ++worker) {
        arrive = std::max(arrive, all[worker * each + i].arrive_ns);
        leave = std::max(leave, all[worker * each + i].leave_ns);
      }
      waits.push_back(leave - arrive);
    }
  }
  if (waits.empty())
    return 0;
  auto middle = waits.begin() + static_cast<ptrdiff_t>(waits.size() / 2);
  std::nth_element(waits.begin(), middle, waits.end());
  return static_cast<double>(*middle);
}
