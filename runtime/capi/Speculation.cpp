// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API that says what became of drafts.
#include "runtime/capi/Objects.h"

using namespace sinter::runtime;

extern "C" {

sinter_status *sinter_session_speculation(sinter_session *session,
                                          sinter_speculation *out) {
  if (!session || !out)
    return notNull(session ? session->plan->loaded.hostAllocator()
                           : Allocator(),
                   "sinter_session_speculation")
        .release();
  const sinter_speculation &figures = session->speculation.figures();
  size_t known = out->size < sizeof(figures) ? out->size : sizeof(figures);
  if (known < sizeof(out->size))
    return fail(session->plan->loaded.hostAllocator(), SINTER_INVALID_ARGUMENT,
                "sinter_session_speculation: size is %zu, expected %zu",
                out->size, sizeof(figures))
        .release();
  memcpy(out, &figures, known);
  out->size = known;
  return nullptr;
}
}
