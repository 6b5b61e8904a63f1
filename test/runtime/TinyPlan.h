// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_TEST_RUNTIME_TINYPLAN_H
#define SINTER_TEST_RUNTIME_TINYPLAN_H

#include "runtime/schema/plan_generated.h"
#include "sinter-c/runtime.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sinter::test {

/// A complete plan without the compiler: the kernels are C (TinyKernels.c), the
/// tables are built here and may be changed before they are written.
class TinyPlan {
public:
  static constexpr uint32_t kVocabulary = 257, kEnd = 256;
  static constexpr uint32_t kRows = 8, kLogitsRows = 3, kContext = 4096;
  /// What the barrier of the forward says that it ends.
  static constexpr uint32_t kStage = 4;

  /// `script`: the token that follows position p is script[(p + 1) % size];
  /// empty: a hash of the history decides.
  explicit TinyPlan(std::vector<int32_t> script = {});

  /// The file; section offsets and digests are filled in.
  std::vector<uint8_t> bytes();
  /// Writes bytes() to a temporary file, which disappears with this object.
  const std::string &write();

  plan::PlanT tables;
  std::vector<uint8_t> weights, code;

  ~TinyPlan();

private:
  std::string path;
};

/// Sets both digests of a file whose header and tables were changed.
void fixDigests(std::vector<uint8_t> &file);
/// A file that disappears again.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::vector<uint8_t> &contents);
  ~TemporaryFile();
  std::string path;
};

/// Counts, and can refuse the n-th request.
class CountingAllocator {
public:
  CountingAllocator();
  sinter_allocator callbacks;
  size_t held = 0, peak = 0;
  size_t requests = 0;
  size_t refuse = 0; // this one; 0: none
};

/// Owners for the C API.
struct Release {
  void operator()(sinter_plan *plan) const { sinter_plan_release(plan); }
  void operator()(sinter_session *session) const {
    sinter_session_release(session);
  }
  void operator()(sinter_pool *pool) const { sinter_pool_release(pool); }
  void operator()(sinter_status *status) const {
    sinter_status_release(status);
  }
};
using PlanOwner = std::unique_ptr<sinter_plan, Release>;
using SessionOwner = std::unique_ptr<sinter_session, Release>;
using PoolOwner = std::unique_ptr<sinter_pool, Release>;
using StatusOwner = std::unique_ptr<sinter_status, Release>;

/// Opens with `threads` workers; a failure fails the test.
PlanOwner openPlan(const std::string &path, uint32_t threads = 2);
SessionOwner openSession(const PlanOwner &plan, uint32_t context = 256,
                         uint32_t chunk = 0);
PoolOwner openPool(const PlanOwner &plan, const sinter_pool_options &options);
SessionOwner sessionIn(const PlanOwner &plan, const PoolOwner &pool);
/// "" on success, else the message.
std::string messageOf(sinter_status *status);

struct Generated {
  std::vector<int32_t> ids; // -1: text without a token
  std::string text;
  std::vector<std::string> pieces;
  sinter_statistics statistics = {};
  sinter_code code = SINTER_OK;
  std::string message;
};
/// Generates with the fields of `options` but its callback.
Generated generate(const SessionOwner &session, const std::vector<int32_t> &ids,
                   sinter_generation options);
sinter_generation greedy(uint32_t maxTokens);
/// rows x vocabulary.
std::vector<float> score(const SessionOwner &session,
                         const std::vector<int32_t> &ids);

} // namespace sinter::test
#endif
