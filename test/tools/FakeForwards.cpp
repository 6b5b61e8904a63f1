// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forwards and answers of the double.
#include "test/tools/FakeRuntime.h"

#include <chrono>
#include <cmath>
#include <thread>

namespace {
// Of the token after `id`: the next id is likeliest.
float logit(int32_t id, int32_t next) {
  int32_t distance = (next - id - 1 + 2 * vocabulary) % vocabulary;
  return -0.5f * static_cast<float>(distance % 32) + (distance == 0);
}

// FAKE_DRAFTS=wrong: drafts change the text.
bool wrongDrafts() {
  const char *value = std::getenv("FAKE_DRAFTS");
  return value && std::strcmp(value, "wrong") == 0;
}
} // namespace

// Profile: one dispatch a token, of a kernel with two stages. Of each 1000
// ns a worker works 100 + 100 * its number before the barrier and 350 after it.

sinter_status *sinter_session_profile(sinter_session *session,
                                      sinter_profile_callback callback,
                                      void *user) {
  session->profile = callback;
  session->profileUser = user;
  return nullptr;
}
static void dispatch(const sinter_session *session,
                     sinter_profile_callback profile, void *user) {
  if (!profile)
    return;
  const uint64_t now = static_cast<uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());
  std::vector<sinter_span> spans;
  for (uint32_t worker = 0; worker < session->threads; ++worker) {
    const uint64_t meet = now + 100 * session->threads + 50;
    spans.push_back({worker, 0, now, now + 100 * (worker + 1), meet});
    spans.push_back({worker, 1, meet, meet + 350, now + 1000});
  }
  // A row, and the positions before it.
  const int64_t scalars[] = {1, int64_t(session->history.size()) - 1};
  sinter_dispatch one = {};
  one.size = sizeof(one);
  one.kernel = "layer";
  one.layer = 7;
  one.workers = session->threads;
  one.begin_ns = now;
  one.end_ns = now + 1000;
  one.scalars = scalars;
  one.scalar_count = 2;
  one.spans = spans.data();
  one.span_count = spans.size();
  profile(user, &one);
}

static sinter_status *append(sinter_session *session, int32_t id) {
  if (id < 0 || id >= vocabulary)
    return fail(SINTER_INVALID_ARGUMENT,
                "id " + std::to_string(id) + " is not in the vocabulary");
  if (session->history.size() >= session->context)
    return fail(SINTER_CONTEXT_FULL, "the context is full");
  if (session->cancelled.exchange(false))
    return fail(SINTER_CANCELLED, "cancelled");
  if (const char *slow = std::getenv("FAKE_SLOW_MS"))
    std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(slow)));
  session->history.push_back(id);
  dispatch(session, session->profile, session->profileUser);
  return nullptr;
}

sinter_status *sinter_session_score(sinter_session *session, const int32_t *ids,
                                    size_t count,
                                    sinter_logits_callback callback,
                                    void *data) {
  for (size_t at = 0; at < count; at += session->chunk) {
    const size_t rows = std::min<size_t>(session->chunk, count - at);
    std::vector<float> logits;
    for (size_t row = 0; row < rows; ++row) {
      if (sinter_status *status = append(session, ids[at + row]))
        return status;
      for (int32_t next = 0; next < vocabulary; ++next)
        logits.push_back(flag("FAKE_NAN") ? NAN : logit(ids[at + row], next));
    }
    const uint32_t first = sinter_session_position(session) - rows;
    if (callback(data, first, static_cast<uint32_t>(rows), logits.data()))
      return fail(SINTER_CANCELLED, "stopped by the callback");
  }
  return nullptr;
}

void sinter_pool_options_initialize(sinter_pool_options *options) {
  *options = {sizeof(*options), 1, 0, 0};
}
sinter_status *sinter_pool_create(sinter_plan *,
                                  const sinter_pool_options *options,
                                  sinter_pool **out) {
  *out = new sinter_pool{*options};
  return nullptr;
}
void sinter_pool_release(sinter_pool *pool) { delete pool; }
sinter_status *sinter_pool_profile(sinter_pool *pool,
                                   sinter_profile_callback callback,
                                   void *user) {
  pool->profile = callback;
  pool->profileUser = user;
  return nullptr;
}
sinter_status *sinter_pool_step(sinter_pool *pool, const sinter_row *rows,
                                size_t count, sinter_row_callback callback,
                                void *data) {
  if (count > maxRows)
    return fail(SINTER_INVALID_ARGUMENT, "too many rows");
  if (count)
    dispatch(rows[0].session, pool->profile, pool->profileUser);
  for (size_t row = 0; row < count; ++row) {
    if (sinter_status *status = append(rows[row].session, rows[row].id))
      return status;
    std::vector<float> logits;
    for (int32_t next = 0; next < vocabulary; ++next)
      logits.push_back(logit(rows[row].id, next));
    if (rows[row].flags & SINTER_ROW_LOGITS)
      (void)callback(data, row, logits.data());
  }
  return nullptr;
}

void sinter_generation_initialize(sinter_generation *generation,
                                  const sinter_plan *plan) {
  *generation = {};
  generation->size = sizeof(*generation);
  sinter_sampling_initialize(&generation->sampling, plan);
}

sinter_status *sinter_session_generate(sinter_session *session,
                                       const int32_t *ids, size_t count,
                                       const sinter_generation *generation,
                                       sinter_statistics *out) {
  if (count == 0)
    return fail(SINTER_INVALID_ARGUMENT, "the prompt is empty");
  size_t kept = 0;
  while (kept < session->history.size() && kept + 1 < count &&
         session->history[kept] == ids[kept])
    ++kept;
  session->history.resize(kept);
  for (size_t i = kept; i < count; ++i)
    if (sinter_status *status = append(session, ids[i]))
      return status;
  // Less work takes half of the time, and says every other letter.
  const bool all = generation->no_early_exit;
  const bool less = !session->whole || (early("ffn") && !all);
  sinter_statistics statistics{
      sizeof(statistics),         count - kept,          kept, 0, 1000000,
      less ? 1000000u : 2000000u, SINTER_STOP_MAX_TOKENS};
  // A seed shifts the alphabet, so that a test sees that it arrives.
  const int32_t step =
      generation->sampling.temperature > 0
          ? 1 + static_cast<int32_t>(generation->sampling.seed)
          : 1 + (less || (wrongDrafts() && !generation->no_speculation));
  for (int32_t id = ids[count - 1];;) {
    id = (id + step) % bos;
    if (id == '{' && !generation->ignore_stop_ids) { // after z
      statistics.stop = SINTER_STOP_ID;
      break;
    }
    const char text = static_cast<char>(id);
    ++statistics.generated_tokens;
    if (generation->callback(generation->user, id, &text, 1)) {
      statistics.stop = SINTER_STOP_CALLBACK;
      break;
    }
    if (statistics.generated_tokens == generation->max_tokens)
      break;
    if (early("stop") && !all && count == 1 && ids[0] == 'a') {
      statistics.stop = SINTER_STOP_ID;
      statistics.decode_ns = 0;
      break;
    }
    if (session->history.size() == session->context) {
      statistics.stop = SINTER_STOP_CONTEXT;
      break;
    }
    if (sinter_status *status = append(session, id))
      return status;
  }
  if (out)
    *out = statistics;
  session->ffns = {};
  if (early("ffn")) {
    session->ffns.rows = statistics.generated_tokens;
    session->ffns.blocks = 4 * session->ffns.rows;
    session->ffns.skipped = all ? 0 : session->ffns.rows;
  }
  // Drafts of two ids, of which the first is right.
  session->speculation = {};
  if (flag("FAKE_DRAFTS") && !generation->no_speculation) {
    ++session->learned;
    sinter_speculation &made = session->speculation;
    made.rounds = made.accepted = made.drafted_at[0] = made.drafted_at[1] =
        made.accepted_at[0] = statistics.generated_tokens / 2;
    made.rounds_of[2] = made.rounds;
    made.drafted = made.drafted_by[0] = 2 * made.rounds;
    made.accepted_by[0] = made.accepted;
  }
  return nullptr;
}
