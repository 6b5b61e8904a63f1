// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What llm-dump shows.

#ifndef SINTER_TOOLS_LLMDUMP_DUMP_H
#define SINTER_TOOLS_LLMDUMP_DUMP_H

#include "lib/Target/Plan/PlanFile.h"
#include "llvm/Support/raw_ostream.h"

namespace sinter::dump {

/// The case for which peak memory is computed.
struct Load {
  uint64_t sessions = 1;
  uint64_t context = 0; // 0: the plan's max_context
  uint64_t threads = 1;
};

void printSummary(const PlanFile &file, const Load &load,
                  llvm::raw_ostream &out);
void printWeights(const PlanFile &file, llvm::raw_ostream &out);
void printJson(const PlanFile &file, const Load &load, llvm::raw_ostream &out);

/// Peak heap bytes after the plan's formula.
uint64_t peakBytes(const plan::Plan &plan, const Load &load);

inline llvm::StringRef text(const flatbuffers::String *string) {
  return string ? llvm::StringRef(string->data(), string->size())
                : llvm::StringRef();
}
template <typename Tables> uint32_t count(const Tables *tables) {
  return tables ? tables->size() : 0;
}

} // namespace sinter::dump

#endif
