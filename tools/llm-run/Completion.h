// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One generation and its figures, for raw prompts and for chat turns.
#ifndef SINTER_TOOLS_LLMRUN_COMPLETION_H
#define SINTER_TOOLS_LLMRUN_COMPLETION_H

#include "tools/common/Profile.h"
#include "tools/llm-run/Actions.h"

namespace sinter::tools {

struct Completion {
  std::string text;
  std::vector<int32_t> ids;
  Statistics statistics{};
  Speculation speculation{};
  Depth depth{};
  Exits exits{};
  Switching switching{};
  Ffns ffns{};
  bool interrupted = false;
};

/// A session with room for `prompt` ids and what -n asks for.
Session makeSession(const Job &job, size_t prompt);

/// Generates from `ids`; streams the text to standard output unless --json.
/// `profile`, which the session feeds, learns of the tokens.
Completion complete(const Job &job, Session &session,
                    std::span<const int32_t> ids, Profile *profile = nullptr);

/// After the text: the JSON object or the line of statistics, as asked for.
void report(const Job &job, const Completion &completion);

} // namespace sinter::tools

#endif
