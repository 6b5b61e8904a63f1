// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON Lines that a user wrote.
#ifndef SINTER_TOOLS_COMMON_JSON_H
#define SINTER_TOOLS_COMMON_JSON_H

#include "tools/common/Failure.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace sinter::tools {

/// Line `number` of the file `path`; discarded when it is no JSON. Throws
/// Failure at more levels than the runtime reads: the library copies and
/// writes values by recursion.
template <typename Json>
Json parseLine(std::string_view line, const std::string &path, size_t number) {
  const auto shallow = [&](int depth, typename Json::parse_event_t, Json &) {
    if (depth > 100)
      throw Failure(path + ":" + std::to_string(number) +
                    ": more than 100 levels");
    return true;
  };
  return Json::parse(line, shallow, /*allow_exceptions=*/false);
}

} // namespace sinter::tools

#endif
