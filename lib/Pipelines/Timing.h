//===- Timing.h - where the time of a compile goes
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_TIMING_H
#define SINTER_LIB_PIPELINES_TIMING_H

#include "mlir/Support/Timing.h"
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace sinter {

/// A tree of scopes, each with its wall time and the most anonymous memory that
/// the process had while the scope was open. Scopes may nest on any thread;
/// those of one name below one parent are printed as one.
class CompileTiming : public mlir::TimingManager {
public:
  /// One that is not enabled hands out scopes that cost nothing.
  explicit CompileTiming(bool enabled);
  ~CompileTiming() override;

  void print(llvm::raw_ostream &os);

protected:
  std::optional<void *> rootTimer() override;
  void startTimer(void *handle) override;
  void stopTimer(void *handle) override;
  void *nestTimer(void *handle, const void *id,
                  llvm::function_ref<std::string()> nameBuilder) override;

private:
  struct Node;
  void watchMemory();

  std::mutex mutex;
  std::unique_ptr<Node> root; // null if not enabled
  std::vector<Node *> open;
  std::condition_variable done;
  bool stopping = false;
  std::thread watcher;
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_TIMING_H
