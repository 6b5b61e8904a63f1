// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TOOLS_LLM_BENCH_REWIND_H
#define SINTER_TOOLS_LLM_BENCH_REWIND_H

#include "sinter-c/runtime.hpp"

#include <vector>

namespace sinter::tools {

/// Forgets positions from `position` on. What a ring gave back of those before
/// is computed again. Throws what fails.
inline void rewind(Session &session, uint32_t position) {
  Result<void> cut = session.truncate(position);
  if (cut || cut.error().code() != SINTER_UNSUPPORTED)
    return std::move(cut).orThrow();
  const std::span<const int32_t> history = session.history();
  const std::vector<int32_t> ids(history.begin(), history.begin() + position);
  session.truncate(0).orThrow();
  session.score(ids, [](uint32_t, uint32_t, std::span<const float>) {})
      .orThrow();
}

} // namespace sinter::tools
#endif
