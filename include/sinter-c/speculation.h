/*===- sinter-c/speculation.h - what became of drafts ---------------------===*\
|*
|* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The rules of sinter-c/runtime.h hold here, too.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SINTER_C_SPECULATION_H
#define SINTER_C_SPECULATION_H

#include "sinter-c/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of a round, at most: the last token and what is drafted behind it. */
#define SINTER_SPECULATION_ROWS 16
/* Drafters that are counted apart; those behind the last one with it. */
#define SINTER_SPECULATION_DRAFTERS 8

/* Figures of the last sinter_session_generate; all 0 where nothing drafts.
 * Block efficiency, tokens a round: (rounds + accepted) / rounds. */
typedef struct sinter_speculation {
  size_t size;
  uint64_t rounds;    /* forwards that decoded, with and without a draft */
  uint64_t drafted;   /* ids that drafters proposed and a forward verified */
  uint64_t accepted;  /* of these, how many became tokens */
  uint64_t draft_ns;  /* looking for drafts */
  uint64_t verify_ns; /* forwards of the rounds, with their first draw */
  /* Acceptance by position: of the drafts with a path of more than i ids, how
   * many there were, and of how many i + 1 ids became tokens. */
  uint64_t drafted_at[SINTER_SPECULATION_ROWS];
  uint64_t accepted_at[SINTER_SPECULATION_ROWS];
  /* The ids by who proposed them, in the order of the plan's drafters; where
   * there are more of those, the last counter is that of all others. */
  uint64_t drafted_by[SINTER_SPECULATION_DRAFTERS];
  uint64_t accepted_by[SINTER_SPECULATION_DRAFTERS];
  /* Rounds of 1, 2, ... rows: what they cost. */
  uint64_t rounds_of[SINTER_SPECULATION_ROWS];
} sinter_speculation;

/* `out->size` is set by the caller. */
SINTER_API sinter_status *sinter_session_speculation(sinter_session *session,
                                                     sinter_speculation *out);

/* A draft store holds what drafting has learned in a session: how often drafts
 * of each kind were right, which drafter pays, and, where a drafter recycles
 * (in a pool: for all of its sessions), what the model ranked best after each
 * id. It belongs to the plan that it was taken with. A session of that plan, in
 * any process and on any machine, that loads it drafts from the first token on
 * as well as the one that learned it; its tokens are those that they would have
 * been, but for plans whose drafts are not verified exactly. */

/* Bytes of a draft store, always as many for a plan; 0: it drafts nothing. */
SINTER_API uint64_t sinter_session_draft_store_bytes(sinter_session *session);
/* `bytes`: as many as sinter_session_draft_store_bytes says.
 * SINTER_INVALID_ARGUMENT: it drafts nothing. */
SINTER_API sinter_status *
sinter_session_save_draft_store(sinter_session *session, void *store,
                                size_t bytes);
/* Puts what a store holds in place of what the session has learned. When it
 * fails nothing has changed: SINTER_CORRUPT, damaged or no store;
 * SINTER_VERSION, of another format; SINTER_INVALID_ARGUMENT, of another plan,
 * or the plan drafts nothing. */
SINTER_API sinter_status *
sinter_session_load_draft_store(sinter_session *session, const void *store,
                                size_t bytes);

/* The name of drafter `index` of a plan; null: there are fewer. It lives as
 * long as the plan. */
SINTER_API const char *sinter_plan_drafter(const sinter_plan *plan,
                                           uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
