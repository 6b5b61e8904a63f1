// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bigrams of N-Grammys (Stewart et al., 2024): many sessions of one id, all
// in one forward.

#include "lib/Pipelines/Bigrams.h"
#include "lib/Target/Plan/Sha256.h"
#include "sinter-c/runtime.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

using namespace sinter;

namespace {

llvm::Error take(sinter_status *status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(llvm::Twine("bigrams: ") +
                                              sinter_status_message(status));
  sinter_status_release(status);
  return error;
}

/// Sessions of two ids: the one that begins a text, and one to ask about.
class Miner {
public:
  ~Miner() {
    for (sinter_session *session : sessions)
      sinter_session_release(session);
    sinter_pool_release(pool);
    sinter_plan_release(plan);
  }
  llvm::Error open(const std::string &path, unsigned threads);
  llvm::Error mine(int32_t beginning, plan::BigramsT &bigrams);

private:
  llvm::Error step(llvm::ArrayRef<sinter_row> rows);
  void keep(const float *logits, int32_t id);

  /// Rows of a forward, of which each has a session.
  static constexpr uint64_t kMostSessions = 128;
  sinter_plan *plan = nullptr;
  sinter_pool *pool = nullptr;
  std::vector<sinter_session *> sessions;
  uint32_t vocabulary = 0;
  plan::BigramsT *found = nullptr;
  int32_t first = 0; // id of row 0
};

} // namespace

llvm::Error Miner::open(const std::string &path, unsigned threads) {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.verify = SINTER_VERIFY_METADATA; // it was written a moment ago
  options.threads = threads;
  if (auto failed = take(sinter_plan_open(path.c_str(), &options, &plan)))
    return failed;
  vocabulary = uint32_t(sinter_plan_number(plan, SINTER_VOCABULARY));
  uint64_t count =
      std::min(kMostSessions, sinter_plan_number(plan, SINTER_MAX_ROWS));
  sinter_pool_options size;
  sinter_pool_options_initialize(&size);
  size.sessions = uint32_t(count);
  size.context = 2;
  if (auto failed = take(sinter_pool_create(plan, &size, &pool)))
    return failed;
  sinter_session_options session;
  sinter_session_options_initialize(&session);
  session.pool = pool;
  sessions.resize(count);
  for (sinter_session *&made : sessions)
    if (auto failed = take(sinter_session_create(plan, &session, &made)))
      return failed;
  return llvm::Error::success();
}

llvm::Error Miner::step(llvm::ArrayRef<sinter_row> rows) {
  auto keepRow = [](void *user, size_t row, const float *logits) {
    auto &miner = *static_cast<Miner *>(user);
    miner.keep(logits, miner.first + int32_t(row));
    return 0;
  };
  return take(sinter_pool_step(pool, rows.data(), rows.size(), keepRow, this));
}

void Miner::keep(const float *logits, int32_t id) {
  const float *best = std::max_element(logits, logits + vocabulary);
  // Weights, of which the best is 1; lesser ones than these add up to nothing
  // that 255 steps could show.
  constexpr float kCounts = 16;
  double sum = 0;
  for (uint32_t i = 0; i < vocabulary; ++i)
    if (logits[i] > *best - kCounts)
      sum += std::exp(double(logits[i]) - *best);
  found->next[id] = int32_t(best - logits);
  found->chance[id] = uint8_t(std::lround(255 / sum));
}

llvm::Error Miner::mine(int32_t beginning, plan::BigramsT &bigrams) {
  found = &bigrams;
  bigrams.next.assign(vocabulary, -1);
  bigrams.chance.assign(vocabulary, 0);
  std::vector<sinter_row> rows;
  for (sinter_session *session : sessions)
    rows.push_back({session, beginning, 0});
  if (auto failed = step(rows))
    return failed;
  for (uint32_t id = 0; id < vocabulary; id += uint32_t(sessions.size())) {
    size_t count = std::min<size_t>(sessions.size(), vocabulary - id);
    first = int32_t(id);
    for (size_t i = 0; i < count; ++i) {
      rows[i].id = first + int32_t(i);
      rows[i].flags = SINTER_ROW_LOGITS;
    }
    if (auto failed = step(llvm::ArrayRef(rows).take_front(count)))
      return failed;
    for (size_t i = 0; i < count; ++i)
      if (auto failed = take(sinter_session_truncate(sessions[i], 1)))
        return failed;
  }
  return llvm::Error::success();
}

/// An entry is the ids, then their chances.
llvm::Expected<std::unique_ptr<plan::BigramsT>>
sinter::cachedBigrams(llvm::StringRef path, int32_t beginning, unsigned threads,
                      llvm::StringRef forwards, Cache &cache) {
  auto bigrams = std::make_unique<plan::BigramsT>();
  constexpr size_t kId = sizeof(int32_t);
  Sha256 digest;
  digest.update(compilerId() + " " + std::to_string(beginning) + "\n");
  digest.update(forwards);
  const std::string key = digest.final();
  if (auto entry = cache.find("bigrams", key)) {
    llvm::StringRef bytes = entry->bytes();
    const size_t count = bytes.size() / (kId + 1);
    bigrams->next.resize(count);
    std::memcpy(bigrams->next.data(), bytes.data(), kId * count);
    bigrams->chance.assign(bytes.bytes_begin() + kId * count,
                           bytes.bytes_end());
    return bigrams;
  }
  Miner miner;
  if (auto failed = miner.open(path.str(), threads))
    return failed;
  if (auto failed = miner.mine(beginning, *bigrams))
    return failed;
  std::string bytes(reinterpret_cast<const char *>(bigrams->next.data()),
                    kId * bigrams->next.size());
  bytes.append(bigrams->chance.begin(), bigrams->chance.end());
  cache.store("bigrams", key, bytes);
  return bigrams;
}
