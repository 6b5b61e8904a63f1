//===- TemplateFilters.h - The filters, by name -----------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_RUNTIME_TEXT_TEMPLATEFILTERS_H
#define SINTER_RUNTIME_TEXT_TEMPLATEFILTERS_H

#include "runtime/text/TemplateEvaluator.h"

namespace sinter::text::filters {

using Filter = Value (*)(Evaluator &, const Value &, const Arguments &);

struct Entry {
  std::string_view name;
  Filter apply;
};

/// The filter of this name in one of the groups below; null: another group's.
Filter findText(std::string_view name);
Filter findNumber(std::string_view name);
Filter findList(std::string_view name);

template <size_t N>
Filter find(const Entry (&table)[N], std::string_view name) {
  for (const Entry &entry : table)
    if (entry.name == name)
      return entry.apply;
  return nullptr;
}

/// A filter without parameters fails where it is given some.
inline bool plain(Evaluator &e, std::string_view name,
                  const Arguments &arguments) {
  return e.bind(name, arguments, {}, nullptr);
}

} // namespace sinter::text::filters

#endif // SINTER_RUNTIME_TEXT_TEMPLATEFILTERS_H
