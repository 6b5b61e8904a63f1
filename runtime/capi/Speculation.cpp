// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API that says what became of drafts, and keeps what they
// have taught.
#include "runtime/capi/Objects.h"
#include "runtime/decode/DraftStore.h"

using namespace sinter::runtime;

static bool drafts(const sinter_session &session) {
  const auto *drafters = session.plan->loaded.tables().drafters();
  return drafters && drafters->size() > 0;
}

static DraftStore storeOf(sinter_session &session) {
  return {session.plan->loaded, session.speculation,
          session.memory.pool().recycled()};
}

static Status checkStore(const sinter_session *session, const void *store,
                         const char *function) {
  const Allocator host =
      session ? session->plan->loaded.hostAllocator() : Allocator();
  if (!session || !store)
    return notNull(host, function);
  if (!drafts(*session))
    return fail(host, SINTER_INVALID_ARGUMENT,
                "%s: the plan drafts nothing, so that there is nothing to "
                "learn; compile the model with --speculate",
                function);
  return Status();
}

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

uint64_t sinter_session_draft_store_bytes(sinter_session *session) {
  return session && drafts(*session) ? storeOf(*session).bytes() : 0;
}

sinter_status *sinter_session_save_draft_store(sinter_session *session,
                                               void *store, size_t bytes) {
  constexpr char kName[] = "sinter_session_save_draft_store";
  if (Status status = checkStore(session, store, kName); !status.ok())
    return status.release();
  uint64_t wanted = storeOf(*session).bytes();
  if (bytes != wanted)
    return fail(session->plan->loaded.hostAllocator(), SINTER_INVALID_ARGUMENT,
                "%s: %zu bytes, expected %llu", kName, bytes,
                static_cast<unsigned long long>(wanted))
        .release();
  storeOf(*session).save(static_cast<uint8_t *>(store));
  return nullptr;
}

sinter_status *sinter_session_load_draft_store(sinter_session *session,
                                               const void *store,
                                               size_t bytes) {
  constexpr char kName[] = "sinter_session_load_draft_store";
  if (Status status = checkStore(session, store, kName); !status.ok())
    return status.release();
  return handOut(
      session->plan->loaded.hostAllocator(),
      storeOf(*session).load({static_cast<const uint8_t *>(store), bytes}));
}

const char *sinter_plan_drafter(const sinter_plan *plan, uint32_t index) {
  const auto *drafters = plan ? plan->loaded.tables().drafters() : nullptr;
  return drafters && index < drafters->size()
             ? drafters->Get(index)->name()->c_str()
             : nullptr;
}
}
