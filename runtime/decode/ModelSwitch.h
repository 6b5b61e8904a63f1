// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_MODELSWITCH_H
#define SINTER_RUNTIME_DECODE_MODELSWITCH_H

#include "sinter-c/switching.h"

#include <cstdint>

namespace sinter::plan {
struct ModelSwitch;
}

namespace sinter::runtime {

/// Which of two models writes (entropy adaptive decoding, Simonds, 2025), for
/// one session, and the figures of its last call.
class ModelSwitch {
public:
  static constexpr uint32_t kMostTokens = 64; // of a window

  /// The figures of a new call begin, and its text with the small model, or
  /// with the large one, that writes all of it. `bits`: the threshold; 0: as
  /// the plan says.
  void begin(float bits = 0, bool largeAlone = false);
  /// As Host::chooseModel: 0 or 1.
  int64_t choose(const plan::ModelSwitch &rule, float entropy, int64_t behind);
  /// A token was drawn.
  void drawn();
  const sinter_switching &figures() const { return counts; }

private:
  float mean(uint32_t window) const;

  float threshold = 0;
  bool large = false;
  uint32_t run = 0;  // tokens since the last switch
  bool held = false; // there was one
  float bits[kMostTokens];
  uint64_t seen = 0;      // rows of the model that writes
  uint64_t takesOver = 0; // when it began to; 0: it has
  sinter_switching counts = {};
};

} // namespace sinter::runtime
#endif
