// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_SEALED_H
#define SINTER_RUNTIME_STATE_SEALED_H

#include "runtime/plan/LoadedPlan.h"

#include <cstring>
#include <span>

namespace sinter::runtime {

/// The start of bytes that a plan hands out to be kept, and takes back:
/// little-endian, and behind what they hold the XXH3-64 of all of it.
struct SealedHeader {
  char magic[8];
  uint32_t format;
  uint32_t parts;
  uint64_t bytes; // of the whole
  uint64_t plan;  // digest of the tables of the plan they belong to
};
static_assert(sizeof(SealedHeader) == 32);

/// A kind of such bytes.
struct Seal {
  const char *name;  // "snapshot"
  const char *magic; // 8 bytes
  uint32_t format;
};

SealedHeader sealedHeader(const LoadedPlan &plan, const Seal &seal,
                          uint32_t parts, uint64_t bytes);
/// Writes the digest of `begin` to `end` behind them.
void sealBytes(uint8_t *begin, uint8_t *end);
/// Whether the bytes are of this kind and plan, and as they were written. They
/// hold a header of `least` bytes, at least a SealedHeader, and a digest then.
Status checkSeal(const LoadedPlan &plan, const Seal &seal, uint64_t least,
                 std::span<const uint8_t> bytes);

/// A value at any address.
template <typename T> T readBytes(const uint8_t *from) {
  T value;
  memcpy(&value, from, sizeof(value));
  return value;
}
inline uint8_t *writeBytes(uint8_t *to, const void *bytes, size_t count) {
  if (count)
    memcpy(to, bytes, count);
  return to + count;
}

} // namespace sinter::runtime
#endif
