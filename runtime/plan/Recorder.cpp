// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Recorder.h"
#include "runtime/base/Clock.h"

#include <cstring>

namespace sinter::runtime {

/// What the pool runs in place of the entry: it finds the rest here, where the
/// entry finds its scalars.
struct Recorder::Watched {
  Recorder *recorder;
  sinter_entry entry;
  void *const *buffers;
  const int64_t *scalars;
  const sinter_call *call; // the pool's own
};

Status Recorder::open(const Allocator &allocator, uint32_t workers,
                      bool hasNumbers) {
  numbered = hasNumbers;
  all = Vector<sinter_span>(allocator);
  own = Vector<Own>(allocator);
  SINTER_NEED(all.resize(size_t(workers) * kMaxSpans) && own.resize(workers));
  return Status();
}

void Recorder::run(WorkerPool &pool, sinter_entry entry, void *const *buffers,
                   const int64_t *scalars) {
  const Watched watched{this, entry, buffers, scalars, nullptr};
  // The pool may leave out a worker.
  for (Own &worker : own)
    worker.count = 0;
  first = nanoseconds();
  pool.run(watchedEntry, nullptr, reinterpret_cast<const int64_t *>(&watched));
  last = nanoseconds();
  close();
}

void Recorder::watchedEntry(const sinter_call *call, uint32_t worker) {
  Watched watched = *reinterpret_cast<const Watched *>(call->scalars);
  watched.call = call;
  Recorder &recorder = *watched.recorder;
  sinter_call inner = *call;
  inner.buffers = watched.buffers;
  inner.scalars = watched.scalars;
  inner.barrier = watchedBarrier;
  inner.ctx = &watched;
  recorder.next(worker, 0, nanoseconds());
  watched.entry(&inner, worker);
  recorder.current(worker).arrive_ns = nanoseconds();
}

void Recorder::watchedBarrier(void *context, uint32_t worker, uint32_t stage) {
  auto &watched = *static_cast<Watched *>(context);
  Recorder &recorder = *watched.recorder;
  const sinter_call *call = watched.call;
  if (recorder.own[worker].count == kMaxSpans)
    return call->barrier(call->ctx, worker, stage);
  sinter_span &span = recorder.current(worker);
  span.arrive_ns = nanoseconds();
  if (recorder.numbered)
    span.stage = stage;
  call->barrier(call->ctx, worker, stage);
  span.leave_ns = nanoseconds();
  recorder.next(worker, span.stage + 1, span.leave_ns);
}

void Recorder::next(uint32_t worker, uint32_t stage, uint64_t now) {
  ++own[worker].count;
  current(worker) = {worker, stage, now, now, now};
}

void Recorder::close() {
  used = 0;
  ran = 0;
  for (uint32_t worker = 0; worker < own.size(); ++worker) {
    if (own[worker].count == 0)
      continue;
    ++ran;
    current(worker).leave_ns = last;
    // Close the gaps: the caller gets one list.
    memmove(&all[used], &all[worker * kMaxSpans],
            own[worker].count * sizeof(sinter_span));
    used += own[worker].count;
  }
}

} // namespace sinter::runtime
