// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Digest.h"
#include "runtime/base/Sha256.h"
#include "runtime/device/cpu/WorkerPool.h"
#include "runtime/schema/plan_generated.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>
#include <cstring>

namespace sinter::runtime {

using ull = unsigned long long;

uint64_t digestBytes(const void *bytes, size_t count) {
  return XXH3_64bits(bytes, count);
}

namespace {
uint64_t blocksOf(const plan::Section &section) {
  return (section.bytes() + SINTER_PLAN_DIGEST_BLOCK - 1) /
         SINTER_PLAN_DIGEST_BLOCK;
}

struct DigestTask {
  const uint8_t *bytes;
  const plan::Section &section;
  mutable std::atomic<uint64_t> next{0};
  /// The lowest damaged block, so that the message does not depend on timing.
  mutable std::atomic<uint64_t> damaged{UINT64_MAX};

  uint64_t digest(uint64_t block) const {
    uint64_t start = block * SINTER_PLAN_DIGEST_BLOCK;
    uint64_t left = section.bytes() - start;
    return digestBytes(bytes + start, left < SINTER_PLAN_DIGEST_BLOCK
                                          ? left
                                          : uint64_t(SINTER_PLAN_DIGEST_BLOCK));
  }
  void run() const {
    uint64_t blocks = blocksOf(section);
    for (uint64_t i; (i = next.fetch_add(1)) < blocks;) {
      if (digest(i) == section.digests()->Get(i))
        continue;
      uint64_t lowest = damaged.load();
      while (i < lowest && !damaged.compare_exchange_weak(lowest, i))
        ;
    }
  }
};
} // namespace

Status verifyDigests(const Origin &origin, std::span<const uint8_t> file,
                     const plan::Plan &plan, plan::SectionKind kind,
                     WorkerPool &pool) {
  for (const plan::Section *section : *plan.sections()) {
    if (section->kind() != kind)
      continue;
    DigestTask task{file.data() + section->offset(), *section};
    pool.run([](const void *task,
                uint32_t) { static_cast<const DigestTask *>(task)->run(); },
             &task);
    uint64_t block = task.damaged.load();
    const uint64_t at = section->offset() + block * SINTER_PLAN_DIGEST_BLOCK;
    if (block != UINT64_MAX)
      return fail(origin.allocator, SINTER_CORRUPT,
                  "%s: offset %llu: block %llu of section '%s' has digest "
                  "%016llx, expected %016llx; the file is damaged, copy or "
                  "compile it again",
                  origin.path, ull(at), ull(block), section->name()->c_str(),
                  ull(task.digest(block)), ull(section->digests()->Get(block)));
  }
  return Status();
}

namespace {
const char *provenance(const plan::Plan &plan, const char *key) {
  if (plan.provenance())
    for (const plan::Property *property : *plan.provenance())
      if (property->key() && property->value() &&
          !strcmp(property->key()->c_str(), key))
        return property->value()->c_str();
  return nullptr;
}
} // namespace

Status verifySha256(const Origin &origin, std::span<const uint8_t> file,
                    const plan::Plan &plan) {
  for (const plan::Section *section : *plan.sections()) {
    if (section->kind() != plan::SectionKind::Weights)
      continue;
    char key[128], actual[65];
    snprintf(key, sizeof(key), "sha256:%s", section->name()->c_str());
    const char *expected = provenance(plan, key);
    if (!expected)
      return fail(origin.allocator, SINTER_UNSUPPORTED,
                  "%s: the provenance holds no \"%s\"; verify with block "
                  "digests or compile the model again",
                  origin.path, key);
    sha256Hex(file.data() + section->offset(), section->bytes(), actual);
    if (strcmp(actual, expected) != 0)
      return fail(origin.allocator, SINTER_CORRUPT,
                  "%s: section '%s' has SHA-256 %s, expected %s; the file is "
                  "damaged, copy or compile it again",
                  origin.path, section->name()->c_str(), actual, expected);
  }
  return Status();
}

} // namespace sinter::runtime
