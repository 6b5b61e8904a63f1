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
  return handFigures(session->plan->loaded, session->speculation.figures(), out,
                     "sinter_session_speculation");
}

const char *sinter_plan_drafter(const sinter_plan *plan, uint32_t index) {
  const auto *drafters = plan ? plan->loaded.tables().drafters() : nullptr;
  return drafters && index < drafters->size()
             ? drafters->Get(index)->name()->c_str()
             : nullptr;
}
}
