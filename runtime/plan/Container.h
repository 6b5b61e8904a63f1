// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_CONTAINER_H
#define SINTER_RUNTIME_PLAN_CONTAINER_H

#include "runtime/base/Status.h"
#include "runtime/schema/PlanFile.h"

#include <cstdint>
#include <span>

namespace sinter::plan {
struct Plan;
}

namespace sinter::runtime {

/// The version of this runtime that plans ask for with `min_runtime`.
/// 2: memory by workers, batches of rows. 3: drafters. 4: models that draft.
/// 5: drafters that have tables or learn. 6: depths of sequences, exits, heads,
/// recurrent states, rules beside exact, policies beside goodput, trees. 7:
/// views of states. 8: windows that give pages back. 9: models that take turns.
constexpr uint32_t kRuntimeLevel = 9;

/// Where a message is about: carried through everything that checks a file.
struct Origin {
  const Allocator &allocator;
  const char *path;
};

/// Checks the header and the digest of the tables, and that the tables are
/// FlatBuffers; what they say is checked by verifyTables.
Result<const plan::Plan *> openContainer(const Origin &origin,
                                         std::span<const uint8_t> file);

} // namespace sinter::runtime
#endif
