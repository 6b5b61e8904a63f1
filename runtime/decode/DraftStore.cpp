// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/DraftStore.h"
#include "runtime/decode/Speculation.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

using ull = unsigned long long;

static uint64_t fieldBytes(Speculation &speculation) {
  StoreFields fields = StoreFields::counting();
  speculation.keep(fields);
  return fields.bytes();
}

uint64_t DraftStore::recycledBytes() const {
  return recycled.entries ? uint64_t(plan.tables().vocabulary()) *
                                recycled.each * sizeof(uint32_t)
                          : 0;
}

uint64_t DraftStore::bytes() const {
  return sizeof(SealedHeader) + fieldBytes(speculation) + recycledBytes() +
         sizeof(uint64_t);
}

void DraftStore::save(uint8_t *out) const {
  SealedHeader header = sealedHeader(plan, kSeal, 0, bytes());
  uint8_t *at = writeBytes(out, &header, sizeof(header));
  StoreFields fields = StoreFields::writing(at);
  speculation.keep(fields);
  at = writeBytes(at + fields.bytes(), recycled.entries, recycledBytes());
  sealBytes(out, at);
}

Status DraftStore::load(std::span<const uint8_t> store) {
  SINTER_TRY(checkSeal(plan, kSeal, sizeof(SealedHeader), store));
  if (store.size() != bytes())
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a draft store of %zu bytes, those of this plan have %llu",
                store.size(), ull(bytes()));
  const uint8_t *at = store.data() + sizeof(SealedHeader);
  const uint8_t *entries = at + fieldBytes(speculation);
  SINTER_TRY(checkRecycled({entries, recycledBytes()}));
  Speculation loaded = speculation;
  StoreFields fields = StoreFields::reading(at);
  loaded.keep(fields);
  if (!fields.ok())
    return fail(plan.allocator(), SINTER_CORRUPT,
                "the number at byte %llu of the draft store is not possible",
                ull(sizeof(SealedHeader) + fields.badAt()));
  speculation = loaded;
  if (recycled.entries)
    memcpy(recycled.entries, entries, recycledBytes());
  return Status();
}

Status DraftStore::checkRecycled(std::span<const uint8_t> entries) const {
  for (uint64_t i = 0; i < entries.size(); i += sizeof(uint32_t)) {
    auto entry = readBytes<uint32_t>(entries.data() + i);
    if (Recycled::idOf(entry) >= plan.tables().vocabulary() ||
        Recycled::timesOf(entry) > Recycled::kMostTimes)
      return fail(plan.allocator(), SINTER_CORRUPT,
                  "entry %llu of what the draft store recycles has id %u, "
                  "%u times: no token, or more often than is counted",
                  ull(i / sizeof(uint32_t)), Recycled::idOf(entry),
                  Recycled::timesOf(entry));
  }
  return Status();
}

} // namespace sinter::runtime
