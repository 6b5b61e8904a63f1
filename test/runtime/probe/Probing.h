// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the probes of texts share: prompts from a file, and the bytes of keys
// and values that a session holds.

#ifndef SINTER_TEST_RUNTIME_PROBE_PROBING_H
#define SINTER_TEST_RUNTIME_PROBE_PROBING_H

#include "runtime/capi/Objects.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace sinter::probe {

using Ids = std::vector<int32_t>;

/// Ends the program where a call failed.
inline void need(sinter_status *status) {
  if (!status)
    return;
  std::fprintf(stderr, "probe: %s\n", sinter_status_message(status));
  std::exit(1);
}

/// Lines of numbers with commas between.
inline std::vector<Ids> readPrompts(const char *path) {
  std::vector<Ids> prompts;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    prompts.emplace_back();
    std::istringstream ids(line);
    for (std::string id; std::getline(ids, id, ',');)
      prompts.back().push_back(std::atoi(id.c_str()));
  }
  return prompts;
}

/// Whether two sessions of a plan have the same bytes in the whole pages of the
/// first state. Of a ring the one that was cut back has fewer.
inline bool samePages(const sinter_plan &plan, const sinter_session &one,
                      const sinter_session &other) {
  const plan::State &table = *plan.loaded.tables().states()->Get(0);
  const runtime::KvCache &a = one.memory.state(0), &b = other.memory.state(0);
  const runtime::PagePool &of = one.memory.pool().pages(0),
                          &in = other.memory.pool().pages(0);
  if (a.length() != b.length())
    return false;
  for (uint32_t page = 0; page < a.length() / of.pageTokens(); ++page)
    for (uint32_t layer = 0; layer < table.layers(); ++layer)
      for (uint32_t plane = 0; plane < 2; ++plane) {
        const uint64_t size = table.page_bytes()->Get(plane);
        const uint8_t *first =
            of.plane(layer, plane) + size * uint64_t(a.pageTable()[page]);
        const uint8_t *second =
            in.plane(layer, plane) + size * uint64_t(b.pageTable()[page]);
        if (a.has(page) && b.has(page) && memcmp(first, second, size) != 0)
          return false;
      }
  return true;
}

} // namespace sinter::probe

#endif
