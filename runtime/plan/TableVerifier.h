// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables of a plan, one kind after the other: see Verify.h.
#ifndef SINTER_RUNTIME_PLAN_TABLEVERIFIER_H
#define SINTER_RUNTIME_PLAN_TABLEVERIFIER_H

#include "runtime/plan/Verify.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

class TableVerifier {
public:
  TableVerifier(const Origin &origin, const plan::Plan &plan,
                std::span<const uint8_t> file)
      : origin(origin), plan(plan), file(file) {}

  Status run();

private:
  using ull = unsigned long long;
  template <typename T>
  using Tables = flatbuffers::Vector<flatbuffers::Offset<T>>;

  Status sections();
  Status weights();
  Status kernels();
  Status code();
  Status codeObject(uint32_t index, const plan::CodeObject &object);
  Status entries(uint32_t index, const plan::CodeObject &object);
  Status buffers();
  Status states();
  Status numbers();
  Status properties();
  Status golden();

  // VerifyDrafting.cpp: what decodes more or less than a token a forward.
  Status drafters();
  Status costs();
  Status depths();
  Status retrieval();
  Status exits();
  Status ffns();
  Status modelSwitch();
  Status policy(uint32_t index, const plan::Drafter &drafter);
  Status recycleBuffer(uint32_t index, const plan::Drafter &drafter);
  Status bigrams();
  Status rowsOf(const char *what, uint32_t index, uint32_t rows, uint64_t cols);

  Status bad(const char *format, ...) __attribute__((format(printf, 2, 3)));
  template <typename T>
  Status some(const Tables<T> *tables, const char *what, uint32_t most) {
    if (!tables || tables->size() == 0)
      return bad("no %s, expected at least one", what);
    if (tables->size() > most)
      return bad("%u %s, expected at most %u", tables->size(), what, most);
    return Status();
  }
  const plan::Section *section(uint32_t index, plan::SectionKind kind) {
    if (index >= plan.sections()->size())
      return nullptr;
    const plan::Section *found = plan.sections()->Get(index);
    return found->kind() == kind ? found : nullptr;
  }

  const Origin &origin;
  const plan::Plan &plan;
  std::span<const uint8_t> file;
};

} // namespace sinter::runtime
#endif
