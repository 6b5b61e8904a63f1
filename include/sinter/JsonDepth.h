//===- JsonDepth.h - how deep lists and objects lie in each other
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_JSONDEPTH_H
#define SINTER_JSONDEPTH_H

#include <string_view>

namespace sinter {

/// As deep as what a user gives may be: readers of JSON call themselves for
/// each level, and the stack ends.
inline constexpr unsigned kMostJsonLevels = 100;

/// Whether lists and objects of a text, JSON or not, lie deeper in each other.
inline bool nestsDeeper(std::string_view json,
                        unsigned levels = kMostJsonLevels) {
  unsigned depth = 0;
  bool inString = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (c == '"')
      inString = !inString;
    else if (inString)
      i += c == '\\';
    else if ((c == '[' || c == '{') && ++depth > levels)
      return true;
    else if ((c == ']' || c == '}') && depth > 0)
      --depth;
  }
  return false;
}

} // namespace sinter

#endif // SINTER_JSONDEPTH_H
