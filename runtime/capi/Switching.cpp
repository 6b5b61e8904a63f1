// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about models that write in turns.
#include "runtime/capi/Objects.h"

using namespace sinter::runtime;

extern "C" {

sinter_status *sinter_session_switching(const sinter_session *session,
                                        sinter_switching *out) {
  if (!session || !out)
    return notNull(Allocator(), "sinter_session_switching").release();
  sinter_switching figures = session->models.figures();
  figures.size = sizeof(figures);
  return handFigures(session->plan->loaded, figures, out,
                     "sinter_session_switching");
}
}
