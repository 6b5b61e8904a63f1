/*===- sinter-c/ffns.h - feed-forward blocks that tokens left out ---------===*\
|*
|* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The rules of sinter-c/runtime.h hold here, too.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SINTER_C_FFNS_H
#define SINTER_C_FFNS_H

#include "sinter-c/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Blocks of the last sinter_session_generate or sinter_session_replay; all 0
 * where the plan leaves none out. */
typedef struct sinter_ffns {
  size_t size;
  uint64_t rows;    /* tokens that were computed one by one */
  uint64_t blocks;  /* of these rows, left out or not */
  uint64_t skipped; /* that were left out */
} sinter_ffns;

/* `out->size` is set by the caller. */
SINTER_API sinter_status *sinter_session_ffns(const sinter_session *session,
                                              sinter_ffns *out);

/* As sinter_session_score, but ids are computed one by one, as tokens that are
 * decoded: they leave blocks out. `threshold`: as exit_threshold of
 * sinter_generation. */
SINTER_API sinter_status *sinter_session_replay(sinter_session *session,
                                                const int32_t *ids,
                                                size_t count, float threshold,
                                                sinter_logits_callback callback,
                                                void *user);

#ifdef __cplusplus
}
#endif
#endif
