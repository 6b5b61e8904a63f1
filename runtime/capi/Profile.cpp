// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API that says where time goes.
#include "runtime/capi/Objects.h"

using namespace sinter::runtime;

extern "C" {

sinter_status *sinter_session_profile(sinter_session *session,
                                      sinter_profile_callback callback,
                                      void *user) {
  if (!session)
    return fail(Allocator(), SINTER_INVALID_ARGUMENT,
                "sinter_session_profile: a pointer is NULL")
        .release();
  session->profiler.reset();
  if (!callback)
    return nullptr;
  const LoadedPlan &loaded = session->plan->loaded;
  auto profiler =
      Owned<Profiler>::make(loaded.allocator(), loaded, callback, user);
  if (!profiler)
    return handOut(loaded.hostAllocator(), outOfMemory());
  Status status = profiler->open();
  if (status.ok())
    session->profiler = std::move(profiler);
  return handOut(loaded.hostAllocator(), std::move(status));
}
}
