/*===- sinter-c/switching.h - two models that write in turns --------------===*\
|*
|* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The rules of sinter-c/runtime.h hold here, too.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SINTER_C_SWITCHING_H
#define SINTER_C_SWITCHING_H

#include "sinter-c/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Figures of the last sinter_session_generate of a plan with --spec-policy=
 * switch; all 0 where one model writes. Share of the large model:
 * large_tokens / (small_tokens + large_tokens). */
typedef struct sinter_switching {
  size_t size;
  uint64_t small_tokens; /* that each of the two drew; the id that ends a
                          * text is one of them */
  uint64_t large_tokens;
  uint64_t switches;        /* from one model to the other */
  uint64_t catch_up_tokens; /* positions that a model had to read when it took
                             * over, the last token among them */
  uint64_t catch_up_ns;     /* and how long it took to its first token */
} sinter_switching;

/* `out->size` is set by the caller. */
SINTER_API sinter_status *
sinter_session_switching(const sinter_session *session, sinter_switching *out);

#ifdef __cplusplus
}
#endif
#endif
