/*===- sinter-c/snapshot.h - sessions as bytes ----------------------------===*\
|*
|* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The rules of sinter-c/runtime.h hold here, too.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SINTER_C_SNAPSHOT_H
#define SINTER_C_SNAPSHOT_H

#include "sinter-c/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A snapshot holds the ids of a session and what every state of the plan has of
 * them, and belongs to the plan that it was taken with: any session of that
 * plan, in any process, on any CPU and with any number of threads, goes on from
 * it with the same bits. Keys and values are whole pages: behind the last
 * position they hold what lay in the session's memory, or in that of its pool.
 */

/* Bytes of a snapshot taken now. */
SINTER_API uint64_t
sinter_session_snapshot_bytes(const sinter_session *session);
/* `bytes`: as many as sinter_session_snapshot_bytes says. */
SINTER_API sinter_status *sinter_session_snapshot(const sinter_session *session,
                                                  void *snapshot, size_t bytes);
/* Puts what the snapshot holds in place of what the session holds. When it
 * fails the session is as it was: SINTER_CORRUPT, damaged or no snapshot;
 * SINTER_VERSION, of another format; SINTER_INVALID_ARGUMENT, of another plan;
 * SINTER_CONTEXT_FULL, longer than the session, or than the pool has pages. */
SINTER_API sinter_status *sinter_session_restore(sinter_session *session,
                                                 const void *snapshot,
                                                 size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
