/*===- sinter-c/exits.h - tokens that left the layers early ---------------===*\
|*
|* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The rules of sinter-c/runtime.h hold here, too.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SINTER_C_EXITS_H
#define SINTER_C_EXITS_H

#include "sinter-c/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Exits of a plan, at most. */
#define SINTER_EXITS 8

/* What says that a token can leave: how sure the head is (largest probability,
 * that less the second largest, 1 - entropy / ln(tokens of the head)), how
 * little the hidden row changed in a layer, chance, or a trained function of
 * the row. */
typedef enum sinter_probe {
  SINTER_PROBE_MAX_PROB = 0,
  SINTER_PROBE_MARGIN = 1,
  SINTER_PROBE_ENTROPY = 2,
  SINTER_PROBE_SIMILARITY = 3,
  SINTER_PROBE_CHANCE = 4,
  SINTER_PROBE_LINEAR = 5
} sinter_probe;

/* The exits of a session's plan, and figures of the last
 * sinter_session_generate; they are 0 where exits were not used. Mean layers of
 * a token: layers / rows. */
typedef struct sinter_exits {
  size_t size;
  uint32_t exits;      /* of the plan; 0: there are none */
  uint32_t all_layers; /* of the model */
  uint64_t rows;       /* tokens that were taken through layers */
  uint64_t layers;     /* that they went through before the next token was
                        * drawn; those above are computed later, several rows
                        * at a time */
  uint64_t owed;       /* rows that left, and waited for the layers above */
  uint64_t held;       /* with exact exits: tokens that were held back */
  uint64_t agreed;     /* and of them, those that all layers said, too */
  /* Each exit: what it asks, layers before it, rows that came there, rows that
   * left, and rows that would have left if fewer had been waiting. */
  sinter_probe probe[SINTER_EXITS];
  uint32_t after[SINTER_EXITS];
  uint64_t asked[SINTER_EXITS];
  uint64_t left[SINTER_EXITS];
  uint64_t kept[SINTER_EXITS];
  /* Of its head, the tokens that each one asks about; 0: all. */
  uint32_t tokens[SINTER_EXITS];
} sinter_exits;

/* `out->size` is set by the caller. */
SINTER_API sinter_status *sinter_session_exits(sinter_session *session,
                                               sinter_exits *out);

/* What an exit says about a position: its score (0 to 1; more than the
 * threshold leaves), and the logits it would draw from. `exit` counts from 0;
 * the last one is the end of all layers, whose score is 1. Not 0 ends it. */
typedef int (*sinter_exit_callback)(void *user, uint32_t position,
                                    uint32_t exit, float score,
                                    const float *logits);

/* Appends `ids` to the session, position by position, and asks every exit about
 * each of them, whatever its threshold. */
SINTER_API sinter_status *
sinter_session_measure_exits(sinter_session *session, const int32_t *ids,
                             size_t count, sinter_exit_callback callback,
                             void *user);

#ifdef __cplusplus
}
#endif
#endif
