// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What work costs at least on a machine: the one place that says so, for
// predictions (llm-compile --report, llm-dump --roofline) and for what is
// printed beside measurements (llm-run --profile, llm-bench).
#ifndef SINTER_TOOLS_COMMON_ROOFLINE_H
#define SINTER_TOOLS_COMMON_ROOFLINE_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace sinter::tools {

/// Giga-units a second of all threads together: a unit in so many nanoseconds.
struct Roofs {
  double stream = 0;    // bytes read
  double dot = 0;       // 8-bit operations: a multiply and an add are two
  double fma = 0;       // f32 operations, counted alike
  double bf16 = 0;      // bf16 operations; 0: code has no dots and takes FMAs
  double barrierNs = 0; // of all threads; 0: one thread waits for nobody
};
/// Of two measurements.
Roofs mean(const Roofs &a, const Roofs &b);

/// Of a call, or of many.
struct OpCounts {
  uint64_t weightBytes = 0, stateBytes = 0, activationBytes = 0;
  uint64_t int8Ops = 0, f32Ops = 0, bf16Ops = 0; // multiply and add are two

  void add(const OpCounts &other);
  /// What comes from memory; activations lie in caches.
  uint64_t memoryBytes() const { return weightBytes + stateBytes; }
  uint64_t operations() const { return int8Ops + f32Ops + bf16Ops; }
};

enum class Roof { Stream, Dot, Fma, Bf16 };
constexpr size_t kRoofs = 4;
const char *nameOf(Roof roof);

/// Nanoseconds under each roof, and the time that the roofs leave: an op takes
/// as long as the lowest of them lets it, ops follow one another.
class Prediction {
public:
  Prediction() = default;
  /// Of one op.
  Prediction(const OpCounts &counts, const Roofs &roofs);
  void add(const Prediction &other);

  double ns() const;
  /// Under which most of that time is spent.
  Roof roof() const;
  /// What all operations take at their peaks, whatever bytes they wait for.
  double computeNs() const { return compute; }

private:
  std::array<double, kRoofs> bound{}; // time of the ops that a roof bounds
  double compute = 0;
};

} // namespace sinter::tools

#endif
