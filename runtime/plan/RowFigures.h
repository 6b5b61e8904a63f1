// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_ROWFIGURES_H
#define SINTER_RUNTIME_PLAN_ROWFIGURES_H

namespace sinter::runtime {

/// How sure a row of logits is: its entropy in nats, and its two largest
/// probabilities.
struct RowFigures {
  float entropy, first, second;
};

} // namespace sinter::runtime
#endif
