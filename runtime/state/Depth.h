// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_DEPTH_H
#define SINTER_RUNTIME_STATE_DEPTH_H

#include <cstdint>
#include <span>

namespace sinter::plan {
struct Plan;
}

namespace sinter::runtime {

/// The layers that a sequence leaves out.
struct Depth {
  static constexpr uint32_t kMostLayers = 512, kWordBits = 32;
  static constexpr uint32_t words(uint32_t layers) {
    return (layers + kWordBits - 1) / kWordBits;
  }

  /// Depth number `number` of a plan, which has it.
  static Depth of(const plan::Plan &plan, uint32_t number);
  /// All of the plan's depths together: the layers that can be left out.
  static Depth shallowest(const plan::Plan &plan);

  bool has(uint32_t layer) const {
    return bits[layer / kWordBits] >> layer % kWordBits & 1;
  }
  void add(uint32_t layer) {
    skipped += !has(layer);
    bits[layer / kWordBits] |= uint32_t(1) << layer % kWordBits;
  }
  bool sameLayers(const Depth &other) const;

  uint32_t bits[kMostLayers / kWordBits] = {};
  uint32_t skipped = 0;
  uint32_t percent = 100; // of the layers that stay; 0: none of the plan's
};

/// Where the depth stands in the buffer `choice` of plan::Retrieval.
constexpr uint32_t kChoiceOffset = 128;

/// i32 words of the buffer of plan::Ffns: how many there are, and which count
/// rows, and blocks that they left out.
constexpr uint32_t kFfnWords = 5, kFfnRows = 3, kFfnSkipped = 4;

} // namespace sinter::runtime
#endif
