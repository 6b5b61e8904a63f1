// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state of a session of the double, and what plans without exits, depths
// and switches say of them.
#include "test/tools/FakeRuntime.h"

#include "sinter-c/depth.h"
#include "sinter-c/exits.h"
#include "sinter-c/snapshot.h"
#include "sinter-c/switching.h"

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
