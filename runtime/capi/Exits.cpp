// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about tokens that leave the layers early.
#include "runtime/capi/Objects.h"
#include "runtime/decode/ExitMeasuring.h"

using namespace sinter::runtime;

static Status measure(sinter_session &session, std::span<const int32_t> ids,
                      sinter_exit_callback callback, void *user) {
  const LoadedPlan &plan = session.plan->loaded;
  for (size_t i = 0; i < ids.size(); ++i)
    SINTER_TRY(checkId(plan, ids[i], i));
  uint32_t position = session.memory.position();
  if (ids.size() > session.memory.context() - position)
    return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                "%zu ids after %u positions, the session has room for %u; "
                "ask for a larger context or truncate",
                ids.size(), position, session.memory.context());
  if (!plan.tables().exits())
    return fail(plan.allocator(), SINTER_UNSUPPORTED,
                "the plan has no exits; compile it with --early-exit");
  SINTER_ASSIGN(uint32_t function, findFunction(plan, "measure_exits"));
  ExitMeasuring host(plan, ids, position, callback, user);
  return execute(plan, session.memory, function, {}, host, session.cancel,
                 session.profiler.get());
}

extern "C" {

sinter_status *sinter_session_exits(sinter_session *session,
                                    sinter_exits *out) {
  if (!session || !out)
    return notNull(session ? session->plan->loaded.hostAllocator()
                           : Allocator(),
                   "sinter_session_exits")
        .release();
  const LoadedPlan &plan = session->plan->loaded;
  return handFigures(plan, session->exits.figures(plan.tables()), out,
                     "sinter_session_exits");
}

sinter_status *sinter_session_measure_exits(sinter_session *session,
                                            const int32_t *ids, size_t count,
                                            sinter_exit_callback callback,
                                            void *user) {
  if (!session || (!ids && count))
    return notNull(Allocator(), "sinter_session_measure_exits").release();
  return handOut(session->plan->loaded.hostAllocator(),
                 measure(*session, {ids, count}, callback, user));
}
}
