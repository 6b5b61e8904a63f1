//===- TemplateMethods.h - Methods of values, by name -----------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_RUNTIME_TEXT_TEMPLATEMETHODS_H
#define SINTER_RUNTIME_TEXT_TEMPLATEMETHODS_H

#include "runtime/text/TemplateEvaluator.h"

namespace sinter::text::methods {

using Method = Value (*)(Evaluator &, const Value &self, std::string_view name,
                         const Arguments &);
struct Entry {
  std::string_view name;
  Method call;
};

template <size_t N>
const Entry *search(const Entry (&table)[N], std::string_view name) {
  for (const Entry &entry : table)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

/// Those of str; null: it has no such method.
const Entry *findText(std::string_view name);

inline Value number(size_t value) {
  return Value::of(static_cast<int64_t>(value));
}
inline Value list(Sequence *items) { return Value::of(ValueKind::List, items); }

} // namespace sinter::text::methods

#endif // SINTER_RUNTIME_TEXT_TEMPLATEMETHODS_H
