// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_MODELSTATE_H
#define SINTER_RUNTIME_STATE_MODELSTATE_H

#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

/// Whether models of the plan follow a text, instead of one that leads.
inline bool followsText(const plan::Plan &tables) {
  return tables.states()->Get(0)->kind() == plan::StateKind::Text;
}

/// The state of the model: the first one that is more than a text.
inline const plan::State &modelState(const plan::Plan &tables) {
  bool behind = followsText(tables) && tables.states()->size() > 1;
  return *tables.states()->Get(behind ? 1 : 0);
}

} // namespace sinter::runtime
#endif
