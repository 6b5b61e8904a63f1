/*===- sinter-c/profile.h - where the time of a session goes --------------===*\
|*
|* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The rules of sinter-c/runtime.h hold here, too.  What the ops of a kernel
move
|* and compute is in the property "ops" of the plan (docs/profiling.md).
|*
\*===----------------------------------------------------------------------===*/
#ifndef SINTER_C_PROFILE_H
#define SINTER_C_PROFILE_H

#include "sinter-c/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A worker's work in one stage of a kernel, from begin_ns to arrive_ns, then
 * its wait for the others until leave_ns. Stages lie between barriers and are
 * numbered as in the property "ops"; of a plan without it they are counted. */
typedef struct sinter_span {
  uint32_t worker;
  uint32_t stage;
  uint64_t begin_ns, arrive_ns, leave_ns;
} sinter_span;

/* One dispatch: all workers run a kernel together. The spans of a worker follow
 * one another without gaps up to end_ns; before its first one the worker was
 * not yet awake. Times are of CLOCK_MONOTONIC. */
typedef struct sinter_dispatch {
  size_t size;
  const char *kernel; /* its name, as long as the plan */
  int32_t layer;      /* of the state it works on; -1: of none */
  uint32_t workers;
  uint64_t begin_ns, end_ns;
  const int64_t *scalars; /* what the kernel was handed */
  size_t scalar_count;
  const sinter_span *spans; /* worker by worker */
  size_t span_count;
  /* Of a step of a pool: positions that the sequences of the batch have with
   * its rows, and pairs of a row and a position that it sees. 0 in a session,
   * where rows and position among the scalars say it. */
  uint64_t positions, pairs;
} sinter_dispatch;

/* Called on the thread that runs the session, between dispatches; what it is
 * given lives until it returns. */
typedef void (*sinter_profile_callback)(void *user,
                                        const sinter_dispatch *dispatch);

/* From the next call on, dispatches of the session are timed and handed to the
 * callback; NULL: no more, which costs nothing. Takes 32 KiB a worker, which
 * sinter_plan_memory does not count. */
SINTER_API sinter_status *
sinter_session_profile(sinter_session *session,
                       sinter_profile_callback callback, void *user);
/* The same for the steps of a pool. */
SINTER_API sinter_status *sinter_pool_profile(sinter_pool *pool,
                                              sinter_profile_callback callback,
                                              void *user);

/* Nanoseconds that `rounds` barriers of the plan's workers take one after
 * another, as kernels have them: all arrive, nobody computes. 0 with one
 * worker, and while one goes on alone because others use its processor. */
SINTER_API uint64_t sinter_plan_barrier_time(const sinter_plan *plan,
                                             uint32_t rounds);

#ifdef __cplusplus
}
#endif
#endif
