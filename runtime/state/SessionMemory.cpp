// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/SessionMemory.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

SessionMemory::~SessionMemory() {
  if (slot == PoolMemory::kNoSlot)
    return;
  truncate(0);
  home->giveBack(slot);
}

Status SessionMemory::create(uint32_t context) {
  SINTER_TRY(own.create({.sessions = 1, .context = context}));
  return takeSlot(context);
}

Status SessionMemory::create(PoolMemory &shared, uint32_t context) {
  home = &shared;
  return takeSlot(context);
}

Status SessionMemory::takeSlot(uint32_t context) {
  SINTER_NEED(caches.resize(plan.tables().states()->size()));
  slot = home->takeSlot();
  if (slot == PoolMemory::kNoSlot)
    return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                "the pool has room for %u sessions, all are there; release one",
                home->size().sessions);
  positions = context;
  for (uint32_t i = 0; i < caches.size(); ++i) {
    const plan::State &table = *plan.tables().states()->Get(i);
    if (table.kind() == plan::StateKind::View) {
      caches[i].follow(caches[table.of()]);
      continue;
    }
    caches[i].place(home->pages(i), home->pageTable(slot, i), context,
                    table.kind() == plan::StateKind::Recurrent);
    caches[i].keepWindow({table.window(), table.sinks(), table.slack()});
    caches[i].placePaths(home->pathTables(i), home->pathStride());
  }
  return Status();
}

uint8_t *SessionMemory::buffer(uint32_t index) const {
  return index == plan.tables().history_buffer()
             ? reinterpret_cast<uint8_t *>(history())
             : home->buffer(index);
}

Status SessionMemory::copyFrom(const SessionMemory &other) {
  for (uint32_t i = 0; i < caches.size(); ++i)
    if (!caches[i].copyFrom(other.caches[i]))
      return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                  "the pool is full: %u pages wanted, %u are free; truncate or "
                  "release sessions",
                  other.caches[i].pages(), home->pages(i).available());
  memcpy(history(), other.history(), position() * sizeof(int32_t));
  chosen = other.chosen;
  wish = other.wish;
  wished = other.wished;
  return Status();
}

uint32_t SessionMemory::depthWords() const {
  const plan::Plan &tables = plan.tables();
  return tables.depths() && tables.depths()->size()
             ? 1 + Depth::words(tables.states()->Get(0)->layers())
             : 0;
}

void SessionMemory::chooseDepth(uint32_t prefer) {
  if (position() == 0)
    chosen = wished ? wish : Depth::of(plan.tables(), prefer);
}

Status SessionMemory::reserve(uint32_t state, uint64_t count) {
  return roomFor(state, count, caches[state].reserve(count));
}

Status SessionMemory::reserveTree(uint32_t state, const DraftTree &tree) {
  return roomFor(state, tree.depth() + 1, caches[state].reserveTree(tree));
}

Status SessionMemory::roomFor(uint32_t state, uint64_t count,
                              KvCache::Room room) const {
  const KvCache &cache = caches[state];
  switch (room) {
  case KvCache::Room::Enough:
    break;
  case KvCache::Room::SessionFull:
    return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                "context full: %u positions in use, %llu more wanted, the "
                "session has room for %u",
                cache.length(), static_cast<unsigned long long>(count),
                cache.capacity());
  case KvCache::Room::PoolFull:
    return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                "the pool is full: %llu more positions wanted, %u of %u pages "
                "are free; truncate or release sessions",
                static_cast<unsigned long long>(count),
                home->pages(state).available(), home->pages(state).size());
  }
  return Status();
}

bool SessionMemory::truncate(uint32_t position) {
  if (!caches[0].truncate(position))
    return false;
  for (KvCache &cache : caches)
    // Those that lag behind keep what they have; what cannot be forgotten in
    // part is made anew.
    if (!cache.truncate(position) && cache.length() > position)
      (void)cache.truncate(0);
  return true;
}

void SessionMemory::settle() {
  dropReserved();
  (void)truncate(position());
}

void SessionMemory::dropReserved() {
  for (KvCache &cache : caches)
    cache.dropReserved();
}

} // namespace sinter::runtime
