// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_RECORDER_H
#define SINTER_RUNTIME_PLAN_RECORDER_H

#include "runtime/base/Status.h"
#include "runtime/base/Vector.h"
#include "runtime/device/cpu/WorkerPool.h"
#include "sinter-c/profile.h"

namespace sinter::runtime {

/// When each worker of a dispatch worked and when it waited.  A moment that
/// ends one thing begins the next one, so that nothing is lost in between.
class Recorder {
public:
  /// Barriers of one entry; what follows the last one counts as one span.
  static constexpr uint32_t kMaxSpans = 1024;

  /// `numbered`: entries say which stage a barrier ends; else they are counted.
  Status open(const Allocator &allocator, uint32_t workers, bool numbered);

  /// Runs the entry as WorkerPool does, and takes the times.
  void run(WorkerPool &pool, sinter_entry entry, void *const *buffers,
           const int64_t *scalars);

  /// That took part in the last run.
  uint32_t workers() const { return ran; }
  uint64_t beginning() const { return first; }
  uint64_t ending() const { return last; }
  /// Of the last run, worker by worker, in order of time.
  std::span<const sinter_span> spans() const { return {all.data(), used}; }

private:
  struct Watched;
  struct Own {
    alignas(64) uint32_t count;
  };
  static void watchedEntry(const sinter_call *call, uint32_t worker);
  static void watchedBarrier(void *context, uint32_t worker, uint32_t stage);
  sinter_span &current(uint32_t worker) {
    return all[worker * kMaxSpans + own[worker].count - 1];
  }
  void next(uint32_t worker, uint32_t stage, uint64_t now);
  void close();

  Vector<sinter_span> all;
  Vector<Own> own;
  bool numbered = false;
  uint64_t first = 0, last = 0;
  size_t used = 0;
  uint32_t ran = 0;
};

} // namespace sinter::runtime
#endif
