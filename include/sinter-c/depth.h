/*===- sinter-c/depth.h - layers that a sequence leaves out ---------------===*\
|*
|* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The rules of sinter-c/runtime.h hold here, too.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SINTER_C_DEPTH_H
#define SINTER_C_DEPTH_H

#include "sinter-c/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sequences of the session have `percent` percent of the layers, which must be
 * one of the plan's depths (100: all of them, always possible); 0: the plan
 * chooses, as at first. The session must be empty: a sequence keeps its depth
 * until it is truncated to nothing. */
SINTER_API sinter_status *sinter_session_set_depth(sinter_session *session,
                                                   uint32_t percent);
/* Sequences of the session leave out these layers, each of which one of the
 * plan's depths leaves out. The session must be empty. */
SINTER_API sinter_status *sinter_session_skip_layers(sinter_session *session,
                                                     const uint32_t *layers,
                                                     size_t count);

/* What the sequence of a session computes. */
typedef struct sinter_depth {
  size_t size;
  uint32_t percent; /* the plan's depth; 0: layers chosen one by one */
  uint32_t layers;  /* of the model */
  uint32_t skipped; /* of these, how many the sequence leaves out */
  /* Of plans that look depths up: the cosine of the text and the nearest one of
   * their store; 0: nothing was looked up. */
  float nearest;
} sinter_depth;

/* `out->size` is set by the caller. */
SINTER_API sinter_status *sinter_session_depth(const sinter_session *session,
                                               sinter_depth *out);

/* The key of the text whose depth was looked up last in the session's pool:
 * what the model's embedding makes of its ids, added up. `count`: how many
 * numbers it has, of which at most `capacity` are written. */
SINTER_API sinter_status *
sinter_session_depth_key(const sinter_session *session, float *key,
                         size_t capacity, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
