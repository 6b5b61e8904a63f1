// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about feed-forward blocks that tokens leave out.
#include "sinter-c/ffns.h"
#include "runtime/capi/Objects.h"

using namespace sinter::runtime;
namespace plan = sinter::plan;

/// The words of `Ffns.buffer` are made by the plan's program, whoever runs it.
void sinter::runtime::keepFfns(sinter_session &session) {
  const plan::Plan &tables = session.plan->loaded.tables();
  if (!tables.ffns())
    return;
  uint32_t words[kFfnWords];
  memcpy(words, session.memory.buffer(tables.ffns()->buffer()), sizeof(words));
  session.ffns.rows = words[kFfnRows];
  session.ffns.skipped = words[kFfnSkipped];
  session.ffns.blocks = session.ffns.rows * tables.states()->Get(0)->layers();
}

static Status replay(sinter_session &session, std::span<const int32_t> ids,
                     float threshold, sinter_logits_callback callback,
                     void *user) {
  const LoadedPlan &plan = session.plan->loaded;
  if (!plan.tables().ffns())
    return fail(plan.allocator(), SINTER_UNSUPPORTED,
                "the plan leaves no feed-forward blocks out; compile it with "
                "--early-exit=ffn");
  SINTER_TRY(checkThreshold(plan, threshold));
  Status status = score(session, "replay", threshold, ids, callback, user);
  keepFfns(session);
  return status;
}

extern "C" {

sinter_status *sinter_session_ffns(const sinter_session *session,
                                   sinter_ffns *out) {
  if (!session || !out)
    return notNull(Allocator(), "sinter_session_ffns").release();
  sinter_ffns figures = session->ffns;
  figures.size = sizeof(figures);
  return handFigures(session->plan->loaded, figures, out,
                     "sinter_session_ffns");
}

sinter_status *sinter_session_replay(sinter_session *session,
                                     const int32_t *ids, size_t count,
                                     float threshold,
                                     sinter_logits_callback callback,
                                     void *user) {
  if (!session || (!ids && count))
    return notNull(Allocator(), "sinter_session_replay").release();
  return handOut(session->plan->loaded.hostAllocator(),
                 replay(*session, {ids, count}, threshold, callback, user));
}
}
