// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/Sealed.h"
#include "runtime/plan/Digest.h"
#include "runtime/schema/PlanFile.h"

namespace sinter::runtime {

namespace {
using ull = unsigned long long;

/// The tables hold the digests of all that is outside of them.
uint64_t identityOf(const LoadedPlan &plan) {
  return readBytes<sinter_plan_header>(plan.file().data()).meta_digest;
}

Status checkDigest(const LoadedPlan &plan, const Seal &seal,
                   std::span<const uint8_t> bytes) {
  size_t end = bytes.size() - sizeof(uint64_t);
  auto written = readBytes<uint64_t>(bytes.data() + end);
  uint64_t found = digestBytes(bytes.data(), end);
  if (found == written)
    return Status();
  return fail(plan.allocator(), SINTER_CORRUPT,
              "the %s is damaged: its digest is %016llx, expected %016llx",
              seal.name, ull(found), ull(written));
}
} // namespace

SealedHeader sealedHeader(const LoadedPlan &plan, const Seal &seal,
                          uint32_t parts, uint64_t bytes) {
  SealedHeader header = {};
  memcpy(header.magic, seal.magic, sizeof(header.magic));
  header.format = seal.format;
  header.parts = parts;
  header.bytes = bytes;
  header.plan = identityOf(plan);
  return header;
}

void sealBytes(uint8_t *begin, uint8_t *end) {
  uint64_t digest = digestBytes(begin, size_t(end - begin));
  writeBytes(end, &digest, sizeof(digest));
}

Status checkSeal(const LoadedPlan &plan, const Seal &seal, uint64_t least,
                 std::span<const uint8_t> bytes) {
  least += sizeof(uint64_t);
  if (bytes.size() < least)
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a %s of %zu bytes, expected at least %llu; it is truncated, "
                "or none",
                seal.name, bytes.size(), ull(least));
  auto header = readBytes<SealedHeader>(bytes.data());
  if (memcmp(header.magic, seal.magic, sizeof(header.magic)) != 0)
    return fail(plan.allocator(), SINTER_CORRUPT,
                "no %s of a session (expected the bytes \"%s\")", seal.name,
                seal.magic);
  if (header.format != seal.format)
    return fail(plan.allocator(), SINTER_VERSION,
                "a %s of format %u, this runtime reads format %u; take it "
                "again",
                seal.name, header.format, seal.format);
  if (header.bytes != bytes.size())
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a %s of %zu bytes, expected %llu; it is %s", seal.name,
                bytes.size(), ull(header.bytes),
                bytes.size() < header.bytes ? "truncated" : "too long");
  SINTER_TRY(checkDigest(plan, seal, bytes));
  if (header.plan != identityOf(plan))
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "the %s belongs to another plan: the digest of its tables is "
                "%016llx, of this one %016llx",
                seal.name, ull(header.plan), ull(identityOf(plan)));
  return Status();
}

} // namespace sinter::runtime
