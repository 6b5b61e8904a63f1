// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/Depth.h"
#include "runtime/schema/plan_generated.h"

#include <cstring>

namespace sinter::runtime {

Depth Depth::of(const plan::Plan &plan, uint32_t number) {
  Depth depth;
  const plan::Depth &table = *plan.depths()->Get(number);
  depth.percent = table.percent();
  if (table.skips())
    for (uint32_t layer : *table.skips())
      depth.add(layer);
  return depth;
}

Depth Depth::shallowest(const plan::Plan &plan) {
  Depth all;
  if (plan.depths())
    for (const plan::Depth *table : *plan.depths())
      if (table->skips())
        for (uint32_t layer : *table->skips())
          all.add(layer);
  return all;
}

bool Depth::sameLayers(const Depth &other) const {
  return memcmp(bits, other.bits, sizeof(bits)) == 0;
}

} // namespace sinter::runtime
