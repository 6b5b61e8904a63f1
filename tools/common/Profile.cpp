// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Profile.h"

#include <algorithm>
#include <ctime>

using namespace sinter;
using namespace sinter::tools;

// ---- recording ----------------------------------------------------------

void Profile::callback(void *user, const sinter_dispatch *dispatch) {
  static_cast<Profile *>(user)->record(*dispatch);
}

static void check(sinter_status *status) {
  if (status)
    throw Exception(Error(status));
}

template <typename T> static void touch(std::vector<T> &list, size_t count) {
  list.resize(count);
  list.clear();
}

/// A page that is touched for the first time costs more than what is written
/// there, and so does growing: not while a dispatch waits, if it can be helped.
void Profile::makeRoom() {
  constexpr size_t kDispatches = 1 << 13;
  touch(records, kDispatches);
  touch(spans, 16 * kDispatches);
  touch(scalars, 4 * kDispatches);
}

void Profile::start(Session &session) {
  makeRoom();
  check(sinter_session_profile(session.get(), callback, this));
}

void Profile::start(Pool &pool) {
  makeRoom();
  check(sinter_pool_profile(pool.get(), callback, this));
}

void Profile::stop(Session &session) {
  check(sinter_session_profile(session.get(), nullptr, nullptr));
  finish();
}

void Profile::stop(Pool &pool) {
  check(sinter_pool_profile(pool.get(), nullptr, nullptr));
  finish();
}

void Profile::finish() {
  for (const Record &record : records)
    numberLastStages(record);
}

void Profile::record(const sinter_dispatch &dispatch) {
  const std::string &kernel =
      !records.empty() && *records.back().kernel == dispatch.kernel
          ? *records.back().kernel
          : *names.emplace(dispatch.kernel).first;
  records.push_back({&kernel,
                     dispatch.workers,
                     dispatch.layer,
                     dispatch.begin_ns,
                     dispatch.end_ns,
                     spans.size(),
                     dispatch.span_count,
                     scalars.size(),
                     dispatch.scalar_count,
                     {dispatch.positions, dispatch.pairs}});
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
  return ops.of(*record.kernel);
}

size_t Profile::firstOfGeneration() const {
  return tokens.empty() ? records.size() : tokens.front().second;
}

// ---- adding up ----------------------------------------------------------

PhaseTimes Profile::prompt(const Roofs &roofs) const {
  return times(0, firstOfGeneration(), roofs);
}

PhaseTimes Profile::generation(const Roofs &roofs) const {
  return times(firstOfGeneration(), records.size(), roofs);
}

PhaseTimes Profile::times(size_t first, size_t last, const Roofs &roofs) const {
  PhaseTimes times;
  StageAdder adder(ops, roofs, times);
  for (const Record &record : std::span(records).subspan(first, last - first))
    add(spansOf(record), record, scalarsOf(record), adder);
  times.dispatches = last - first;
  if (first < last)
    times.wallNs =
        static_cast<double>(records[last - 1].end - records[first].begin);
  return times;
}

void Profile::add(std::span<const sinter_span> spans, const Record &record,
                  std::span<const int64_t> scalars, StageAdder &adder) {
  const double workers = record.workers;
  const sinter_span *before = nullptr;
  uint32_t from = 0;
  for (const sinter_span &span : spans) {
    // Before its first span a worker was waking up.
    const bool isFirst = !before || before->worker != span.worker;
    // A stage with barriers inside has several spans.
    const bool isNew = isFirst || before->stage != span.stage;
    from = isFirst ? 0 : isNew ? before->stage + 1 : from;
    const uint64_t begin = isFirst ? record.begin : span.begin_ns;
    const uint64_t wait =
        span.leave_ns - span.arrive_ns + (span.begin_ns - begin);
    adder.add(*record.kernel, record.layer, from, span.stage, scalars,
              record.seen, span.worker == 0 && isNew,
              static_cast<double>(span.leave_ns - begin) / workers,
              static_cast<double>(wait) / workers);
    before = &span;
  }
}
