// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Restores arbitrary bytes as the snapshot of a session. Size and digests are
// put right first, so that mutations reach what is behind them. What was
// accepted must be a session that computes, what was not must have left it as
// it was.
#include "runtime/schema/PlanFile.h"
#include "runtime/state/Snapshot.h"
#include "sinter-c/snapshot.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

using sinter::runtime::SnapshotHeader;

namespace {

constexpr uint32_t kContext = 40, kPositions = 3;
constexpr int32_t kIds[kPositions] = {10, 20, 30};

void need(bool holds) {
  if (!holds)
    abort();
}
void need(sinter_status *status) { need(status == nullptr); }

uint64_t digestOfPlan() {
  sinter_plan_header header;
  std::ifstream file(SINTER_TINY_PLAN, std::ios::binary);
  file.read(reinterpret_cast<char *>(&header), sizeof(header));
  need(bool(file));
  return header.meta_digest;
}

sinter_plan *openPlan() {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.threads = 1;
  sinter_plan *plan = nullptr;
  need(sinter_plan_open(SINTER_TINY_PLAN, &options, &plan));
  return plan;
}

void fix(std::vector<uint8_t> &bytes) {
  static const uint64_t plan = digestOfPlan();
  if (bytes.size() < sizeof(SnapshotHeader) + sizeof(uint64_t))
    return;
  SnapshotHeader header;
  memcpy(&header, bytes.data(), sizeof(header));
  memcpy(header.sealed.magic, SnapshotHeader::kSeal.magic,
         sizeof(header.sealed.magic));
  header.sealed.format = SnapshotHeader::kSeal.format;
  header.sealed.bytes = bytes.size();
  header.sealed.plan = plan;
  memcpy(bytes.data(), &header, sizeof(header));
  size_t end = bytes.size() - sizeof(uint64_t);
  uint64_t digest = XXH3_64bits(bytes.data(), end);
  memcpy(bytes.data() + end, &digest, sizeof(digest));
}

void checkUntouched(sinter_session *session) {
  need(sinter_session_position(session) == kPositions);
  need(memcmp(sinter_session_history(session), kIds, sizeof(kIds)) == 0);
}

void use(sinter_session *session) {
  need(sinter_session_position(session) <= kContext);
  if (sinter_session_position(session) == kContext)
    need(sinter_session_truncate(session, kContext - 1));
  need(sinter_session_score(
      session, kIds, 1,
      [](void *, uint32_t, uint32_t, const float *) { return 0; }, nullptr));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static sinter_plan *plan = openPlan();
  std::vector<uint8_t> bytes(data, data + size);
  fix(bytes);
  bytes.reserve(1); // a pointer, even to nothing
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.context = kContext;
  sinter_session *session = nullptr;
  need(sinter_session_create(plan, &options, &session));
  need(sinter_session_score(
      session, kIds, kPositions,
      [](void *, uint32_t, uint32_t, const float *) { return 0; }, nullptr));
  sinter_status *status =
      sinter_session_restore(session, bytes.data(), bytes.size());
  if (status) {
    need(*sinter_status_message(status) != 0);
    checkUntouched(session);
  }
  sinter_status_release(status);
  use(session);
  sinter_session_release(session);
  return 0;
}
