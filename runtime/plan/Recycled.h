// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_RECYCLED_H
#define SINTER_RUNTIME_PLAN_RECYCLED_H

#include <cstdint>

namespace sinter::runtime {

/// What the model ranks best after each id, `each` ids of it, the best first.
/// An entry has an id below how often in a row it has had its rank; 0: none is
/// known.
struct Recycled {
  uint32_t *entries = nullptr; // null: no drafter recycles
  uint32_t each = 1;
  /// Of an old plan: tokens that are drawn say it.
  bool observed = false;

  /// Bits of an id.
  static constexpr uint32_t kIdBits = 24;
  /// Times in a row that are counted.
  static constexpr uint32_t kMostTimes = 5;
  static uint32_t idOf(uint32_t entry) { return entry & ((1u << kIdBits) - 1); }
  static uint32_t timesOf(uint32_t entry) { return entry >> kIdBits; }
};

} // namespace sinter::runtime
#endif
