// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The prompts of a workload file.
#ifndef SINTER_TOOLS_LLMBENCH_CONVERSATION_H
#define SINTER_TOOLS_LLMBENCH_CONVERSATION_H

#include "sinter-c/runtime.hpp"

#include <string>
#include <vector>

namespace sinter::tools {

/// A line of a workload file.
struct Conversation {
  std::string name;
  std::string messages; ///< a JSON list; or
  std::string text;     ///< to go on with
};

/// Reads JSON Lines: {"name": ..., "messages": [{"role": ..., "content": ...},
/// ...]} or {"name": ..., "text": ...}. A message of the assistant may be
/// without content: the model writes it. Throws Failure that names the line.
std::vector<Conversation> readWorkload(const std::string &path);

/// The ids of the prompt; what the assistant said before and the file leaves to
/// the model is generated, greedily, without drafts and with all layers, up to
/// `tokens` each.
std::vector<int32_t> idsOf(const Plan &plan, const Conversation &conversation,
                           uint32_t tokens);

/// Whether a text repeats fewer than 32 ids over and over: three times in a
/// row, and over at least 32 ids.
bool loops(const std::vector<int32_t> &ids);

} // namespace sinter::tools

#endif
