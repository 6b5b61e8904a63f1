// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A double of libsinter_runtime.so for tests of the tools: a model whose logits
// are a formula, so that a test can say what each tool must print. Tokens are
// bytes, and four more. Preloaded, it takes the place of the real library.
#include "sinter-c/depth.h"
#include "sinter-c/exits.h"
#include "sinter-c/ffns.h"
#include "sinter-c/profile.h"
#include "sinter-c/runtime.h"
#include "sinter-c/snapshot.h"
#include "sinter-c/speculation.h"
#include "sinter-c/switching.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {
constexpr int32_t vocabulary = 260, bos = 256, eos = 257;
constexpr uint32_t maxContext = 4096, maxRows = 7;
const char *const special[] = {"<bos>", "<eos>", "<user>", "<end>"};

// Each cost: a constant, then a row's.
const char ops[] = R"({"layer": [
  {"name": "norm", "stage": 0, "rows": 1, "position": 0, "weights": [64, 0, 0, 0],
   "activations": [0, 8, 0, 0], "f32": [0, 16, 0, 0]},
  {"name": "contract w", "stage": 1, "rows": 1, "position": 0, "weights": [1000, 0, 0, 0],
   "int8": [0, 5000, 0, 0]},
  {"name": "attention", "stage": 1, "rows": 1, "position": 0, "state": [0, 200, 0, 0],
   "f32": [0, 40, 0, 0]}]})";

// FAKE_POSITIONS: instead a byte for every position that a row sees.
const char sight[] = R"({"layer": [{"name": "attention", "stage": 0, "rows": 1,
  "position": 2, "state": [0, 0, 0, 1]}]})";

// Of the token after `id`: the next id is likeliest.
float logit(int32_t id, int32_t next) {
  int32_t distance = (next - id - 1 + 2 * vocabulary) % vocabulary;
  return -0.5f * static_cast<float>(distance % 32) + (distance == 0);
}

bool flag(const char *name) { return std::getenv(name) != nullptr; }

// FAKE_EARLY: what the plan leaves out: "sequence" half of the layers, "ffn" a
// quarter of the blocks, "stop" with exits all but the first token.
bool early(const char *what) {
  const char *value = std::getenv("FAKE_EARLY");
  return value && std::strcmp(value, what) == 0;
}

// FAKE_DRAFTS=wrong: drafts change the text.
bool wrongDrafts() {
  const char *value = std::getenv("FAKE_DRAFTS");
  return value && std::strcmp(value, "wrong") == 0;
}
} // namespace

struct sinter_status {
  sinter_code code;
  std::string message;
};
struct sinter_plan {
  std::string cpu;
  uint32_t threads;
};
struct sinter_pool {
  sinter_pool_options options;
  sinter_profile_callback profile = nullptr;
  void *profileUser = nullptr;
};
struct sinter_session {
  uint32_t context, chunk;
  std::vector<int32_t> history;
  std::atomic<bool> cancelled{false};
  uint32_t threads = 1;
  sinter_profile_callback profile = nullptr;
  void *profileUser = nullptr;
  sinter_speculation speculation = {};
  uint32_t learned = 0;
  bool whole = !early("sequence");
  sinter_ffns ffns = {};
};

static sinter_status *fail(sinter_code code, std::string message) {
  return new sinter_status{code, std::move(message)};
}

sinter_code sinter_status_code(const sinter_status *status) {
  return status ? status->code : SINTER_OK;
}
const char *sinter_status_message(const sinter_status *status) {
  return status ? status->message.c_str() : "";
}
void sinter_status_release(sinter_status *status) { delete status; }
const char *sinter_version(void) { return "0.0.0-fake"; }
uint32_t sinter_api_version(void) { return 1 << 16; }

void sinter_plan_options_initialize(sinter_plan_options *options) {
  *options = {};
  options->size = sizeof(*options);
  options->verify = SINTER_VERIFY_WEIGHTS;
}

sinter_status *sinter_plan_open(const char *path,
                                const sinter_plan_options *options,
                                sinter_plan **out) {
  sinter_plan_options defaults;
  sinter_plan_options_initialize(&defaults);
  options = options ? options : &defaults;
  std::ifstream file(path);
  std::string word;
  if (!file)
    return fail(SINTER_NOT_FOUND, std::string("cannot open '") + path + "'");
  file >> word;
  if (word != "FAKE")
    return fail(SINTER_CORRUPT, std::string("'") + path + "' is no plan");
  if (options->verify == SINTER_VERIFY_SHA256 && flag("FAKE_DAMAGED"))
    return fail(SINTER_CORRUPT, std::string("'") + path + "': SHA-256 differs");
  *out = new sinter_plan{options->cpu ? options->cpu : "fake-v1",
                         options->threads ? options->threads : 2};
  return nullptr;
}
void sinter_plan_release(sinter_plan *plan) { delete plan; }

uint64_t sinter_plan_number(const sinter_plan *plan, sinter_number what) {
  switch (what) {
  case SINTER_VOCABULARY:
    return vocabulary;
  case SINTER_MAX_CONTEXT:
    return maxContext;
  case SINTER_MAX_ROWS:
    return maxRows;
  case SINTER_THREADS:
    return plan->threads;
  default:
    return 1 << 20;
  }
}
const char *sinter_plan_property(const sinter_plan *plan, const char *key) {
  if (std::strcmp(key, "cpu") == 0)
    return plan->cpu.c_str();
  if (std::strcmp(key, "prefetch") == 0)
    return "code";
  if (std::strcmp(key, "ops") == 0 && !flag("FAKE_OLD"))
    return flag("FAKE_POSITIONS") ? sight : ops;
  if (std::strcmp(key, "lossy") == 0 && flag("FAKE_EARLY"))
    return "kv_window 64, early_exit fake";
  if (std::strcmp(key, "fidelity") == 0 && flag("FAKE_EARLY"))
    return "lossy";
  return std::strcmp(key, "name") == 0 ? "fake" : nullptr;
}
uint64_t sinter_plan_memory(const sinter_plan *, uint32_t, uint32_t) {
  return 1;
}
void sinter_sampling_initialize(sinter_sampling *sampling,
                                const sinter_plan *) {
  *sampling = {sizeof(*sampling), 0, 0, 1, 0, 1, 0, 0};
}

sinter_status *sinter_plan_tokenize(const sinter_plan *, const char *text,
                                    size_t bytes, uint32_t flags, int32_t *ids,
                                    size_t capacity, size_t *count) {
  std::vector<int32_t> out;
  const bool ends = (flags & SINTER_TEXT_BOS_EOS) && flag("FAKE_BOS");
  if (ends)
    out.push_back(bos);
  std::string_view rest(text, bytes);
  while (!rest.empty()) {
    size_t taken = 0;
    for (int32_t i = 0; i < 4 && (flags & SINTER_TEXT_SPECIAL); ++i)
      if (rest.starts_with(special[i])) {
        out.push_back(bos + i);
        taken = std::strlen(special[i]);
      }
    if (!taken)
      out.push_back(static_cast<unsigned char>(rest[taken++]));
    rest.remove_prefix(taken);
  }
  if (ends)
    out.push_back(eos);
  for (size_t i = 0; i < out.size() && i < capacity; ++i)
    ids[i] = out[i];
  *count = out.size();
  return nullptr;
}

sinter_status *sinter_plan_detokenize(const sinter_plan *, const int32_t *ids,
                                      size_t count, uint32_t flags, char *text,
                                      size_t capacity, size_t *bytes) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] >= vocabulary)
      return fail(SINTER_INVALID_ARGUMENT,
                  "id " + std::to_string(ids[i]) + " is not in the vocabulary");
    if (ids[i] < bos)
      out += static_cast<char>(ids[i]);
    else if (flags & SINTER_TEXT_SPECIAL)
      out += special[ids[i] - bos];
  }
  std::memcpy(text, out.data(), std::min(out.size(), capacity));
  *bytes = out.size();
  return nullptr;
}

// Content strings without escapes: <user>TEXT<end> for each message.
sinter_status *sinter_plan_render(const sinter_plan *, const char *json,
                                  size_t size, int prompt, char *text,
                                  size_t capacity, size_t *bytes) {
  std::string_view rest(json, size);
  const std::string_view key = "\"content\":\"";
  std::string out;
  for (size_t at; (at = rest.find(key)) != rest.npos;) {
    rest.remove_prefix(at + key.size());
    out += "<user>" + std::string(rest.substr(0, rest.find('"'))) + "<end>";
  }
  if (out.empty())
    return fail(SINTER_INVALID_ARGUMENT, "messages: expected a list");
  out += prompt ? "A" : "";
  std::memcpy(text, out.data(), std::min(out.size(), capacity));
  *bytes = out.size();
  return nullptr;
}

void sinter_session_options_initialize(sinter_session_options *options) {
  *options = {sizeof(*options), 0, 0, nullptr};
}
sinter_status *sinter_session_create(sinter_plan *plan,
                                     const sinter_session_options *options,
                                     sinter_session **out) {
  sinter_session_options defaults;
  sinter_session_options_initialize(&defaults);
  options = options ? options : &defaults;
  *out = new sinter_session;
  (*out)->context = options->context ? options->context : maxContext;
  (*out)->chunk = options->chunk ? std::min(options->chunk, maxRows) : maxRows;
  (*out)->threads = plan->threads;
  return nullptr;
}
void sinter_session_release(sinter_session *session) { delete session; }
sinter_status *sinter_session_fork(const sinter_session *session,
                                   sinter_session **out) {
  *out = new sinter_session;
  (*out)->context = session->context;
  (*out)->chunk = session->chunk;
  (*out)->history = session->history;
  (*out)->whole = session->whole;
  return nullptr;
}
uint32_t sinter_session_position(const sinter_session *session) {
  return static_cast<uint32_t>(session->history.size());
}
const int32_t *sinter_session_history(const sinter_session *session) {
  return session->history.data();
}
sinter_status *sinter_session_truncate(sinter_session *session,
                                       uint32_t position) {
  if (position > session->history.size())
    return fail(SINTER_INVALID_ARGUMENT, "truncate beyond the end");
  session->history.resize(position);
  return nullptr;
}
void sinter_session_cancel(sinter_session *session) {
  session->cancelled = true;
}

sinter_status *sinter_session_exits(sinter_session *, sinter_exits *out) {
  const size_t size = out->size;
  *out = {};
  out->size = size;
  return nullptr;
}

sinter_status *sinter_session_measure_exits(sinter_session *, const int32_t *,
                                            size_t, sinter_exit_callback,
                                            void *) {
  return fail(SINTER_UNSUPPORTED, "the plan has no exits");
}

sinter_status *sinter_session_ffns(const sinter_session *session,
                                   sinter_ffns *out) {
  *out = session->ffns;
  out->size = sizeof(*out);
  return nullptr;
}

sinter_status *sinter_session_switching(const sinter_session *,
                                        sinter_switching *out) {
  const size_t size = out->size;
  *out = {};
  out->size = size;
  return nullptr;
}

// A snapshot is the ids.
uint64_t sinter_session_snapshot_bytes(const sinter_session *session) {
  return session->history.size() * sizeof(int32_t);
}
sinter_status *sinter_session_snapshot(const sinter_session *session,
                                       void *snapshot, size_t bytes) {
  std::memcpy(snapshot, session->history.data(), bytes);
  return nullptr;
}
sinter_status *sinter_session_restore(sinter_session *session,
                                      const void *snapshot, size_t bytes) {
  if (bytes % sizeof(int32_t))
    return fail(SINTER_CORRUPT, "the snapshot is damaged");
  if (bytes / sizeof(int32_t) > session->context)
    return fail(SINTER_CONTEXT_FULL, "the snapshot is too long");
  session->history.resize(bytes / sizeof(int32_t));
  std::memcpy(session->history.data(), snapshot, bytes);
  return nullptr;
}

// A draft store is the number of answers with drafts.
uint64_t sinter_session_draft_store_bytes(sinter_session *) {
  return flag("FAKE_DRAFTS") ? sizeof(uint32_t) : 0;
}
sinter_status *sinter_session_save_draft_store(sinter_session *session,
                                               void *store, size_t) {
  if (!flag("FAKE_DRAFTS"))
    return fail(SINTER_INVALID_ARGUMENT, "the plan drafts nothing");
  std::memcpy(store, &session->learned, sizeof(session->learned));
  return nullptr;
}
sinter_status *sinter_session_load_draft_store(sinter_session *session,
                                               const void *store,
                                               size_t bytes) {
  if (bytes != sizeof(session->learned))
    return fail(SINTER_CORRUPT, "the draft store is damaged");
  std::memcpy(&session->learned, store, bytes);
  return nullptr;
}

// A model of four layers, which has no depth beside the whole.
sinter_status *sinter_session_set_depth(sinter_session *session,
                                        uint32_t percent) {
  if (percent % 100)
    return fail(SINTER_INVALID_ARGUMENT, "the plan has no depths");
  session->whole |= percent == 100;
  return nullptr;
}
sinter_status *sinter_session_skip_layers(sinter_session *, const uint32_t *,
                                          size_t count) {
  return count ? fail(SINTER_INVALID_ARGUMENT, "the plan has no depths")
               : nullptr;
}
sinter_status *sinter_session_depth(const sinter_session *session,
                                    sinter_depth *out) {
  const bool whole = session->whole;
  *out = {sizeof(*out), whole ? 100u : 50u, 4, whole ? 0u : 2u, 0};
  return nullptr;
}
sinter_status *sinter_session_depth_key(const sinter_session *, float *, size_t,
                                        size_t *) {
  return fail(SINTER_UNSUPPORTED, "the plan looks no depths up");
}

sinter_status *sinter_session_speculation(sinter_session *session,
                                          sinter_speculation *out) {
  *out = session->speculation;
  out->size = sizeof(*out);
  return nullptr;
}

const char *sinter_plan_drafter(const sinter_plan *, uint32_t index) {
  return index == 0 && flag("FAKE_DRAFTS") ? "copy" : nullptr;
}

// ---- profile: one dispatch a token, of a kernel with two stages. Of each 1000
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

uint64_t sinter_plan_barrier_time(const sinter_plan *plan, uint32_t rounds) {
  return plan->threads > 1 ? 50 * uint64_t(rounds) : 0;
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

sinter_status *sinter_plan_selftest(sinter_plan *,
                                    sinter_report_callback callback,
                                    void *data) {
  callback(data, 1, "tokenizer: 3 vectors");
  callback(data, !flag("FAKE_DAMAGED"), "logits: 2 positions");
  return flag("FAKE_DAMAGED") ? fail(SINTER_MISMATCH, "the self-test failed")
                              : nullptr;
}
