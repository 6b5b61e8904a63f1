// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_DRAFTSTORE_H
#define SINTER_RUNTIME_DECODE_DRAFTSTORE_H

#include "runtime/decode/StoreFields.h"
#include "runtime/plan/Recycled.h"
#include "runtime/state/Sealed.h"

namespace sinter::runtime {

class Speculation;

/// What drafting has learned, as bytes: a SealedHeader, the numbers of
/// Speculation::keep, and the entries of what is recycled. Times are none of
/// them: they are those of a machine. What is loaded changes how fast tokens
/// come, and where drafts are verified exactly never which.
class DraftStore {
public:
  static constexpr Seal kSeal = {"draft store", "SINTDRFT", 1};

  /// `recycled`: of the session's memory.
  DraftStore(const LoadedPlan &plan, Speculation &speculation,
             const Recycled &recycled)
      : plan(plan), speculation(speculation), recycled(recycled) {}

  uint64_t bytes() const;
  /// Writes bytes() to `out`.
  void save(uint8_t *out) const;
  /// Everything is checked before anything is changed.
  Status load(std::span<const uint8_t> store);

private:
  uint64_t recycledBytes() const;
  Status checkRecycled(std::span<const uint8_t> entries) const;

  const LoadedPlan &plan;
  Speculation &speculation;
  Recycled recycled;
};

} // namespace sinter::runtime
#endif
